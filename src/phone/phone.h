// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Telephone numbers: what a person typed becomes one canonical spelling, and a canonical number becomes text
// for a page. libphonenumber stands behind this wall. Thread rule: any thread.
// A number is personal data: no function here logs one or puts one into an error.
#pragma once

#include "counterfoil/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::phone {

/// The E.164 spelling (ITU-T E.164), for example "+46701740605", of a number typed in the national way of
/// `region` (ISO 3166-1 alpha-2, for example "SE") or internationally ("+46 …", "0046 …"). Spaces, dashes,
/// parentheses, full-width and Arabic digits are understood. The number must exist in the numbering plan
/// and be able to receive messages (mobile, or a plan that does not tell mobile from fixed lines).
/// Fails with BadInput: empty, longer than limits::kPhoneBytesMax, not UTF-8, unknown region, no such number,
/// an extension, a fixed line, a toll-free or premium number. The detail never contains what was typed.
Result<std::string> canonical(std::string_view typed, std::string_view region);

/// A canonical number as pages print it; all fields are empty when the text is not one.
struct Shown {
  std::string region;         // ISO 3166-1 alpha-2 of the number itself, "SE"
  std::string country_code;   // "+46"
  std::string international;  // "+46 70 174 06 05"
  std::string masked;         // "+46 ·· ··· ·· 05": calling code and last two digits only
};
Shown show(std::string_view e164);
/// Of a canonical number, as show() has it, at a third of the price: for whole lists.
std::string region_of(std::string_view e164);

/// One line of the country list.
struct Region {
  std::string code;          // ISO 3166-1 alpha-2, "SE"
  std::string calling_code;  // "+46"
  bool operator==(const Region&) const = default;
};
/// Every region with a numbering plan, by ISO code.
std::vector<Region> regions();

}  // namespace counterfoil::phone
