// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/config_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace counterfoil::app {
namespace {

std::string text_of(const toml::date& date) {
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%04u-%02u-%02u", unsigned{date.year}, unsigned{date.month},
                unsigned{date.day});
  return out.data();
}

}  // namespace

const toml::node* ConfigReader::node(std::string_view key) {
  asked_.emplace(key);
  return table_.get(key);
}

void ConfigReader::mistake(std::string_view key, std::string_view what) {
  const toml::node* at = table_.get(key);
  const auto line = at == nullptr ? table_.source().begin.line : at->source().begin.line;
  errors_.push_back("line " + std::to_string(line) + ": " + where_ + " " + std::string(key) + ": " +
                    std::string(what));
}

void ConfigReader::need(std::string_view key, const std::string& value) {
  if (value.empty()) mistake(key, "is missing");
}

void ConfigReader::text(std::string_view key, std::string& to) {
  const auto* n = node(key);
  if (n == nullptr) return;
  const auto value = n->value_exact<std::string>();
  if (!value) return mistake(key, "must be a text in quotes");
  to = *value;
}

void ConfigReader::texts(std::string_view key, std::vector<std::string>& to) {
  const auto* n = node(key);
  if (n == nullptr) return;
  const auto* list = n->as_array();
  if (list == nullptr) return mistake(key, "must be a list of texts");
  to.clear();
  for (const auto& item : *list) {
    const auto value = item.value_exact<std::string>();
    if (!value) return mistake(key, "must be a list of texts");
    to.push_back(*value);
  }
}

void ConfigReader::number(std::string_view key, int& to, int least, int most) {
  const auto* n = node(key);
  if (n == nullptr) return;
  const auto value = n->value_exact<std::int64_t>();
  if (!value || *value < least || *value > most)
    return mistake(key,
                   "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  to = static_cast<int>(*value);
}

void ConfigReader::flag(std::string_view key, bool& to) {
  const auto* n = node(key);
  if (n == nullptr) return;
  const auto value = n->value_exact<bool>();
  if (!value) return mistake(key, "must be true or false");
  to = *value;
}

void ConfigReader::local_text(std::string_view key, consent::LocalText& to) {
  const auto* n = node(key);
  if (n == nullptr) return;
  if (const auto one = n->value_exact<std::string>()) {
    to = {{"", *one}};
    return;
  }
  const auto* table = n->as_table();
  if (table == nullptr) return mistake(key, "must be a text, or { es = \"…\", en = \"…\" }");
  for (const auto& [language, value] : *table) {
    const auto text = value.value_exact<std::string>();
    if (!text) return mistake(key, "must be a text for each language");
    to.insert_or_assign(std::string(language.str()), *text);
  }
}

void ConfigReader::date(std::string_view key, std::string& to) {
  const auto* n = node(key);
  if (n == nullptr) return;
  const auto value = n->value_exact<toml::date>();
  if (!value) return mistake(key, "must be a date such as 2026-01-12");
  to = text_of(*value);
}

void ConfigReader::dates(std::string_view key, std::vector<std::string>& to) {
  const auto* n = node(key);
  const auto* list = n == nullptr ? nullptr : n->as_array();
  if (list == nullptr) return mistake(key, "must be a list of dates such as [2026-12-08]");
  for (const auto& item : *list) {
    const auto value = item.value_exact<toml::date>();
    if (!value) return mistake(key, "must be a list of dates such as [2026-12-08]");
    to.push_back(text_of(*value));
  }
}

void ConfigReader::hours(std::string_view key, int& from_minute, int& to_minute) {
  std::string written;
  text(key, written);
  if (written.empty()) return;
  std::array<int, 4> n{};
  const bool shape = written.size() == 11 && written[2] == ':' && written[5] == '-' && written[8] == ':';
  for (std::size_t i = 0; shape && i < 4; ++i) {
    const char* at = written.data() + i * 3;
    if (std::from_chars(at, at + 2, n.at(i)).ptr != at + 2) n[0] = 99;
  }
  const int from = n[0] * 60 + n[1];
  const int till = n[2] * 60 + n[3];
  if (!shape || n[1] > 59 || n[3] > 59 || from >= till || till > 1440)
    return mistake(key, "must be hours such as \"09:00-20:00\"");
  from_minute = from;
  to_minute = till;
}

void ConfigReader::weekdays(std::string_view key, unsigned& to) {
  constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  std::string written;
  text(key, written);
  if (written.empty()) return;
  const auto day_at = [&](std::size_t at) {
    return static_cast<std::size_t>(std::find(kDays.begin(), kDays.end(), written.substr(at, 3)) -
                                    kDays.begin());
  };
  unsigned bits = 0;
  for (std::size_t at = 0; at < written.size();) {
    const std::size_t first = day_at(at);
    std::size_t last = first;
    at += 3;
    if (at < written.size() && written[at] == '-') {
      last = day_at(at + 1);
      at += 4;
    }
    if (first > 6 || last > 6 || last < first || (at < written.size() && written[at] != ','))
      return mistake(key, "must be days such as \"mon-fri\" or \"mon,wed,sat\"");
    for (std::size_t d = first; d <= last; ++d) bits |= 1U << d;
    ++at;
  }
  to = bits;
}

std::vector<std::string> ConfigReader::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : table_) out.emplace_back(key.str());
  return out;
}

void ConfigReader::child(std::string_view key, const std::function<void(ConfigReader&)>& read) {
  const auto* n = node(key);
  if (n == nullptr) return;
  const auto* table = n->as_table();
  if (table == nullptr) return mistake(key, "must be a table");
  ConfigReader inner(*table, where_.empty() ? "[" + std::string(key) + "]" : where_ + "." + std::string(key),
                     errors_);
  read(inner);
  inner.finish();
}

void ConfigReader::each(std::string_view key, const std::function<void(ConfigReader&)>& read) {
  const auto* n = node(key);
  if (n == nullptr) return;
  const auto* list = n->as_array();
  if (list == nullptr) return mistake(key, "must be written as [[" + std::string(key) + "]]");
  for (const auto& item : *list) {
    const auto* table = item.as_table();
    if (table == nullptr) return mistake(key, "must be written as [[" + std::string(key) + "]]");
    ConfigReader inner(*table, "[[" + std::string(key) + "]]", errors_);
    read(inner);
    inner.finish();
  }
}

void ConfigReader::finish() {
  for (const auto& [key, value] : table_)
    if (!asked_.contains(key.str())) mistake(key.str(), "unknown key");
}

}  // namespace counterfoil::app
