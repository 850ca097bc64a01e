// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The one JSON of everything that is hashed or signed: RFC 8785 restricted to integers.
// Keys are sorted and unique, no spaces, every byte outside printable ASCII escaped as \uXXXX, integers
// within +-(2^53 - 1). The reader accepts exactly what the writer writes and nothing else, so parsing never
// has to decide what bytes "mean"; bytes are hashed as received. Thread rule: value types.
#pragma once

#include "counterfoil/base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace counterfoil::json {

class Value;
using Array = std::vector<Value>;
using Object = std::map<std::string, Value, std::less<>>;

class Value {
 public:
  Value() = default;  // null
  Value(std::nullptr_t) {}
  Value(bool b) : v_(b) {}
  Value(std::int64_t i) : v_(i) {}
  Value(int i) : v_(std::int64_t{i}) {}
  Value(std::uint64_t i) : v_(static_cast<std::int64_t>(i)) {}
  Value(std::string s) : v_(std::move(s)) {}
  Value(std::string_view s) : v_(std::string(s)) {}
  Value(const char* s) : v_(std::string(s)) {}
  Value(Array a) : v_(std::move(a)) {}
  Value(Object o) : v_(std::move(o)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(v_); }
  // Each returns nullptr when the value is of another type.
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&v_); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&v_); }
  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&v_); }
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&v_); }
  [[nodiscard]] const Object* object() const { return std::get_if<Object>(&v_); }

  /// Member of an object, or nullptr.
  [[nodiscard]] const Value* find(std::string_view key) const;
  // Typed members. Fail with BadInput naming the key when absent or of another type.
  [[nodiscard]] Result<std::string> string_at(std::string_view key) const;
  [[nodiscard]] Result<std::int64_t> integer_at(std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::string>> strings_at(std::string_view key) const;

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::string, Array, Object> v_;
};

struct Limits {
  std::size_t bytes_max = 65536;
  unsigned depth_max = 8;
  std::size_t values_max = 4096;
};

/// Canonical bytes. Text must be UTF-8; ill-formed input fails with BadInput.
Result<std::string> write(const Value& value);
/// The same for one string, quotes included, behind what out has; for whoever writes a text member by member.
/// When it fails, out ends in a part of it.
Status append_string(std::string& out, std::string_view s);
/// Strict reader: fails with BadInput, naming the byte offset, on anything write() would not produce.
Result<Value> read(std::string_view text, const Limits& limits = {});

}  // namespace counterfoil::json
