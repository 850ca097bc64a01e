// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "i18n/i18n.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace counterfoil::i18n {
namespace {

/// One element of Accept-Language: "es-419;q=0.8".
struct LanguageRange {
  std::string_view tag;
  int weight_thousandths = 1000;
};

std::string_view trim_blanks(std::string_view s) {
  const std::size_t first = s.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

/// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
std::optional<int> parse_weight(std::string_view s) {
  if (s.empty() || s.size() > 5 || (s[0] != '0' && s[0] != '1') || (s.size() > 1 && s[1] != '.'))
    return std::nullopt;
  int weight = (s[0] - '0') * 1000;
  int unit = 100;
  for (const char c : s.substr(std::min<std::size_t>(2, s.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  if (weight > 1000) return std::nullopt;
  return weight;
}

/// language-range = (1*8ALPHA *("-" 1*8alphanum)) / "*"
bool is_language_range(std::string_view tag) {
  if (tag == "*") return true;
  std::size_t subtag_size = 0;
  bool is_first = true;
  for (const char c : tag) {
    const bool is_alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '-') {
      if (subtag_size == 0) return false;
      subtag_size = 0;
      is_first = false;
    } else if (!(is_alpha || (!is_first && c >= '0' && c <= '9')) || ++subtag_size > 8) {
      return false;
    }
  }
  return subtag_size > 0;
}

std::optional<LanguageRange> parse_range(std::string_view element) {
  LanguageRange range;
  const std::size_t semicolon = element.find(';');
  range.tag = trim_blanks(element.substr(0, semicolon));
  if (!is_language_range(range.tag)) return std::nullopt;
  if (semicolon == std::string_view::npos) return range;
  const std::string_view parameter = trim_blanks(element.substr(semicolon + 1));
  if (parameter.size() < 2 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=')
    return std::nullopt;
  const auto weight = parse_weight(parameter.substr(2));
  if (!weight) return std::nullopt;
  range.weight_thousandths = *weight;
  return range;
}

std::vector<LanguageRange> parse_ranges(std::string_view field) {
  std::vector<LanguageRange> out;
  for (std::size_t count = 0; !field.empty() && count < limits::kAcceptLanguageRangesMax; ++count) {
    const std::size_t comma = field.find(',');
    if (const auto range = parse_range(field.substr(0, comma))) out.push_back(*range);
    field.remove_prefix(comma == std::string_view::npos ? field.size() : comma + 1);
  }
  std::stable_sort(out.begin(), out.end(), [](const LanguageRange& a, const LanguageRange& b) {
    return a.weight_thousandths > b.weight_thousandths;
  });
  return out;
}

/// RFC 4647 section 3.4: drop subtags from the end until an offered language is met.
std::optional<Language> look_up(std::string_view tag, std::span<const Language> offered) {
  while (!tag.empty()) {
    if (const auto language = Language::find(tag))
      if (std::find(offered.begin(), offered.end(), *language) != offered.end()) return *language;
    const std::size_t dash = tag.rfind('-');
    tag = dash == std::string_view::npos ? std::string_view() : tag.substr(0, dash);
    if (tag.size() > 1 && tag[tag.size() - 2] == '-')
      tag.remove_suffix(2);  // a singleton goes with its extension
  }
  return std::nullopt;
}

}  // namespace

Language negotiate(std::string_view accept_language, std::span<const Language> offered, Language fallback) {
  if (accept_language.size() > limits::kAcceptLanguageBytesMax) return fallback;
  const auto ranges = parse_ranges(accept_language);
  const auto is_refused = [&](Language language) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const LanguageRange& r) {
      return r.weight_thousandths == 0 && look_up(r.tag, offered) == language;
    });
  };
  for (const LanguageRange& range : ranges) {
    if (range.weight_thousandths == 0) break;
    if (range.tag == "*") {
      if (!is_refused(fallback)) return fallback;
      for (const Language language : offered)
        if (!is_refused(language)) return language;
    } else if (const auto language = look_up(range.tag, offered)) {
      return *language;
    }
  }
  return fallback;
}

}  // namespace counterfoil::i18n
