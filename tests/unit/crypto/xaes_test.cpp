// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// XAES-256-GCM against the vectors of c2sp.org/XAES-256-GCM, among them the accumulated one, whose inputs
// come out of SHAKE-128 and whose outputs go into another (FIPS 202; written here, since mbedTLS 2.28 has
// none).
#include "crypto/crypto.h"

#include <doctest/doctest.h>

#include <array>

namespace counterfoil::crypto {
namespace {

class Shake128 {
 public:
  void absorb(ByteView in) {
    for (const std::uint8_t b : in) {
      mix(at_++, b);
      if (at_ == kRate) permute();
    }
  }
  void squeeze(std::span<std::uint8_t> out) {
    if (!squeezing_) {
      mix(at_, 0x1F);
      mix(kRate - 1, 0x80);
      permute();
      squeezing_ = true;
    }
    for (std::uint8_t& b : out) {
      if (at_ == kRate) permute();
      b = static_cast<std::uint8_t>(lanes_.at(at_ / 8) >> (8 * (at_ % 8)));
      ++at_;
    }
  }

 private:
  static constexpr std::size_t kRate = 168;
  void mix(std::size_t i, std::uint8_t b) { lanes_.at(i / 8) ^= std::uint64_t{b} << (8 * (i % 8)); }
  static std::uint64_t rotate(std::uint64_t x, unsigned n) { return n == 0 ? x : (x << n) | (x >> (64 - n)); }
  // One bit of the round constant per step of the LFSR x^8 + x^6 + x^5 + x^4 + 1.
  std::uint64_t round_constant() {
    std::uint64_t c = 0;
    for (unsigned j = 0; j < 7; ++j) {
      if ((lfsr_ & 1U) != 0) c |= std::uint64_t{1} << ((1U << j) - 1);
      lfsr_ = (lfsr_ & 0x80U) != 0 ? ((lfsr_ << 1) ^ 0x171U) : lfsr_ << 1;
    }
    return c;
  }
  void theta() {
    std::array<std::uint64_t, 5> column{};
    for (std::size_t i = 0; i < 25; ++i) column.at(i % 5) ^= lanes_.at(i);
    for (std::size_t i = 0; i < 25; ++i)
      lanes_.at(i) ^= column.at((i + 4) % 5) ^ rotate(column.at((i + 1) % 5), 1);
  }
  void rho_and_pi() {
    std::size_t x = 1;
    std::size_t y = 0;
    std::uint64_t lane = lanes_.at(1);
    for (unsigned t = 0; t < 24; ++t) {
      const std::size_t next = (2 * x + 3 * y) % 5;
      x = y;
      y = next;
      lane = rotate(lane, (t + 1) * (t + 2) / 2 % 64);
      std::swap(lane, lanes_.at(x + 5 * y));
    }
  }
  void chi() {
    for (std::size_t row = 0; row < 25; row += 5) {
      std::array<std::uint64_t, 5> old{};
      for (std::size_t x = 0; x < 5; ++x) old.at(x) = lanes_.at(row + x);
      for (std::size_t x = 0; x < 5; ++x)
        lanes_.at(row + x) = old.at(x) ^ (~old.at((x + 1) % 5) & old.at((x + 2) % 5));
    }
  }
  void permute() {
    lfsr_ = 1;
    for (int round = 0; round < 24; ++round) {
      theta();
      rho_and_pi();
      chi();
      lanes_.at(0) ^= round_constant();
    }
    at_ = 0;
  }
  std::array<std::uint64_t, 25> lanes_{};
  std::size_t at_ = 0;
  unsigned lfsr_ = 1;
  bool squeezing_ = false;
};

std::string accumulate(int rounds) {
  Shake128 source;
  Shake128 sink;
  const auto take = [&source](std::size_t n) {
    Bytes out(n);
    source.squeeze(out);
    return out;
  };
  for (int i = 0; i < rounds; ++i) {
    const Key key(take(32));
    const Bytes nonce = take(kWrapNonceBytes);
    const Bytes plain = take(take(1)[0]);
    const Bytes aad = take(take(1)[0]);
    const Bytes wrapped = wrap_with_nonce(key, nonce, aad, plain);
    sink.absorb(ByteView(wrapped).subspan(kWrapNonceBytes));
    auto opened = unwrap(key, aad, wrapped);
    REQUIRE(opened);
    REQUIRE(equal_constant_time(opened->view(), plain));
  }
  Hash out{};
  sink.squeeze(out);
  return hex(out);
}

}  // namespace

TEST_CASE("the SHAKE-128 of this test gives the published stream") {
  Shake128 shake;
  std::array<std::uint8_t, 16> out{};
  shake.squeeze(out);
  CHECK(hex(out) == "7f9c2ba4e88f827d616045507605853e");
}

TEST_CASE("XAES-256-GCM gives the vectors of C2SP") {
  const std::string_view nonce = "ABCDEFGHIJKLMNOPQRSTUVWX";
  const std::string head = hex(as_bytes(nonce));
  CHECK(hex(wrap_with_nonce(Key(Bytes(32, 1)), as_bytes(nonce), {}, as_bytes("XAES-256-GCM"))) ==
        head + "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  CHECK(hex(wrap_with_nonce(Key(Bytes(32, 3)), as_bytes(nonce), as_bytes("c2sp.org/XAES-256-GCM"),
                            as_bytes("XAES-256-GCM"))) ==
        head + "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

TEST_CASE("XAES-256-GCM gives the accumulated vector of C2SP over 10,000 rounds") {
  CHECK(accumulate(10'000) == "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

TEST_CASE("a wrap opens with its key and its context only") {
  const Key key = random_key();
  const Bytes wrapped = wrap(key, as_bytes("subject"), as_bytes("secret"));
  CHECK(unwrap(key, as_bytes("subject"), wrapped)->text() == "secret");
  CHECK(wrapped != wrap(key, as_bytes("subject"), as_bytes("secret")));
  for (std::size_t i = 0; i < wrapped.size(); ++i) {
    Bytes bad = wrapped;
    bad[i] ^= 0x80;
    CHECK(unwrap(key, as_bytes("subject"), bad).error().code == Code::WrongKey);
  }
  CHECK(unwrap(random_key(), as_bytes("subject"), wrapped).error().code == Code::WrongKey);
  CHECK(unwrap(key, as_bytes("object"), wrapped).error().code == Code::WrongKey);
  CHECK(unwrap(key, as_bytes("subject"), ByteView(wrapped).first(39)).error().code == Code::WrongKey);
  CHECK(unwrap(key, {}, {}).error().code == Code::WrongKey);
}

}  // namespace counterfoil::crypto
