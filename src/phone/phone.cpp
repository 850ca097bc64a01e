// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "phone/phone.h"

#include "base/limits.h"
#include "counterfoil/base/bytes.h"

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <exception>
#include <set>

namespace counterfoil::phone {
namespace {

using PhoneUtil = ::i18n::phonenumbers::PhoneNumberUtil;
using PhoneNumber = ::i18n::phonenumbers::PhoneNumber;

PhoneUtil& plan() {
  static PhoneUtil& util = [&]() -> PhoneUtil& {
    PhoneUtil* instance = PhoneUtil::GetInstance();
    // The library's own logger writes to standard output, where a number must never appear.
    instance->SetLogger(new ::i18n::phonenumbers::NullLogger());
    return *instance;
  }();
  return util;
}

/// What a number may hold in ASCII; other scripts' digits and punctuation are left to the library. Letters
/// are refused because the library would read them as keypad digits or as an extension.
bool is_number_text(unsigned char c) {
  return c >= 0x80 || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '(' || c == ')' || c == ' ' ||
         c == '.' || c == '/' || c == '\t';
}

/// Address books wrap copied numbers in these invisible direction marks.
std::string without_direction_marks(std::string_view typed) {
  std::string out;
  out.reserve(typed.size());
  for (std::size_t i = 0; i < typed.size();) {
    const std::string_view three = typed.substr(i, 3);
    const bool is_mark = (three >= "\u200e" && three <= "\u200f") ||
                         (three >= "\u202a" && three <= "\u202e") ||
                         (three >= "\u2066" && three <= "\u2069") || three == "\ufeff";
    if (!is_mark) out += typed[i];
    i += is_mark ? 3 : 1;
  }
  return out;
}

/// True when messages can arrive: some plans do not tell mobile from fixed lines.
bool takes_messages(const PhoneNumber& number) {
  const PhoneUtil::PhoneNumberType type = plan().GetNumberType(number);
  return type == PhoneUtil::MOBILE || type == PhoneUtil::FIXED_LINE_OR_MOBILE;
}

Result<std::string> parse_canonical(std::string_view typed, std::string_view region) {
  const std::string region_code(region);
  if (plan().GetCountryCodeForRegion(region_code) == 0)
    return fail(Code::BadInput, "the country of the number is not known");
  PhoneNumber number;
  if (plan().Parse(without_direction_marks(typed), region_code, &number) != PhoneUtil::NO_PARSING_ERROR)
    return fail(Code::BadInput, "this is not a telephone number");
  if (number.has_extension()) return fail(Code::BadInput, "a telephone number with an extension");
  if (!plan().IsValidNumber(number)) return fail(Code::BadInput, "no such number in the numbering plan");
  if (!takes_messages(number)) return fail(Code::BadInput, "this kind of number does not take messages");
  std::string e164;
  plan().Format(number, PhoneUtil::E164, &e164);
  return e164;
}

/// Every digit after the calling code but the last two becomes a dot; the grouping stays.
std::string mask(std::string_view international, std::string_view country_code) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto body = international.substr(country_code.size());
  auto hidden = std::count_if(body.begin(), body.end(), is_digit) - 2;
  std::string out(country_code);
  for (const char c : body) {
    if (is_digit(c) && hidden-- > 0)
      out += "·";
    else
      out += c;
  }
  return out;
}

Shown show_parsed(std::string_view e164) {
  PhoneNumber number;
  const std::string text(e164);
  if (plan().Parse(text, "ZZ", &number) != PhoneUtil::NO_PARSING_ERROR) return {};
  std::string again;
  plan().Format(number, PhoneUtil::E164, &again);
  if (again != text || number.has_extension() || !plan().IsValidNumber(number)) return {};
  Shown shown;
  plan().GetRegionCodeForNumber(number, &shown.region);
  shown.country_code = "+" + std::to_string(number.country_code());
  plan().Format(number, PhoneUtil::INTERNATIONAL, &shown.international);
  shown.masked = mask(shown.international, shown.country_code);
  return shown;
}

}  // namespace

Result<std::string> canonical(std::string_view typed, std::string_view region) {
  if (typed.empty()) return fail(Code::BadInput, "no telephone number");
  if (typed.size() > limits::kPhoneBytesMax) return fail(Code::BadInput, "too long for a telephone number");
  if (!is_utf8(typed) || !std::all_of(typed.begin(), typed.end(), is_number_text))
    return fail(Code::BadInput, "a telephone number holds digits, spaces and + - ( ) only");
  try {
    return parse_canonical(typed, region);
  } catch (const std::exception&) {
    return fail(Code::Internal, "the telephone number library failed");
  }
}

Shown show(std::string_view e164) {
  if (e164.empty() || e164.front() != '+' || e164.size() > limits::kPhoneBytesMax) return {};
  try {
    return show_parsed(e164);
  } catch (const std::exception&) {
    return {};
  }
}

std::string region_of(std::string_view e164) {
  try {
    PhoneNumber number;
    std::string out;
    if (plan().Parse(std::string(e164), "ZZ", &number) != PhoneUtil::NO_PARSING_ERROR) return {};
    plan().GetRegionCodeForNumber(number, &out);
    return out;
  } catch (const std::exception&) {
    return {};
  }
}

std::vector<Region> regions() {
  std::set<std::string> codes;
  plan().GetSupportedRegions(&codes);
  std::vector<Region> out;
  out.reserve(codes.size());
  for (const std::string& code : codes)
    out.push_back({code, "+" + std::to_string(plan().GetCountryCodeForRegion(code))});
  return out;
}

}  // namespace counterfoil::phone
