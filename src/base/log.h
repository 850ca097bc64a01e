// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Log lines for operators: "event key=value ...". Never personal data, tokens, numbers or key bytes: a value
// is a count, a code, a duration, a handle of an operator-named thing. spdlog is behind this wall and seen by
// log.cpp only. Thread rule: any thread. Before log::start() lines go to standard error at level info.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace counterfoil::log {

enum class Level { Debug, Info, Warning, Error };

struct Field {
  std::string key;
  std::string value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  Field(std::string_view k, Integer v) : key(k), value(std::to_string(v)) {}
};

/// Sets the least level written. Under systemd lines carry the "<N>" priority prefix that journald reads.
void start(Level least);
/// name: a stable event name such as "ledger.open"; fields: see the rule above.
void event(Level level, std::string_view name, std::initializer_list<Field> fields = {});

inline void info(std::string_view name, std::initializer_list<Field> f = {}) {
  event(Level::Info, name, f);
}
inline void warning(std::string_view name, std::initializer_list<Field> f = {}) {
  event(Level::Warning, name, f);
}
inline void error(std::string_view name, std::initializer_list<Field> f = {}) {
  event(Level::Error, name, f);
}

}  // namespace counterfoil::log
