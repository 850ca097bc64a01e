// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Reads a TOML table key by key, remembers which keys were asked for and collects every mistake with its
// line. Thread rule: one thread.
#pragma once

#include "counterfoil/consent/business.h"

#include <toml++/toml.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::app {

class ConfigReader {
 public:
  /// errors outlives the reader; where is "[business]" or "[[topic]]", for the messages.
  ConfigReader(const toml::table& table, std::string where, std::vector<std::string>& errors)
      : table_(table), where_(std::move(where)), errors_(errors) {}

  // Each leaves the target alone when the key is absent, and records a mistake when its value does not fit.
  void text(std::string_view key, std::string& to);
  void texts(std::string_view key, std::vector<std::string>& to);
  void number(std::string_view key, int& to, int least, int most);
  void flag(std::string_view key, bool& to);
  /// { es = "…", en = "…" }, or one text for every language (kept under "").
  void local_text(std::string_view key, consent::LocalText& to);
  /// A TOML date, kept as "2026-01-12".
  void date(std::string_view key, std::string& to);
  void dates(std::string_view key, std::vector<std::string>& to);
  /// "09:00-20:00" in minutes of the day.
  void hours(std::string_view key, int& from_minute, int& to_minute);
  /// "mon-fri" or "mon,wed,sat" as bits from Monday.
  void weekdays(std::string_view key, unsigned& to);
  void child(std::string_view key, const std::function<void(ConfigReader&)>& read);
  /// [[key]]: the reader of each.
  void each(std::string_view key, const std::function<void(ConfigReader&)>& read);

  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
  [[nodiscard]] std::vector<std::string> keys() const;

  /// Records "is missing" when the text is empty.
  void need(std::string_view key, const std::string& value);
  void mistake(std::string_view key, std::string_view what);
  /// Records every key that nobody asked for.
  void finish();

 private:
  const toml::node* node(std::string_view key);
  const toml::table& table_;
  std::string where_;
  std::vector<std::string>& errors_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace counterfoil::app
