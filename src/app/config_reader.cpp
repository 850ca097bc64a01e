// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/config_reader.h"

#include <array>
#include <cstdio>

namespace counterfoil::app {

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
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%04u-%02u-%02u", unsigned{value->year}, unsigned{value->month},
                unsigned{value->day});
  to = out.data();
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
