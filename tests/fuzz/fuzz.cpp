// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "fuzz.h"

#include "crypto/crypto.h"

#include <stdexcept>
#include <string>

namespace counterfoil::fuzz {

std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

bool add_target(const Target& target) {
  targets().push_back(target);
  return true;
}

void require(bool holds, std::string_view property) {
  if (!holds) throw std::logic_error("does not hold: " + std::string(property));
}

const crypto::SigningKey& log_signing_key() {
  static const crypto::SigningKey key = *crypto::SigningKey::from_scalar(crypto::sha256(as_bytes("log key")));
  return key;
}

const proof::LogKey& log_key() {
  static const proof::LogKey key{"vectors.example/log/1", log_signing_key().spki()};
  return key;
}

}  // namespace counterfoil::fuzz
