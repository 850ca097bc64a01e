// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What every page shares: the business, its languages, its colour, and the small words (dates, topics, ways
// to stop) in the reader's language. Thread rule: constant after make_look().
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/consent/business.h"
#include "i18n/i18n.h"
#include "net/request.h"
#include "pages/template.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::pages {

struct Look {
  const consent::Business* business = nullptr;
  std::vector<i18n::Language> languages;  // the business's, first is the default
  i18n::TimeZone zone;
  std::string customer_url;
  bool demo = false;
  std::string style;       // the style sheet with the shop's colour
  std::string style_path;  // carries a hash of the content, so that it may be cached for long
};
/// business must outlive the look. Fails with NotFound for an unknown time zone.
Result<Look> make_look(const consent::Business& business, std::string customer_url, bool demo);

/// One page for one reader.
struct View {
  const Look* look = nullptr;
  i18n::Language language;
  std::string path;    // of the page this one is shown under; the language switch returns there
  std::string home{};  // "/o/tablet" on a shared tablet, where stop, privacy and the way back stay below it

  [[nodiscard]] std::string tr(std::string_view id, i18n::Args args = {}) const {
    return i18n::tr(language, id, args);
  }
  [[nodiscard]] Html phrase(std::string_view id, i18n::Args args = {}) const {
    return pages::phrase(language, id, args);
  }
  [[nodiscard]] bool kiosk() const { return !home.empty(); }
  [[nodiscard]] const consent::Business& business() const { return *look->business; }
};

/// Language: asked for by ?lang= or the form's own field, then `known` (of a submission), then
/// Accept-Language.
View customer_view(const Look& look, const net::Request& request, std::string_view asked = {},
                   std::string_view known = {});
/// Staff read any language the box speaks: ?lang=, then Accept-Language, then the shop's first.
View staff_view(const Look& look, const net::Request& request);

std::string date_words(const View& view, Instant t);
std::string time_words(const View& view, Instant t);
/// "24 months", "7 days" of a retention class, or its own words where it ends by a condition.
std::string period_words(const View& view, const consent::RetentionClass& kept);
std::string topic_words(const View& view, const consent::TopicId& id);
std::string channel_words(const View& view, consent::Channel channel);
std::string place_words(const View& view, const consent::ShopId& shop);
/// “Offers of the week” and “Important notices”, each once, in the order given.
std::string topic_list(const View& view, std::span<const consent::TopicId> topics);
std::string channel_list(const View& view, std::span<const consent::Channel> channels);

/// A way to stop that works from home: words, and where it can be a link, an address that does it.
struct HomeStop {
  std::string words;
  std::string href;  // "https://wa.me/…", "sms:…", "tel:…", "https://…"
};
std::vector<HomeStop> home_stops(const View& view);
/// All of them in one phrase: "STOP on WhatsApp or a call to …".
std::string home_stop_words(const View& view);

/// <option> values for the countries the catalogue names, in the order of their names; one is selected.
Html country_options(const View& view, std::string_view selected);

/// Keeps the first of equal items.
template <class T>
std::vector<T> each_once(const std::vector<T>& items) {
  std::vector<T> out;
  for (const T& item : items) {
    bool seen = false;
    for (const T& other : out) seen = seen || other == item;
    if (!seen) out.push_back(item);
  }
  return out;
}

}  // namespace counterfoil::pages
