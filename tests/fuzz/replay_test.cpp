// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Replays every committed input through its target, so that targets keep compiling and holding.
#include "base/fd.h"
#include "fuzz.h"

#include <doctest/doctest.h>

#include <filesystem>

namespace counterfoil::fuzz {

TEST_CASE("every target holds for every input of its corpus") {
  const std::filesystem::path corpora = std::string(CF_SOURCE_DIR) + "/tests/fuzz/corpus";
  CHECK(targets().size() == CF_FUZZ_TARGETS);
  for (const Target& target : targets()) {
    CAPTURE(target.name);
    int inputs = 0;
    for (const auto& file : std::filesystem::directory_iterator(corpora / target.name)) {
      const auto input = read_file(file.path().string(), std::size_t{1} << 20);
      REQUIRE(input);
      CAPTURE(file.path().filename().string());
      CHECK_NOTHROW(target.run(*input));
      ++inputs;
    }
    CHECK(inputs >= 3);
    // Nothing at all, and bytes that no format allows.
    CHECK_NOTHROW(target.run({}));
    CHECK_NOTHROW(target.run(Bytes(300, 0xff)));
  }
}

TEST_CASE("a property that does not hold is seen") {
  CHECK_THROWS(require(false, "this"));
  CHECK_NOTHROW(require(true, "that"));
}

}  // namespace counterfoil::fuzz
