// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The tamper matrix: every byte of a small bundle flipped, and every larger thing that somebody with the
// files, or with the stolen key, could do to a log, each with the rule of FORMAT.md section 9 that tells of
// it.
#include "log_maker.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

namespace counterfoil::proof {
using testing::LogMaker;

namespace {

using Texts = std::vector<std::string>;
using Lines = std::vector<std::string>;
using A = json::Array;

/// One line of each kind: genesis, boot, people, a deleted line, counters, a tombstone.
LogMaker small_log() {
  LogMaker log;
  log.fill(4);
  log.add_log(consent::EventType::SysMeta, {{"boots", 2}, {"epoch", 1}});
  log.erase(3, 3);
  log.add_tombstone(3, 3);
  return log;
}

std::string all_of(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& f : findings) out += "[" + f.rule + "] " + f.text + "\n";
  return out;
}

bool is_told(const std::vector<Finding>& findings, const std::string& rules, const std::string& text) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) {
    return rules.find(f.rule) != rules.npos && f.text.find(text) != f.text.npos;
  });
}

struct BundleOnDisk {
  testing::TempFolder temp;
  LogMaker log = small_log();
  std::string folder = temp.path() + "/bundle";
  BundleOnDisk() {
    testing::write_bundle(folder, testing::kOrigin, log.note(), log.lines());
    testing::write_tiles(folder, log.hashes());
  }
  [[nodiscard]] BundleReport report() const {
    auto out = verify_bundle(folder, log.pem());
    REQUIRE(out);
    return *std::move(out);
  }
};

/// Flips every byte of a file, one after the other; told says by which rules and words each must be found.
void flip_each_byte(const BundleOnDisk& bundle, const std::string& name, const std::string& rules,
                    const std::function<std::string(std::size_t)>& text) {
  constexpr std::string_view kFlips = "\x01\x02\x20\x80";
  const std::string path = bundle.folder + "/" + name;
  const std::string whole = testing::read_text(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bent = whole;
    bent[i] = static_cast<char>(bent[i] ^ kFlips[i % kFlips.size()]);
    testing::write_text(path, bent);
    const BundleReport report = bundle.report();
    INFO("byte " << i << " of " << name);
    REQUIRE_FALSE(report.intact());
    REQUIRE_MESSAGE(is_told(report.findings, rules, text(i)), all_of(report.findings));
  }
  testing::write_text(path, whole);
  REQUIRE(bundle.report().intact());
}

}  // namespace

TEST_CASE("every byte of a bundle that is flipped is found, by its rule and line") {
  const BundleOnDisk bundle;
  flip_each_byte(bundle, "checkpoint", "V1 V2", [](std::size_t) { return "checkpoint"; });
  flip_each_byte(bundle, "origin", "V2", [](std::size_t) { return ""; });
  flip_each_byte(bundle, "tiles/0/0", "V4", [](std::size_t i) {
    return "the tile's hash of line " + std::to_string(i / 32) + " was changed";
  });
  // Which line it is cannot be said when a newline goes, nor always when a line next to a deleted one takes
  // another number: that is told by lines missing or too many.
  constexpr std::string_view kNumber = "\\\"seq\\\":";
  std::vector<std::string> told;  // for each byte
  const Lines lines = bundle.log.lines();
  for (std::size_t line = 0; line < lines.size(); ++line) {
    const std::size_t number = lines[line].find(kNumber);
    told.resize(told.size() + lines[line].size(), "line " + std::to_string(line) + " ");
    if (number != std::string::npos)
      told.at(told.size() - lines[line].size() + number + kNumber.size()).clear();
    told.emplace_back();
  }
  flip_each_byte(bundle, "entries-0.ndjson", "V2 V3 V4 V5 V6", [&](std::size_t i) { return told[i]; });
}

