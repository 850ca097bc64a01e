// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Single-use form tokens: a form post proves that this box issued the form, for this route and this context
// (a link), within the last two hours of boot time. HMAC-SHA-256 under a key drawn at start and never stored,
// so tokens die with the process. Spent tokens are remembered until they would be stale anyway; when that
// memory is full the oldest tokens become stale early, so none can be spent twice. Thread rule: any thread.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace counterfoil::net {

class FormTokens {
 public:
  /// The clock must outlive the object.
  static std::unique_ptr<FormTokens> open(Clock& clock);
  virtual ~FormTokens() = default;
  /// 75 characters of base64url, safe in a hidden input. Route and context are bound, not contained.
  virtual std::string issue(std::string_view route, std::string_view context) = 0;
  /// Fails with BadInput; the detail is the machine reason: form_token_missing, form_token_foreign (not ours,
  /// another route or context, or made before a restart), form_token_stale, form_token_used.
  virtual Status spend(std::string_view token, std::string_view route, std::string_view context) = 0;
};

}  // namespace counterfoil::net
