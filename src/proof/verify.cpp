// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/verify.h"

#include "base/limits.h"
#include "counterfoil/proof/key_chain.h"
#include "crypto/crypto.h"
#include "proof/findings.h"
#include "proof/line_order.h"
#include "proof/range_set.h"
#include "proof/tile_guide.h"

#include <algorithm>
#include <array>

namespace counterfoil::proof {
namespace {

// Members of sys.meta that only ever grow.
constexpr std::array<std::string_view, 5> kCounters = {"anchor_counter", "boots", "epoch", "keys_generation",
                                                       "push_seq"};

std::string not_this_log(const std::string& log, const std::string& expected) {
  return "(" + log + ", expected " + expected + ")";
}

// The ranges of a tombstone: ascending, disjoint, all before the tombstone itself.
Result<std::vector<RangeSet::Range>> tombstone_ranges(const json::Value& body, std::uint64_t own_seq) {
  const Error bad = fail(Code::BadInput, "\"seqs\" must be ascending ranges of earlier lines");
  const json::Value* seqs = body.find("seqs");
  if (seqs == nullptr || seqs->array() == nullptr || seqs->array()->empty()) return bad;
  std::vector<RangeSet::Range> out;
  for (const json::Value& item : *seqs->array()) {
    const json::Array* pair = item.array();
    if (pair == nullptr || pair->size() != 2) return bad;
    const std::int64_t* first = (*pair)[0].integer();
    const std::int64_t* last = (*pair)[1].integer();
    if (first == nullptr || last == nullptr || *first < 0 || *last < *first) return bad;
    const RangeSet::Range range{static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*last)};
    if (range.second >= own_seq || (!out.empty() && range.first <= out.back().second)) return bad;
    out.push_back(range);
  }
  return out;
}

}  // namespace

struct Verifier::State {
  explicit State(LogKey k) : keys(std::move(k)), key(keys.first()) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  KeyChain keys;
  const LogKey key;  // the one that was given
  Frontier frontier;
  std::uint64_t start = 0;
  LineOrder order{0};
  TileGuide tiles;
  Defects defects;   // what a line shows by itself
  Defects sequence;  // what lines show together; means something only when all are there and in order
  struct Difference {
    std::uint64_t position;
    std::uint64_t seq;
  };
  std::vector<Difference> differences;  // lines whose tile has another hash
  RangeSet deleted_lines;
  RangeSet told;  // lines that may be absent (V7)
  std::uint64_t deleted = 0;
  Instant signed_t = 0;
  std::uint64_t signed_seq = 0;
  struct Counter {
    std::int64_t value;
    std::uint64_t seq;
  };
  std::map<std::string, Counter, std::less<>> counters;
  std::vector<Finding> findings;

  void feed(std::string_view line);
  void feed_leaf(std::uint64_t position, const Entry& entry);
  void check_disclosures(std::uint64_t position, const Leaf& leaf, const Entry& entry);
  void check_time(std::uint64_t position, const Leaf& leaf);
  void check_tombstone(std::uint64_t position, const Leaf& leaf);
  void check_counters(std::uint64_t position, const Leaf& leaf);
  void check_genesis(std::uint64_t position, const Leaf& leaf);
  void check_key(std::uint64_t position, const Leaf& leaf);
  bool differs_from_tile(std::uint64_t position, std::uint64_t seq, const Hash& hash);

  void judge(const std::optional<Checkpoint>& checkpoint);
  void judge_differences(bool guided, const std::set<std::uint64_t>& strays);
  void judge_blind();
  void judge_tiles(bool tiles_fit);
  void judge_deleted();
};

bool Verifier::State::differs_from_tile(std::uint64_t position, std::uint64_t seq, const Hash& hash) {
  const std::optional<Hash> expected = tiles.at(seq);
  tiles.line(hash);
  if (!expected || *expected == hash) return false;
  if (differences.size() < 10 * limits::kFindingsMax) differences.push_back({position, seq});
  return true;
}

void Verifier::State::feed(std::string_view line) {
  const std::uint64_t position = frontier.size();
  const std::uint64_t expected = order.expected();
  const Result<Entry> entry = decode_entry(line);
  if (!entry) {
    order.unknown();
    defects.changed(position, expected, entry.error().message());
    const Hash placeholder = leaf_hash(line);
    tiles.line(placeholder);
    frontier.push(placeholder);
    return;
  }
  frontier.push(entry->hash);
  if (!entry->deleted()) {
    feed_leaf(position, *entry);
    return;
  }
  order.unknown();
  ++deleted;
  deleted_lines.add(expected, expected);
  differs_from_tile(position, expected, entry->hash);
  if (expected == 0) defects.add({"V9", position, 0, "is not sys.genesis, the beginning of a log", ""});
}

