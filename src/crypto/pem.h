// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Private to crypto: the little PEM (RFC 7468) and DER (X.690) that keys, signatures and certificates need.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace counterfoil::crypto {

/// "-----BEGIN label-----", base64 in lines of 64, "-----END label-----".
SecretBytes pem_block(std::string_view label, ByteView der);
/// Bytes of the first block with the label. Fails with BadInput.
Result<Bytes> read_pem_block(std::string_view label, std::string_view text);

/// One DER element, contents shorter than 65,536 bytes.
Bytes der_element(std::uint8_t tag, ByteView contents);
Bytes der_join(std::initializer_list<ByteView> parts);

constexpr std::uint8_t kDerBoolean = 0x01;
constexpr std::uint8_t kDerInteger = 0x02;
constexpr std::uint8_t kDerBitString = 0x03;
constexpr std::uint8_t kDerOctetString = 0x04;
constexpr std::uint8_t kDerOid = 0x06;
constexpr std::uint8_t kDerUtf8String = 0x0c;
constexpr std::uint8_t kDerSequence = 0x30;
constexpr std::uint8_t kDerSet = 0x31;
constexpr std::uint8_t kDerAttributes = 0xa0;  // [0] of a certification request

}  // namespace counterfoil::crypto
