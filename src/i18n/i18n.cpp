// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/i18n.h"

#include "base/log.h"
#include "i18n/catalogue.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <vector>

namespace counterfoil::i18n {
namespace {

constexpr std::string_view kPseudoCode = "qps";

char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_code(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_ascii(x) == lower_ascii(y); });
}

std::optional<std::size_t> index_of(std::string_view id) {
  const auto all = catalogue_ids();
  const auto at = std::lower_bound(all.begin(), all.end(), id);
  if (at == all.end() || *at != id) return std::nullopt;
  return static_cast<std::size_t>(at - all.begin());
}

/// A word that the program asks for wrongly: found at once where assertions are on, survived where people
/// wait.
void report_mistake(std::string_view what, std::string_view id) {
  log::error("i18n.mistake", {{"what", what}, {"id", id}});
#ifndef NDEBUG
  std::abort();
#endif
}

std::string fill(std::string_view id, std::string_view text, std::span<const Arg> args) {
  std::string out;
  out.reserve(text.size() + 32);
  while (true) {
    const std::size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = text.find('}', open);  // po_compile lets no open brace through
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto arg = std::find_if(args.begin(), args.end(), [name](const Arg& a) { return a.first == name; });
    if (arg == args.end()) {
      report_mistake("placeholder without argument", id);
      out += text.substr(open, close - open + 1);
    } else {
      out += arg->second;
    }
    text.remove_prefix(close + 1);
  }
}

}  // namespace

/// The one way from a Language to its column.
class Catalogue {
 public:
  static const CatalogueColumn& column(Language l) {
    const auto all = catalogue_columns();
    return all[l.index_ < all.size() ? l.index_ : 0];
  }
  static Language at(std::size_t index) { return Language(static_cast<std::uint8_t>(index)); }
};

Result<Language> Language::find(std::string_view code) {
  if (same_code(code, kPseudoCode)) return pseudo();
  const auto columns = catalogue_columns();
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (same_code(columns[i].code, code)) return Catalogue::at(i);
  return fail(Code::NotFound, "this language is not built in");
}

std::span<const Language> Language::all() {
  static const std::vector<Language> languages = [] {
    std::vector<Language> out;
    for (std::size_t i = 0; i < catalogue_columns().size(); ++i) out.push_back(Catalogue::at(i));
    return out;
  }();
  return languages;
}

std::string_view Language::code() const {
  return *this == pseudo() ? kPseudoCode : Catalogue::column(*this).code;
}

std::string_view Language::direction() const {
  return Catalogue::column(*this).right_to_left ? "rtl" : "ltr";
}

std::string Language::name() const {
  return tr(*this, "language.name");
}

std::string tr(Language language, std::string_view id, std::span<const Arg> args) {
  const auto index = index_of(id);
  if (!index) {
    report_mistake("unknown id", id);
    return std::string(id);
  }
  const std::string_view text = Catalogue::column(language).texts[*index];
  if (language == Language::pseudo()) return fill(id, pseudo_text(id, text), args);
  return fill(id, text, args);
}

std::string tr(Language language, std::string_view id, Args args) {
  return tr(language, id, std::span<const Arg>(args.begin(), args.size()));
}

std::string tr_count(Language language, std::string_view id, std::uint64_t n, Args args) {
  // English and Spanish both count one and other; the form's id is data, so a language may add forms later.
  const std::string form = std::string(id) + (n == 1 ? ".one" : ".other");
  const std::string digits = std::to_string(n);
  std::vector<Arg> all(args);
  all.emplace_back("n", digits);
  return tr(language, form, std::span<const Arg>(all));
}

bool has(std::string_view id) {
  return index_of(id).has_value();
}

std::span<const std::string_view> ids() {
  return catalogue_ids();
}

std::string country_name(Language language, std::string_view region) {
  const std::string id = "country." + std::string(region);
  return has(id) ? tr(language, id) : std::string(region);
}

}  // namespace counterfoil::i18n