void Verifier::State::feed_leaf(std::uint64_t position, const Entry& entry) {
  const Result<Leaf> leaf = decode_leaf(entry.leaf);
  if (!leaf) {
    const std::uint64_t expected = order.expected();
    order.unknown();
    defects.changed(position, expected, leaf.error().message());
    differs_from_tile(position, expected, entry.hash);
    return;
  }
  const std::uint64_t seq = leaf->seq.value;
  order.known(seq);
  const bool changed = differs_from_tile(position, seq, entry.hash);
  if (leaf->log != key.name)
    defects.add({"V2", position, seq, "belongs to another log " + not_this_log(leaf->log, key.name),
                 "belong to another log " + not_this_log(leaf->log, key.name)});
  check_disclosures(position, *leaf, entry);
  // A line known to be changed must not make honest ones look wrong.
  if (changed) return;
  check_time(position, *leaf);
  check_genesis(position, *leaf);
  if (leaf->typ == consent::EventType::EraseDone || leaf->typ == consent::EventType::ExpireDone)
    check_tombstone(position, *leaf);
  if (leaf->typ == consent::EventType::SysMeta) check_counters(position, *leaf);
  if (leaf->typ == consent::EventType::SysKey) check_key(position, *leaf);
}

void Verifier::State::check_disclosures(std::uint64_t position, const Leaf& leaf, const Entry& entry) {
  constexpr std::array<std::string_view, 2> kNames = {"identity", "content"};
  const auto changed = [&](const std::string& why) {
    defects.add({"V6", position, leaf.seq.value, "was changed (" + why + ")", "were changed (" + why + ")"});
  };
  if (!leaf.person) {
    if (entry.d[0] || entry.d[1] || entry.p) changed("it shows a person although it is about none");
    return;
  }
  for (std::uint8_t i = 0; i < 2; ++i) {
    const auto& shown = entry.d.at(i);
    if (shown && commitment(i, shown->salt, shown->text) != leaf.person->c.at(i))
      changed("its " + std::string(kNames.at(i)) + " does not open its commitment");
  }
}

void Verifier::State::check_time(std::uint64_t position, const Leaf& leaf) {
  if (leaf.ck != ClockState::Signed) return;
  if (leaf.t < signed_t) {
    const std::string than = "an earlier signed time than line " + std::to_string(signed_seq);
    sequence.add({"V5", position, leaf.seq.value, "carries " + than, "carry " + than});
    return;
  }
  signed_t = leaf.t;
  signed_seq = leaf.seq.value;
}

void Verifier::State::check_tombstone(std::uint64_t position, const Leaf& leaf) {
  const auto ranges = tombstone_ranges(*leaf.body, leaf.seq.value);
  if (!ranges) {
    const std::string what = "no valid tombstone (" + ranges.error().message() + ")";
    defects.add({"V7", position, leaf.seq.value, "is " + what, "are " + what});
    return;
  }
  for (const auto& [first, last] : *ranges) told.add(first, last);
}

void Verifier::State::check_counters(std::uint64_t position, const Leaf& leaf) {
  const std::uint64_t seq = leaf.seq.value;
  for (const std::string_view name : kCounters) {
    const json::Value* member = leaf.body->find(name);
    if (member == nullptr) continue;
    const std::int64_t* value = member->integer();
    if (value == nullptr || *value < 0) {
      defects.add({"V8", position, seq, "has no number in " + std::string(name), ""});
      continue;
    }
    const auto known = counters.find(name);
    if (known != counters.end() && *value < known->second.value) {
      sequence.add({"V8", position, seq,
                    "counts backwards (" + std::string(name) + " " + std::to_string(*value) + " after " +
                        std::to_string(known->second.value) + " in line " +
                        std::to_string(known->second.seq) + ")",
                    ""});
      continue;
    }
    counters.insert_or_assign(std::string(name), Counter{*value, seq});
  }
}

void Verifier::State::check_key(std::uint64_t position, const Leaf& leaf) {
  const auto followed = keys.follow(*leaf.body, leaf.seq.value);
  if (followed) return;
  const std::string what = "no valid change of keys (" + followed.error().message() + ")";
  defects.add({"V9", position, leaf.seq.value, "is " + what, "are " + what});
}

void Verifier::State::check_genesis(std::uint64_t position, const Leaf& leaf) {
  const std::uint64_t seq = leaf.seq.value;
  const bool genesis = leaf.typ == consent::EventType::SysGenesis;
  if (seq != 0) {
    if (genesis) defects.add({"V9", position, seq, "begins the log a second time", ""});
    return;
  }
  if (!genesis) {
    defects.add({"V9", position, seq, "is not sys.genesis, the beginning of a log", ""});
    return;
  }
  const Result<std::string> named = leaf.body->string_at("key");
  if (!named || *named != base64url(crypto::sha256(key.spki)))
    defects.add({"V9", position, seq, "names another log key than the one given", ""});
}

