// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The anchor loses nobody: whatever write the power cuts, an epoch is whole; what cannot be read is not
// erased.
#include "crypto/crypto.h"
#include "fixture.h"

#include <algorithm>
#include <array>

namespace counterfoil::ledger::test {
namespace {

/// A medium whose power goes: the write that is cut keeps its first bytes, and none follows.
class FragileAnchor final : public ErasableAnchor {
 public:
  Bytes bytes = Bytes(kAnchorBytes, 0xff);  // as a new EEPROM comes
  int writes_left = 1'000'000;
  std::size_t kept_of_cut = 0;      // bytes of the write that is cut
  bool forgets = false;             // says ok and keeps nothing
  std::vector<std::size_t> broken;  // places that cannot be read
  int stumbles = 0;                 // readings that fail once

  Result<SecretBytes> read(std::size_t at, std::size_t size) override {
    if (stumbles > 0) {
      --stumbles;
      return fail(Code::Io, "bus");
    }
    if (std::find(broken.begin(), broken.end(), at) != broken.end()) return fail(Code::Io, "broken");
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    return SecretBytes(Bytes(first, first + static_cast<std::ptrdiff_t>(size)));
  }
  Status write(std::size_t at, ByteView what) override {
    if (writes_left < 0) return fail(Code::Io, "no power");
    if (forgets) return {};
    const bool cut = writes_left-- == 0;
    const auto kept = what.first(cut ? std::min(kept_of_cut, what.size()) : what.size());
    std::copy(kept.begin(), kept.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    if (cut) return fail(Code::Io, "no power");
    return {};
  }
  [[nodiscard]] std::string kind() const override { return "fragile"; }
  [[nodiscard]] std::string promise() const override { return "none"; }
};

AnchorRecord record_of(std::uint64_t epoch) {
  AnchorRecord out;
  out.epoch = epoch;
  out.secret = crypto::random_key();
  out.size = 10 + epoch;
  return out;
}

TEST_CASE("a power cut during any write of the anchor leaves an epoch whole") {
  for (int round = 0; round < 15 * 6; ++round) {
    const int cut = round / 6;
    FragileAnchor medium;
    medium.kept_of_cut =
        std::array<std::size_t, 6>{0, 3, 10, 30, 54, 107}[static_cast<std::size_t>(round % 6)];
    CAPTURE(cut);
    CAPTURE(medium.kept_of_cut);
    Anchor anchor(medium);
    const AnchorRecord first = record_of(0);
    const AnchorRecord second = record_of(1);
    REQUIRE(anchor.begin(first.clone()));
    medium.writes_left = cut;
    const bool prepared = anchor.prepare(second).has_value();
    bool erased = false;
    if (prepared) {
      anchor.advance(second.clone());  // keys.db has moved on
      const bool updated = anchor.update(1, 20, {}).has_value();
      erased = updated && anchor.erase_leftover().has_value();
    }
    medium.writes_left = 1'000'000;
    Anchor after(medium);
    REQUIRE(after.open(prepared ? 1 : 0));
    CHECK(equal_constant_time(after.record().secret.view(), (prepared ? second : first).secret.view()));
    // Whatever of the other secret is left is known to need overwriting.
    if (after.has_leftover()) REQUIRE(after.erase_leftover());
    CHECK_FALSE(Anchor(medium).open(prepared ? 0 : 1));
    const ByteView gone = (prepared ? first : second).secret.view();
    CHECK(std::search(medium.bytes.begin(), medium.bytes.end(), gone.begin(), gone.end()) ==
          medium.bytes.end());
    if (erased) CHECK(cut >= 12);
  }
}

TEST_CASE(
    "a set-up whose first write was cut can be done again, a damaged anchor of another ledger is left "
    "alone") {
  for (const std::size_t kept : {1U, 4U, 30U, 107U}) {
    FragileAnchor medium;
    medium.kept_of_cut = kept;
    medium.writes_left = 0;
    CHECK_FALSE(Anchor(medium).begin(record_of(0)));
    medium.writes_left = 1'000'000;
    CHECK(Anchor(medium).begin(record_of(0)));
  }
  const auto of_set_up = [] {
    AnchorRecord out = record_of(0);
    out.size = 0;
    return out;
  };
  FragileAnchor twice;
  twice.kept_of_cut = 54;
  for (const int writes : {1, 0}) {  // the second copy is torn, then the first one
    twice.writes_left = writes;
    CHECK_FALSE(Anchor(twice).begin(of_set_up()));
  }
  twice.writes_left = 1'000'000;
  CHECK(Anchor(twice).begin(of_set_up()));
  FragileAnchor medium;
  REQUIRE(Anchor(medium).begin(record_of(3)));
  for (const std::size_t copy : {0U, 256U, 512U}) medium.bytes[copy + 20] ^= 1U;
  CHECK(Anchor(medium).begin(record_of(0)).error().code == Code::Conflict);
}

TEST_CASE("what cannot be read is not taken for erased, and a stumble is forgiven") {
  FragileAnchor medium;
  Anchor anchor(medium);
  REQUIRE(anchor.begin(record_of(0)));
  medium.stumbles = 2;
  CHECK(Anchor(medium).open(0));
  medium.broken = {0, 256};  // one copy is enough
  CHECK(Anchor(medium).open(0));
  medium.broken = {0, 256, 512};
  CHECK(Anchor(medium).open(0).error().code == Code::Io);
  CHECK(Anchor(medium).begin(record_of(0)).error().code == Code::Io);
  medium.broken = {1024};
  Anchor half(medium);
  medium.broken = {1024, 1280, 1536};
  REQUIRE(half.open(0));
  CHECK(half.has_leftover());
  CHECK(half.erase_leftover().error().code == Code::Io);
}

TEST_CASE("a medium that keeps nothing is found out, and another ledger's anchor is left alone") {
  FragileAnchor medium;
  medium.forgets = true;
  CHECK(Anchor(medium).begin(record_of(0)).error().code == Code::Io);
  medium.forgets = false;
  Anchor anchor(medium);
  REQUIRE(anchor.begin(record_of(3)));
  CHECK(Anchor(medium).begin(record_of(0)).error().code == Code::Conflict);
  CHECK(Anchor(medium).open(2).error().code == Code::WrongKey);
  medium.forgets = true;
  CHECK(anchor.prepare(record_of(4)).error().code == Code::Io);
  AnchorRecord unused = record_of(3);
  unused.size = 0;
  medium.forgets = false;
  REQUIRE(anchor.update(0, 0, {}));
  CHECK(Anchor(medium).begin(std::move(unused)));  // an interrupted set-up
}

}  // namespace
}  // namespace counterfoil::ledger::test
