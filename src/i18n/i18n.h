// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Words in every language of the box: catalogues compiled in from po/*.po, language negotiation, dates.
// Thread rule: any thread; everything is constant after the build.
// No text of a catalogue holds '<', '>', '&' or '"' (the build refuses them), so a text is safe inside HTML
// as soon as its arguments are escaped.
#pragma once

#include "counterfoil/base/result.h"
#include "i18n/time_zone.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace counterfoil::i18n {

/// A language that the box speaks. The default value is English, the source language.
class Language {
 public:
  constexpr Language() = default;

  /// By code ("en", "es"), case ignored; "qps" is the pseudo-locale made from English (accents, 30 % longer).
  /// Fails with NotFound.
  static Result<Language> find(std::string_view code);
  /// Every real language, English first; the pseudo-locale is not among them.
  static std::span<const Language> all();
  static constexpr Language english() { return Language(); }
  static constexpr Language pseudo() { return Language(kPseudo); }

  /// BCP 47, for the lang attribute.
  [[nodiscard]] std::string_view code() const;
  /// "ltr" or "rtl", for the dir attribute.
  [[nodiscard]] std::string_view direction() const;
  /// Its own name for itself, for the language switch: "Español".
  [[nodiscard]] std::string name() const;

  bool operator==(const Language&) const = default;

 private:
  friend class Catalogue;  // private to i18n.cpp
  static constexpr std::uint8_t kPseudo = 0xff;
  explicit constexpr Language(std::uint8_t index) : index_(index) {}
  std::uint8_t index_ = 0;  // column of the catalogue
};

/// Values for the {name} placeholders of a text.
using Arg = std::pair<std::string_view, std::string_view>;
using Args = std::initializer_list<Arg>;

/// The text `id` with its placeholders filled. An unknown id, or a placeholder without an argument, is a
/// mistake in the program: a build with assertions stops there, a release build logs the id and shows id or
/// placeholder. Arguments that the text does not use are ignored; an argument is never looked at for
/// placeholders again.
std::string tr(Language language, std::string_view id, Args args = {});
std::string tr(Language language, std::string_view id, std::span<const Arg> args);
/// The text `id`.one or `id`.other, as the language counts; {n} is the number.
std::string tr_count(Language language, std::string_view id, std::uint64_t n, Args args = {});
/// True when a text of that id exists (ids made from data, such as a region code).
bool has(std::string_view id);
/// Every id, sorted; for tests and tools.
std::span<const std::string_view> ids();

/// The offered language that an Accept-Language field asks for (RFC 9110 section 12.5.4 quality values, RFC
/// 4647 section 3.4 lookup), or `fallback` when there is none, or the field is longer than
/// limits::kAcceptLanguageBytesMax. Ranges beyond limits::kAcceptLanguageRangesMax and malformed ones are
/// skipped.
Language negotiate(std::string_view accept_language, std::span<const Language> offered, Language fallback);

/// "22 November 2026" / "22 de noviembre de 2026".
std::string format_date(Language language, const LocalTime& t);
/// "09:41" / "9:41".
std::string format_time(Language language, const LocalTime& t);
/// "22 November 2026, 09:41" / "22 de noviembre de 2026, 9:41".
std::string format_date_time(Language language, const LocalTime& t);
/// "Sunday" / "domingo"; ISO 8601 Monday 1 to Sunday 7.
std::string weekday_name(Language language, unsigned weekday);
/// "Monday to Friday" / "de lunes a viernes"; ISO 8601 days in any order, runs of three or more as a range.
std::string format_weekdays(Language language, std::span<const unsigned> weekdays);
/// "9:00 to 20:00" / "de 9:00 a 20:00"; minutes since midnight.
std::string format_hours(Language language, unsigned from_minute, unsigned to_minute);
/// "WhatsApp and SMS" / "a, b y c"; nothing for an empty list.
std::string join_and(Language language, std::span<const std::string> items);
/// "a or b" / "a, b o c".
std::string join_or(Language language, std::span<const std::string> items);
/// The country's name where the catalogue has one, else its ISO code.
std::string country_name(Language language, std::string_view region);

}  // namespace counterfoil::i18n
