// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "proof/line_order.h"

#include "base/limits.h"
#include "proof/range_set.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace counterfoil::proof {

namespace {

constexpr std::uint64_t kUnread = ~std::uint64_t{0};
constexpr std::uint64_t kSize = 40;

std::vector<std::uint64_t> in_order(std::uint64_t size = kSize) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 0; i < size; ++i) out.push_back(i);
  return out;
}

std::vector<std::string> judged(const std::vector<std::uint64_t>& lines,
                                std::optional<std::uint64_t> size = kSize) {
  LineOrder order(0);
  for (const std::uint64_t seq : lines) seq == kUnread ? order.unknown() : order.known(seq);
  std::vector<std::string> out;
  for (const Finding& f : order.judge(size).findings) out.push_back(f.text);
  return out;
}

using Texts = std::vector<std::string>;

template <class T>
auto at(std::vector<T>& v, std::size_t i) {
  return v.begin() + static_cast<std::ptrdiff_t>(i);
}

}  // namespace

TEST_CASE("lines in order raise no finding, also with unreadable ones among them") {
  auto lines = in_order();
  CHECK(judged(lines).empty());
  CHECK(judged(lines, std::nullopt).empty());
  lines[0] = lines[17] = lines[18] = lines[39] = kUnread;
  CHECK(judged(lines).empty());
  CHECK(judged(std::vector<std::uint64_t>(kSize, kUnread)).empty());
  CHECK(judged({}, 0).empty());
}

TEST_CASE("missing lines are named") {
  auto lines = in_order();
  lines.erase(at(lines, 17));
  CHECK(judged(lines) == Texts{"line 17 is missing"});
  CHECK(judged(lines, std::nullopt) == Texts{"line 17 is missing"});
  lines.erase(at(lines, 20), at(lines, 23));
  CHECK(judged(lines) == Texts{"line 17 is missing", "lines 21 to 23 are missing"});
  lines = in_order();
  lines.erase(at(lines, 0), at(lines, 2));
  CHECK(judged(lines) == Texts{"lines 0 and 1 are missing"});
  lines = in_order();
  lines.erase(at(lines, 38));
  CHECK(judged(lines) == Texts{"line 38 is missing"});
}

TEST_CASE("a cut tail is told from a gap") {
  auto lines = in_order(37);
  CHECK(judged(lines) == Texts{"the last 3 lines are missing"});
  CHECK(judged(in_order(39)) == Texts{"the last line is missing"});
  CHECK(judged({}) == Texts{"the last 40 lines are missing"});
  lines.erase(at(lines, 5));
  CHECK(judged(lines) == Texts{"line 5 is missing", "the last 3 lines are missing"});
  CHECK(judged(in_order(41)) == Texts{"the last line is more than the checkpoint covers"});
  CHECK(judged(in_order(45)) == Texts{"the last 5 lines are more than the checkpoint covers"});
}

TEST_CASE("swapped lines are named, next to each other or far apart, alone or in blocks") {
  auto lines = in_order();
  std::swap(lines[17], lines[18]);
  CHECK(judged(lines) == Texts{"lines 17 and 18 are swapped"});
  lines = in_order();
  std::swap(lines[0], lines[39]);
  CHECK(judged(lines) == Texts{"lines 0 and 39 are swapped"});
  lines = in_order();
  std::swap_ranges(at(lines, 3), at(lines, 6), at(lines, 20));
  CHECK(judged(lines) == Texts{"lines 3 to 5 and lines 20 to 22 are swapped"});
  lines = in_order();
  std::swap(lines[10], lines[30]);
  lines.erase(at(lines, 5));
  CHECK(judged(lines) == Texts{"lines 10 and 30 are swapped", "line 5 is missing"});
}

TEST_CASE("repeated, moved and renumbered lines are named") {
  auto lines = in_order();
  lines.insert(at(lines, 18), 17);
  CHECK(judged(lines) == Texts{"line 17 is there twice"});
  lines = in_order();
  lines.erase(at(lines, 17));
  lines.insert(at(lines, 30), 17);
  CHECK(judged(lines) == Texts{"line 17 is out of place"});
  lines = in_order();
  lines[17] = 19;
  CHECK(judged(lines) == Texts{"line 17 was changed (it calls itself line 19)"});
  lines[17] = 9000000;
  CHECK(judged(lines) == Texts{"line 17 was changed (it calls itself line 9000000)"});
  lines = in_order();
  lines[39] = 17;
  CHECK(judged(lines) == Texts{"line 39 was changed (it calls itself line 17)"});
}

TEST_CASE("lines that are out of their places are marked, so that nothing else is said of them") {
  auto lines = in_order();
  lines[17] = 9000000;
  lines[18] = 9000001;
  LineOrder order(0);
  for (const std::uint64_t seq : lines) order.known(seq);
  CHECK(order.judge(kSize).strays == std::set<std::uint64_t>{17, 18});
}

TEST_CASE("what unreadable lines leave open is said so") {
  auto lines = in_order();
  lines[17] = kUnread;
  lines.erase(at(lines, 18));
  CHECK(judged(lines) == Texts{"1 of lines 17 and 18 is missing"});
  lines = in_order();
  lines[17] = kUnread;
  lines.insert(at(lines, 17), kUnread);
  CHECK(judged(lines) == Texts{"there is 1 line too many before line 18"});
}

TEST_CASE("any disorder at all is found") {
  // A small generator with fixed seeds; the claim is only that nothing passes as in order.
  std::uint64_t state = 1;
  const auto next = [&](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  };
  for (int round = 0; round < 20000; ++round) {
    auto lines = in_order();
    for (std::uint64_t step = next(3) + 1; step > 0; --step) {
      const std::uint64_t i = next(lines.size());
      switch (next(4)) {
        case 0:
          lines.erase(at(lines, i));
          break;
        case 1:
          lines.insert(at(lines, i), next(kSize + 2));
          break;
        case 2:
          std::swap(lines[i], lines[next(lines.size())]);
          break;
        default:
          lines[i] = next(kSize + 2);
      }
    }
    REQUIRE(judged(lines).empty() == (lines == in_order()));
  }
}

TEST_CASE("a hopeless disorder is reported, not analysed") {
  std::vector<std::uint64_t> lines;
  for (std::uint64_t i = 0; i < 2 * counterfoil::limits::kOrderRunsMax; ++i) lines.push_back(5000 - i);
  CHECK(judged(lines) == Texts{"the lines are in no order"});
}

TEST_CASE("a set of ranges joins, splits and answers") {
  RangeSet set;
  set.add(5, 6);
  set.add(10, 12);
  set.add(7, 9);
  CHECK(set.ranges() == std::vector<RangeSet::Range>{{5, 12}});
  CHECK(set.contains(5, 12));
  CHECK_FALSE(set.contains(4, 6));
  CHECK_FALSE(set.contains(12, 13));
  set.remove(7, 8);
  CHECK(set.ranges() == std::vector<RangeSet::Range>{{5, 6}, {9, 12}});
  set.remove(0, 100);
  CHECK(set.empty());
  set.add(0, 0);
  set.add(2, 2);
  set.add(1, 1);
  CHECK(set.ranges() == std::vector<RangeSet::Range>{{0, 2}});
  set.add(0, 9);
  set.remove(9, 20);
  CHECK(set.ranges() == std::vector<RangeSet::Range>{{0, 8}});
}

}  // namespace counterfoil::proof
