// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "thief.h"

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/clock.h"
#include "counterfoil/proof/leaf.h"
#include "store/database.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <stdexcept>

namespace counterfoil::ledger::test {
namespace {

constexpr int kDeals = 200;

store::Statement query(store::Database& file, const std::string& sql) {
  auto out = file.prepare(sql);
  if (!out) throw std::runtime_error(out.error().message());
  return *std::move(out);
}

std::string bytes_of(const store::Statement& row, int column) {
  return std::string(as_text(row.blob(column)));
}

void read_line(std::string_view line, SeenLeaf& to) {
  const auto leaf = proof::decode_leaf(line);
  if (!leaf || !leaf->person) throw std::runtime_error("a line about a person was expected");
  to.typ = consent::event_name(leaf->typ);
  to.rc = leaf->person->rc;
  to.coh = leaf->person->coh;
  to.t = leaf->t;
  for (const auto& commitment : leaf->person->c) to.secrets += as_text(commitment);
}

void read_tombstones(store::Database& file, Loot& loot) {
  auto row = query(file, "SELECT first, last, seq FROM tombstone ORDER BY first");
  while (row.step().value()) {
    for (SeenLeaf& leaf : loot.leaves) {
      const auto seq = static_cast<std::int64_t>(leaf.seq);
      if (seq < row.integer(0) || seq > row.integer(1)) continue;
      leaf.tombstone = row.integer(2);
      leaf.range = row.integer(0);
    }
  }
}

template <class Key>
std::vector<Claim> claim_each(const Loot& loot, const Key& key) {
  std::vector<Claim> out;
  for (const SeenLeaf& leaf : loot.leaves) out.push_back(key(leaf));
  return out;
}

Claim same(std::int64_t value) {
  return {std::to_string(value)};
}

// Of two leaves of unlike type, those whose payloads are by as much larger than the smallest of their type.
std::vector<Claim> larger_than_its_like(const Loot& loot) {
  std::map<std::string, std::int64_t> smallest;
  for (const SeenLeaf& leaf : loot.leaves) {
    const auto [at, fresh] = smallest.emplace(leaf.typ, leaf.size);
    if (!fresh) at->second = std::min(at->second, leaf.size);
  }
  return claim_each(loot, [&](const SeenLeaf& leaf) {
    return leaf.deleted ? Claim() : same(leaf.size - smallest[leaf.typ]);
  });
}

// Leaves that share eight bytes anywhere (at steps of four) where all should be random.
std::vector<Claim> bytes_in_common(const Loot& loot) {
  std::vector<std::pair<std::uint64_t, std::size_t>> windows;
  for (std::size_t i = 0; i < loot.leaves.size(); ++i) {
    const std::string& bytes = loot.leaves[i].secrets;
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 4) {
      std::uint64_t window = 0;
      std::memcpy(&window, bytes.data() + at, sizeof window);
      windows.emplace_back(window, i);
    }
  }
  std::sort(windows.begin(), windows.end());
  std::vector<std::size_t> group(loot.leaves.size());
  std::iota(group.begin(), group.end(), std::size_t{0});
  for (std::size_t i = 1; i < windows.size(); ++i) {
    if (windows[i].first == windows[i - 1].first) group[windows[i].second] = group[windows[i - 1].second];
  }
  std::vector<Claim> out;
  for (const std::size_t g : group) out.push_back(same(static_cast<std::int64_t>(g)));
  return out;
}

std::vector<Claim> neighbours_by_h(const Loot& loot) {
  std::vector<std::size_t> order(loot.leaves.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return loot.leaves[a].h < loot.leaves[b].h; });
  std::vector<Claim> out(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) out[order[i]] = same(static_cast<std::int64_t>(i / 2));
  return out;
}

// A stop at a time from which no tag dates repeats an earlier one, of an address that has its tag already.
std::vector<Claim> repeated_stops(const Loot& loot) {
  return claim_each(loot, [&](const SeenLeaf& leaf) {
    if (leaf.typ != "consent.stop") return Claim();
    return Claim{"stop", loot.tag_days.contains(leaf.t / kDay_s) ? 1 : 2};
  });
}

using Groups = std::map<std::string, std::vector<std::pair<std::size_t, int>>>;

std::uint64_t pairs(const Groups& groups, const std::vector<std::size_t>& owners) {
  std::uint64_t found = 0;
  std::vector<std::array<std::uint64_t, 3>> seen(owners.size());
  for (const auto& [name, members] : groups) {
    for (const auto& [leaf, side] : members) {
      auto& mine = seen[owners[leaf]];
      found += side == 0 ? mine[0] : mine[static_cast<std::size_t>(3 - side)];
      ++mine[static_cast<std::size_t>(side)];
    }
    for (const auto& [leaf, side] : members) seen[owners[leaf]] = {};
  }
  return found;
}

}  // namespace

