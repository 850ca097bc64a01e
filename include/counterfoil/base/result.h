// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Result<T>: a value or an Error, never ignored silently.
// Thread rule: value types, as safe as the T inside. Exceptions never cross a module's wall; Results do.
// An Error's detail is for operators: it never holds personal data, tokens or key bytes.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace counterfoil {

enum class Code {
#define CF_ERROR(name, http, exit, text) name,
#include "counterfoil/base/error.def"
#undef CF_ERROR
};

/// Name of the code as in error.def, for example "NotFound".
std::string_view code_name(Code code);
/// The plain sentence of error.def.
std::string_view code_sentence(Code code);
int http_status(Code code);
int exit_status(Code code);

struct Error {
  Code code = Code::Internal;
  std::string detail;  // what went wrong and what to do, one sentence

  /// "detail" if there is one, else the code's sentence.
  [[nodiscard]] std::string message() const {
    return detail.empty() ? std::string(code_sentence(code)) : detail;
  }
  bool operator==(const Error&) const = default;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> e) : tl::expected<T, Error>(std::move(e)) {}
  Result(Error e) : tl::expected<T, Error>(tl::unexpect, std::move(e)) {}
};

using Status = Result<void>;

inline Error fail(Code code, std::string detail = {}) {
  return Error{code, std::move(detail)};
}

}  // namespace counterfoil

#define CF_CONCAT_(a, b) a##b
#define CF_CONCAT(a, b) CF_CONCAT_(a, b)
/// CF_TRY(auto x, expression): x is the value, or the function returns the error.
#define CF_TRY(decl, ...) CF_TRY_(CF_CONCAT(cf_try_, __LINE__), decl, __VA_ARGS__)
#define CF_TRY_(tmp, decl, ...)            \
  auto tmp = (__VA_ARGS__);                \
  if (!tmp) return std::move(tmp).error(); \
  decl = std::move(*tmp)
/// CF_CHECK(expression): the function returns the error of a Status.
#define CF_CHECK(...)                                                                    \
  do {                                                                                   \
    if (auto cf_status = (__VA_ARGS__); !cf_status) return std::move(cf_status).error(); \
  } while (false)
