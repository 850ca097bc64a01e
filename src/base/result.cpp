// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/base/result.h"

#include <array>

namespace counterfoil {
namespace {

struct ErrorRow {
  std::string_view name;
  int http;
  int exit;
  std::string_view text;
};

constexpr std::array kErrorRows = {
#define CF_ERROR(name, http, exit, text) ErrorRow{#name, http, exit, text},
#include "counterfoil/base/error.def"
#undef CF_ERROR
};

const ErrorRow& error_row(Code code) {
  return kErrorRows.at(static_cast<std::size_t>(code));
}

}  // namespace

std::string_view code_name(Code code) {
  return error_row(code).name;
}
std::string_view code_sentence(Code code) {
  return error_row(code).text;
}
int http_status(Code code) {
  return error_row(code).http;
}
int exit_status(Code code) {
  return error_row(code).exit;
}

}  // namespace counterfoil