// Lines that differ from their tile. Tiles that lead to the signed root (guided) are right, the line is not.
void Verifier::State::judge_differences(bool guided, const std::set<std::uint64_t>& strays) {
  Defects told_here;
  for (const Difference& d : differences) {
    if (strays.contains(d.position)) continue;
    if (guided) {
      told_here.changed(d.position, d.seq);
    } else {
      told_here.add({"V4", d.position, d.seq, "or its hash in the tile was changed",
                     "or their hashes in the tile were changed"});
    }
  }
  told_here.tell({}, findings);
}

// The root is wrong and nothing says where: the change lies where no tile speaks.
void Verifier::State::judge_blind() {
  const auto locates = [](const Finding& f) { return f.rule != "V7" && f.rule != "V8" && f.rule != "V9"; };
  if (std::any_of(findings.begin(), findings.end(), locates) || frontier.size() == start) return;
  std::uint64_t first = start;
  std::uint64_t last = frontier.size() - 1;
  const std::vector<RangeSet::Range> blind = tiles.blind().ranges();
  if (tiles.any() && !blind.empty()) {
    first = blind.front().first;
    last = blind.back().second;
  }
  const std::string what = lines_text(first, last) + " was changed";
  findings.push_back({"V4", first, first == last ? what : "one of " + what});
}

// The lines are as signed; tiles that are not must not be passed on.
void Verifier::State::judge_tiles(bool tiles_fit) {
  for (const Difference& d : differences)
    findings.push_back({"V4", d.seq, "the tile's hash of line " + std::to_string(d.seq) + " was changed"});
  if (tiles.any() && differences.empty() && !tiles_fit)
    findings.push_back({"V4", 0, "the tiles do not fit the checkpoint"});
}

void Verifier::State::judge_deleted() {
  RangeSet untold = deleted_lines;
  for (const auto& [first, last] : told.ranges()) untold.remove(first, last);
  for (const auto& [first, last] : untold.ranges())
    findings.push_back(
        {"V7", first,
         lines_text(first, last) + (first == last ? " was" : " were") + " deleted without a tombstone"});
}

void Verifier::State::judge(const std::optional<Checkpoint>& checkpoint) {
  const auto fits = [&](const Frontier& f) {
    return checkpoint && f.size() == checkpoint->size && f.root() == checkpoint->root;
  };
  if (checkpoint) tiles.end(checkpoint->size);
  const bool lines_fit = fits(frontier);
  const bool tiles_fit = tiles.any() && fits(tiles.frontier());

  LineOrder::Report report = order.judge(checkpoint ? std::optional(checkpoint->size) : std::nullopt);
  findings.insert(findings.end(), report.findings.begin(), report.findings.end());
  std::set<std::uint64_t> skip = report.strays;
  // What a proven tile says about a line goes before what the line says about itself.
  if (tiles_fit && !lines_fit)
    for (const Difference& d : differences) skip.insert(d.position);
  defects.tell(skip, findings);
  if (lines_fit) {
    judge_tiles(tiles_fit);
  } else if (checkpoint) {
    judge_differences(tiles_fit, report.strays);
    judge_blind();
    if (findings.empty())
      findings.push_back(
          {"V4", frontier.size(), "the checkpoint does not continue what was verified before"});
  }
  if (report.findings.empty()) {
    // Lines of which some are changed, nobody knows which, prove nothing about each other.
    if (lines_fit || tiles_fit || !checkpoint) sequence.tell(skip, findings);
    judge_deleted();
  }
  tidy(findings);
}

Verifier::Verifier(LogKey key) : state_(std::make_unique<State>(std::move(key))) {}
Verifier::~Verifier() = default;
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;

void Verifier::resume(Frontier frontier) {
  state_->start = frontier.size();
  state_->order = LineOrder(frontier.size());
  state_->tiles.begin(frontier);
  state_->frontier = std::move(frontier);
}

void Verifier::excuse(std::uint64_t first, std::uint64_t last) {
  state_->told.add(first, last);
}

void Verifier::feed(std::string_view entry_line) {
  state_->feed(entry_line);
}

void Verifier::expect_tile(std::uint64_t n, std::vector<Hash> hashes) {
  state_->tiles.give(n, std::move(hashes));
}

Result<Checkpoint> Verifier::finish(std::string_view note) {
  State& s = *state_;
  const Result<Checkpoint> opened = s.keys.open(note);
  if (!opened) {
    const Result<Checkpoint> read = read_checkpoint(note);
    const bool foreign = read && read->origin != s.key.name;
    s.findings.push_back({foreign ? "V2" : "V1", 0, opened.error().message()});
  }
  s.judge(opened ? std::optional(*opened) : std::nullopt);
  if (!s.findings.empty()) {
    const Code code = opened ? Code::Corrupt : opened.error().code;
    return fail(code, s.findings.front().text);
  }
  return *opened;
}

const std::vector<Finding>& Verifier::findings() const {
  return state_->findings;
}
const Frontier& Verifier::frontier() const {
  return state_->frontier;
}
std::uint64_t Verifier::deleted() const {
  return state_->deleted;
}

}  // namespace counterfoil::proof