TEST_CASE("whatever is done to a log is told by its rule") {
  const LogMaker log = small_log();
  LogMaker fork;  // what a clone, or somebody with the stolen key, says instead
  fork.now = log.now + 100;
  fork.fill(4);
  fork.add_log(consent::EventType::SysMeta, {{"boots", 2}, {"epoch", 1}});
  fork.add_person();
  LogMaker foreign("other.example/1", 2);
  foreign.fill(6);
  LogMaker thief(testing::kOrigin, 2);  // has another key, and says what he likes
  thief.fill(6);

  struct Deed {
    const char* name;
    std::function<void(Lines&, std::string& note)> deed;
    Texts told;
  };
  const auto at = [](Lines& lines, std::ptrdiff_t i) { return lines.begin() + i; };
  const std::vector<Deed> deeds = {
      {"nothing", [](Lines&, std::string&) {}, {}},
      {"a line put in that another log said",
       [&](Lines& lines, std::string&) { lines.insert(at(lines, 2), foreign.lines()[2]); },
       {"[V5] line 2 is there twice",
        "[V2] line 2 belongs to another log (other.example/1, expected tres-faroles.example/demo/1)"}},
      {"a line put in that the clone said",
       [&](Lines& lines, std::string&) { lines.insert(at(lines, 2), fork.lines()[2]); },
       {"[V5] line 2 is there twice"}},
      {"a line replaced by what the clone said",
       [&](Lines& lines, std::string&) { lines[2] = fork.lines()[2]; },
       {"[V4] one of lines 0 to 5 was changed"}},
      {"a line said to be deleted",
       [&](Lines& lines, std::string&) {
         lines[2] = *encode_entry({.leaf = {}, .hash = log.hashes()[2], .d = {}, .p = {}});
       },
       {"[V7] line 2 was deleted without a tombstone"}},
      {"all lines replaced by the clone's",
       [&](Lines& lines, std::string&) { lines = fork.lines(); },
       {"[V4] one of lines 0 to 5 was changed"}},
      {"the tail cut off",
       [](Lines& lines, std::string&) { lines.resize(4); },
       {"[V3] the last 2 lines are missing"}},
      {"everything cut off",
       [](Lines& lines, std::string&) { lines.clear(); },
       {"[V3] the last 6 lines are missing"}},
      {"a line cut short",
       [](Lines& lines, std::string&) { lines[2].resize(100); },
       {"[V4] line 2 was changed (canonical JSON: string without end at byte 100)"}},
      {"signed anew by a thief without the key",
       [&](Lines& lines, std::string& note) {
         lines = thief.lines();
         note = thief.note();
       },
       {"[V1] the checkpoint is signed by another key",
        "[V9] line 0 names another log key than the one given"}},
      {"an older note",
       [](Lines&, std::string& note) {
         LogMaker older;
         older.fill(4);
         note = older.note();
       },
       {"[V3] the last 2 lines are more than the checkpoint covers"}},
  };
  for (const Deed& deed : deeds) {
    INFO(std::string(deed.name));
    Lines lines = log.lines();
    std::string note = log.note();
    deed.deed(lines, note);
    Verifier verifier(log.key());
    for (const std::string& line : lines) verifier.feed(line);
    CHECK(verifier.finish(note).has_value() == deed.told.empty());
    Texts told;
    for (const Finding& f : verifier.findings()) told.push_back("[" + f.rule + "] " + f.text);
    CHECK(told == deed.told);
  }
}

TEST_CASE("what is signed with the stolen key is found by whoever saw the log before") {
  LogMaker log = small_log();
  LogMaker clone = small_log();
  clone.now += 100;
  LogMaker rewritten;
  rewritten.fill(8);
  Frontier seen;
  for (const Hash& hash : log.hashes()) seen.push(hash);
  const auto pulled_on = [&](const LogMaker& later) {
    Verifier verifier(log.key());
    verifier.resume(seen);
    const Lines lines = later.lines();
    for (std::size_t i = seen.size(); i < lines.size(); ++i) verifier.feed(lines[i]);
    Texts told;
    if (!verifier.finish(later.note()))
      for (const Finding& f : verifier.findings()) told.push_back("[" + f.rule + "] " + f.text);
    return told;
  };
  CHECK(pulled_on(log).empty());
  clone.add_person();
  CHECK(pulled_on(clone).empty());  // the first to speak after the copy is believed
  log.add_person();
  seen.push(log.hashes().back());
  CHECK(pulled_on(log).empty());
  CHECK(pulled_on(clone) == Texts{"[V4] the checkpoint does not continue what was verified before"});
  clone.add_person();
  CHECK(pulled_on(clone) == Texts{"[V4] line 7 was changed"});
  CHECK(pulled_on(rewritten) == Texts{"[V4] line 7 was changed"});
  const LogMaker older = small_log();
  CHECK(pulled_on(older) == Texts{"[V3] the last line is more than the checkpoint covers"});
}

TEST_CASE("V7 - a forged tombstone excuses nothing") {
  const auto with = [](json::Value seqs) {
    LogMaker log;
    log.fill(8);
    log.erase(3, 5);
    log.add_log(consent::EventType::EraseDone, {{"seqs", std::move(seqs)}});
    Verifier verifier(log.key());
    for (const std::string& line : log.lines()) verifier.feed(line);
    return verifier.finish(log.note()).has_value();
  };
  CHECK(with(A{A{3, 5}}));
  CHECK(with(A{A{3, 3}, A{4, 5}}));
  CHECK_FALSE(with(A{A{3, 4}}));
  CHECK_FALSE(with(A{A{4, 5}}));
  CHECK_FALSE(with(A{A{3, 8}}));           // covers itself
  CHECK_FALSE(with(A{A{3, 1'000'000}}));   // covers what is to come
  CHECK_FALSE(with(A{A{3, 4}, A{4, 5}}));  // overlaps
  CHECK_FALSE(with(A{A{3, 5}, A{3, 5}}));
  CHECK_FALSE(with(A{A{4, 5}, A{3, 3}}));  // out of order
  CHECK_FALSE(with(A{A{3, 5}, A{6}}));
  CHECK_FALSE(with(A{A{3, 5}, "6"}));
  CHECK_FALSE(with(A{A{3, 5}, A{"6", 6}}));
  CHECK_FALSE(with(A{A{3, 5}, A{6, "6"}}));
}

}  // namespace counterfoil::proof
