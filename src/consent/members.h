// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Reads the members of one JSON object, each once, and refuses the ones nobody asked for.
// Thread rule: one thread at a time; the object outlives the reader. Everything fails with BadInput and names
// the member, never its value: a value may be personal data.
#pragma once

#include "counterfoil/base/canonical_json.h"
#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::consent {

/// Largest integer of canonical JSON, and so the latest Instant.
constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

class Members {
 public:
  /// what: name of the object in error texts, for example "consent.grant".
  Members(const json::Object& object, std::string_view what) : object_(object), what_(what) {}

  Result<std::string> text(std::string_view key);
  /// Empty when absent; present and empty is refused, so that there is one way to write "none".
  Result<std::string> text_or_none(std::string_view key);
  Result<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  Result<std::optional<Instant>> instant_or_none(std::string_view key);
  Result<bool> boolean(std::string_view key);
  /// Strictly ascending by bytes.
  Result<std::vector<std::string>> texts(std::string_view key);
  Result<const json::Object*> object(std::string_view key);
  Result<const json::Array*> array(std::string_view key);
  /// Fails when the object has a member that was not read.
  [[nodiscard]] Status done() const;
  [[nodiscard]] Error bad(std::string_view key, std::string_view why) const;

 private:
  const json::Value* take(std::string_view key);

  const json::Object& object_;
  std::string what_;
  std::size_t taken_ = 0;
};

}  // namespace counterfoil::consent