Loot steal(const std::string& ledger_db) {
  auto opened = store::Database::open(ledger_db, {});
  if (!opened) throw std::runtime_error(opened.error().message());
  Loot out;
  auto row = query(*opened,
                   "SELECT l.seq, l.hash, l.h, l.bytes, p.cohort, p.salt, p.ct FROM leaf l "
                   "LEFT JOIN payload p ON p.seq = l.seq WHERE l.h IS NOT NULL ORDER BY l.seq");
  while (row.step().value()) {
    SeenLeaf leaf;
    leaf.seq = static_cast<std::uint64_t>(row.integer(0));
    leaf.h = bytes_of(row, 2);
    leaf.secrets = bytes_of(row, 1) + leaf.h;
    leaf.deleted = row.is_null(3);
    if (!leaf.deleted) {
      read_line(row.text(3), leaf);
      leaf.cohort = row.integer(4);
      leaf.secrets += bytes_of(row, 5) + bytes_of(row, 6);
      leaf.size = static_cast<std::int64_t>(row.blob(6).size());
    }
    out.leaves.push_back(std::move(leaf));
  }
  read_tombstones(*opened, out);
  auto tag = query(*opened, "SELECT since_day FROM supp");
  while (tag.step().value()) out.tag_days.insert(tag.integer(0));
  return out;
}

const std::vector<Strategy>& strategies() {
  using L = const SeenLeaf&;
  const auto by_line = [](auto key) {
    return [key](const Loot& loot) {
      return claim_each(loot, [&](L leaf) { return leaf.deleted ? Claim() : Claim(key(leaf)); });
    };
  };
  const auto by_leaf = [](auto key) { return [key](const Loot& loot) { return claim_each(loot, key); }; };
  static const std::vector<Strategy> all = {
      {"written one after the other",
       by_leaf([](L leaf) { return same(static_cast<std::int64_t>(leaf.seq) / 2); })},
      {"among eight neighbours",
       by_leaf([](L leaf) { return same(static_cast<std::int64_t>(leaf.seq) / 8); })},
      {"in one hour", by_line([](L leaf) { return same(leaf.t / 3600); })},
      {"at one time of day", by_line([](L leaf) { return same(leaf.t % kDay_s / 600); })},
      {"on one day of the week", by_line([](L leaf) { return same(leaf.t / kDay_s % 7); })},
      {"of one type", by_line([](L leaf) { return Claim{leaf.typ}; })},
      {"kept for as long", by_line([](L leaf) { return Claim{leaf.rc + leaf.coh}; }), Alike::Type},
      {"under one cohort key", by_line([](L leaf) { return same(leaf.cohort); }), Alike::Type},
      {"of one size", by_line([](L leaf) { return same(leaf.size); })},
      {"of one type and size", by_line([](L leaf) { return Claim{leaf.typ + std::to_string(leaf.size)}; })},
      {"as much larger than their like", larger_than_its_like},
      {"with bytes in common", bytes_in_common},
      {"neighbours in the index of h", neighbours_by_h},
      {"a stop and its repetition", repeated_stops},
      {"gone with one tombstone",
       by_leaf([](L leaf) { return leaf.tombstone < 0 ? Claim() : same(leaf.tombstone); })},
      {"gone with one range", by_leaf([](L leaf) { return leaf.range < 0 ? Claim() : same(leaf.range); })},
  };
  return all;
}

Score score(const Loot& loot, const Strategy& strategy, const std::vector<std::size_t>& owners) {
  const std::vector<Claim> claims = strategy.claims(loot);
  Groups groups;
  std::map<std::string, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (!claims[i].group.empty()) groups[claims[i].group].emplace_back(i, claims[i].side);
    const SeenLeaf& leaf = loot.leaves[i];
    alike[strategy.alike == Alike::Type ? leaf.typ : leaf.typ + "/" + leaf.rc + "/" + leaf.coh].push_back(i);
  }
  Score out;
  out.found = pairs(groups, owners);
  std::mt19937 random(20'261'127);
  double sum = 0;
  double squares = 0;
  std::vector<std::size_t> dealt = owners;
  for (int deal = 0; deal < kDeals; ++deal) {
    for (const auto& [what, leaves] : alike) {
      for (std::size_t i = leaves.size() - 1; i > 0; --i)
        std::swap(dealt[leaves[i]], dealt[leaves[random() % (i + 1)]]);
    }
    const auto n = static_cast<double>(pairs(groups, dealt));
    sum += n;
    squares += n * n;
  }
  out.chance = sum / kDeals;
  out.deviation = std::sqrt(std::max(0.0, squares / kDeals - out.chance * out.chance));
  return out;
}

}  // namespace counterfoil::ledger::test
