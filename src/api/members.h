// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Reads a JSON object to its last member: what is missing, of another type or unknown is a refusal that names
// the place. The first refusal stays, so a reader asks for all it needs and looks once. Thread rule: one
// thread.
#pragma once

#include "counterfoil/base/canonical_json.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace counterfoil::api {

/// Why a request is not answered: {"error":{"at":…,"code":…,"message":…}}.
struct Refusal {
  int status = 400;
  std::string code;     // for programs
  std::string message;  // for whoever writes the program; never what was sent
  std::string at{};     // JSON Pointer (RFC 6901); empty: the whole request
};

class Members {
 public:
  /// object and refusal outlive this.
  Members(const json::Value& value, std::string at, std::optional<Refusal>& refusal);

  [[nodiscard]] std::string text(std::string_view name);
  [[nodiscard]] std::optional<std::string> text_if_there(std::string_view name);
  [[nodiscard]] std::int64_t integer(std::string_view name);
  [[nodiscard]] const json::Array& list(std::string_view name);
  /// Of any type; null: it is not there.
  [[nodiscard]] const json::Value* value_if_there(std::string_view name);
  /// To be called last: whatever nobody asked for is unknown.
  void end();
  void refuse(std::string_view name, std::string code, std::string message);
  [[nodiscard]] std::string place_of(std::string_view name) const;

 private:
  /// Missing, or of another type.
  void refuse_type(std::string_view name, const json::Value* value, std::string_view wanted);

  const json::Object* object_ = nullptr;
  std::string at_;
  std::optional<Refusal>& refusal_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace counterfoil::api
