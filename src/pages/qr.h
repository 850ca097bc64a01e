// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// QR codes with error correction Q (a quarter of the code may be dirty), quiet zone of four modules included.
// qrcodegen is behind this wall. Thread rule: any thread. Source: ISO/IEC 18004; ISO/IEC 15948 (PNG).
// Each fails with Limit when the text is too long for a code of that correction.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"

#include <string>
#include <string_view>

namespace counterfoil::pages::qr {

/// <svg> element, black on white whatever the page's colours; `label` is its accessible name (escaped here).
Result<std::string> svg(std::string_view text, std::string_view label);
/// The same as a file of its own, with the XML name space.
Result<std::string> svg_file(std::string_view text);
/// Lines of half blocks, light on dark, for a terminal of either colour.
Result<std::string> terminal(std::string_view text);
/// Greyscale PNG; module_px is the edge of one module in pixels.
Result<Bytes> png(std::string_view text, int module_px = 8);

}  // namespace counterfoil::pages::qr
