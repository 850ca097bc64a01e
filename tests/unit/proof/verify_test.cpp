// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/verify.h"

#include "log_maker.h"

#include <doctest/doctest.h>

namespace counterfoil::proof {
using testing::LogMaker;

namespace {

using Texts = std::vector<std::string>;

Texts texts(const std::vector<Finding>& findings) {
  Texts out;
  for (const Finding& f : findings) out.push_back("[" + f.rule + "] " + f.text);
  return out;
}

Texts verified(const LogMaker& log, const std::vector<std::string>& lines) {
  Verifier verifier(log.key());
  for (const std::string& line : lines) verifier.feed(line);
  const auto done = verifier.finish(log.note());
  CHECK(done.has_value() == verifier.findings().empty());
  return texts(verifier.findings());
}

Texts verified(const LogMaker& log) {
  return verified(log, log.lines());
}

LogMaker log_of(std::uint64_t size) {
  LogMaker log;
  log.fill(size);
  return log;
}

}  // namespace

TEST_CASE("an honest log is intact") {
  LogMaker log = log_of(120);
  log.erase(40, 42);
  log.add_tombstone(40, 42);
  Verifier verifier(log.key());
  for (const std::string& line : log.lines()) verifier.feed(line);
  const auto done = verifier.finish(log.note());
  REQUIRE(done);
  CHECK(*done == log.checkpoint());
  CHECK(verifier.deleted() == 3);
  CHECK(verifier.findings().empty());
  CHECK(verifier.frontier().size() == 121);
}

TEST_CASE("V4 - a fork of the same size is no continuation") {
  const LogMaker log = log_of(20);
  LogMaker fork;
  fork.now = log.now + 1;
  fork.fill(20);
  REQUIRE(fork.checkpoint().size == log.checkpoint().size);
  REQUIRE(fork.checkpoint().root != log.checkpoint().root);
  Frontier proved;
  for (const Hash& hash : log.hashes()) proved.push(hash);

  Verifier same(log.key());
  same.resume(proved);
  CHECK(same.finish(log.note()).has_value());

  Verifier forked(log.key());
  forked.resume(proved);
  CHECK_FALSE(forked.finish(fork.note()).has_value());
  CHECK(texts(forked.findings()) == Texts{"[V4] the checkpoint does not continue what was verified before"});
}

TEST_CASE("V1 and V2 - key and name of the checkpoint") {
  const LogMaker log = log_of(20);
  LogMaker other_key(testing::kOrigin, 2);
  other_key.fill(20);
  Verifier verifier(other_key.key());
  for (const std::string& line : log.lines()) verifier.feed(line);
  CHECK(verifier.finish(log.note()).error().code == Code::WrongKey);
  CHECK(texts(verifier.findings()) == Texts{"[V1] the checkpoint is signed by another key",
                                            "[V9] line 0 names another log key than the one given"});

  Verifier none(log.key());
  for (const std::string& line : log.lines()) none.feed(line);
  CHECK_FALSE(none.finish("hello").has_value());
  CHECK(texts(none.findings()) == Texts{"[V1] not a checkpoint: it has no signature lines"});
}

TEST_CASE("V2 - lines of another log are named together") {
  LogMaker other("other.example/1");
  other.fill(20);
  const LogMaker log = log_of(20);
  auto lines = log.lines();
  const auto foreign = other.lines();
  for (std::size_t i = 5; i < 8; ++i) lines[i] = foreign[i];
  CHECK(
      verified(log, lines) ==
      Texts{
          "[V2] lines 5 to 7 belong to another log (other.example/1, expected tres-faroles.example/demo/1)"});
}

TEST_CASE("V4 - a wrong root without tiles names the stretch") {
  LogMaker log = log_of(20);
  const std::string note = log.note();
  log.now = 1;
  LogMaker forged = log_of(20);
  auto lines = forged.lines();
  // Same numbers, same disclosures, another h: only the root can tell.
  Entry entry = *decode_entry(lines[7]);
  Leaf leaf = *decode_leaf(entry.leaf);
  leaf.person->h[0] ^= 1;
  entry.leaf = *encode_leaf(leaf);
  lines[7] = *encode_entry(entry);
  CHECK(verified(forged, lines) == Texts{"[V4] one of lines 0 to 19 was changed"});

  Verifier guided(forged.key());
  guided.expect_tile(0, forged.hashes());
  for (const std::string& line : lines) guided.feed(line);
  CHECK_FALSE(guided.finish(note).has_value());
  CHECK(texts(guided.findings()) == Texts{"[V4] line 7 was changed"});

  // A tile bent to fit the changed line proves nothing, one bent elsewhere is named.
  auto hashes = forged.hashes();
  hashes[7] = leaf_hash(entry.leaf);
  Verifier bent(forged.key());
  bent.expect_tile(0, hashes);
  for (const std::string& line : lines) bent.feed(line);
  CHECK_FALSE(bent.finish(note).has_value());
  CHECK(texts(bent.findings()) == Texts{"[V4] one of lines 0 to 19 was changed"});
}

TEST_CASE("V4 - tiles that do not fit honest lines are named") {
  const LogMaker log = log_of(20);
  auto hashes = log.hashes();
  hashes[3][0] ^= 1;
  Verifier verifier(log.key());
  verifier.expect_tile(0, hashes);
  for (const std::string& line : log.lines()) verifier.feed(line);
  CHECK_FALSE(verifier.finish(log.note()).has_value());
  CHECK(texts(verifier.findings()) == Texts{"[V4] the tile's hash of line 3 was changed"});

  hashes = log.hashes();
  hashes.push_back(Hash{});
  Verifier longer(log.key());
  longer.expect_tile(0, hashes);
  for (const std::string& line : log.lines()) longer.feed(line);
  CHECK_FALSE(longer.finish(log.note()).has_value());
  CHECK(texts(longer.findings()) == Texts{"[V4] the tiles do not fit the checkpoint"});
}

TEST_CASE("V4 - where a tile is missing the stretch is the one it would speak of") {
  LogMaker log = log_of(600);
  auto lines = log.lines();
  Entry entry = *decode_entry(lines[301]);
  Leaf leaf = *decode_leaf(entry.leaf);
  leaf.person->h[0] ^= 1;
  entry.leaf = *encode_leaf(leaf);
  lines[301] = *encode_entry(entry);
  const auto hashes = log.hashes();
  Verifier verifier(log.key());
  verifier.expect_tile(0, {hashes.begin(), hashes.begin() + 256});
  verifier.expect_tile(2, {hashes.begin() + 512, hashes.end()});
  for (const std::string& line : lines) verifier.feed(line);
  CHECK_FALSE(verifier.finish(log.note()).has_value());
  CHECK(texts(verifier.findings()) == Texts{"[V4] one of lines 256 to 511 was changed"});

  Verifier honest(log.key());
  honest.expect_tile(0, {hashes.begin(), hashes.begin() + 256});
  honest.expect_tile(1, {hashes.begin() + 256, hashes.begin() + 512});
  for (const std::string& line : log.lines()) honest.feed(line);
  CHECK(honest.finish(log.note()));
}

TEST_CASE("V5 - signed times never run backwards, other clocks may") {
  LogMaker log = log_of(10);
  log.now -= 1000;
  log.add_log(consent::EventType::SysTime, {}, ClockState::Untrusted);
  log.add_log(consent::EventType::SysTime, {}, ClockState::Rtc);
  log.now += 2000;
  log.add_log(consent::EventType::SysTime, {});
  CHECK(verified(log).empty());
  log.now -= 3000;
  log.add_log(consent::EventType::SysTime, {});
  CHECK(verified(log) == Texts{"[V5] line 13 carries an earlier signed time than line 12"});
}

TEST_CASE("V6 - every shown disclosure opens its commitment") {
  const LogMaker log = log_of(20);
  const auto with = [&](auto change) {
    auto lines = log.lines();
    Entry entry = *decode_entry(lines[7]);
    change(entry);
    lines[7] = *encode_entry(entry);
    return verified(log, lines);
  };
  CHECK(with([](Entry& e) { e.d[0].reset(); }).empty());
  CHECK(with([](Entry& e) { e.d = {}; }).empty());
  CHECK(with([](Entry& e) { e.d[0]->text += " "; }) ==
        Texts{"[V6] line 7 was changed (its identity does not open its commitment)"});
  CHECK(with([](Entry& e) { e.d[1]->salt[31] ^= 1; }) ==
        Texts{"[V6] line 7 was changed (its content does not open its commitment)"});
  CHECK(with([](Entry& e) { std::swap(e.d[0], e.d[1]); }).size() == 2);
  auto lines = log.lines();
  Entry boot = *decode_entry(lines[1]);
  boot.p = recipient_handle({});
  lines[1] = *encode_entry(boot);
  CHECK(verified(log, lines) ==
        Texts{"[V6] line 1 was changed (it shows a person although it is about none)"});
}

TEST_CASE("V7 - a line is absent only under a later tombstone") {
  LogMaker log = log_of(30);
  log.erase(7, 9);
  log.erase(12, 12);
  CHECK(verified(log) == Texts{"[V7] lines 7 to 9 were deleted without a tombstone",
                               "[V7] line 12 was deleted without a tombstone"});
  log.add_tombstone(8, 12);
  CHECK(verified(log) == Texts{"[V7] line 7 was deleted without a tombstone"});
  log.add_tombstone(7, 7);
  CHECK(verified(log).empty());

  LogMaker excused = log_of(30);
  excused.erase(7, 9);
  Verifier verifier(excused.key());
  verifier.excuse(7, 9);
  for (const std::string& line : excused.lines()) verifier.feed(line);
  CHECK(verifier.finish(excused.note()).has_value());
}

TEST_CASE("V7 - a tombstone names earlier lines, in order") {
  const auto with = [](json::Value seqs) {
    LogMaker log = log_of(30);
    log.add_log(consent::EventType::ExpireDone, {{"seqs", std::move(seqs)}});
    return verified(log);
  };
  using A = json::Array;
  const Texts bad = {
      "[V7] line 30 is no valid tombstone (\"seqs\" must be ascending ranges of earlier lines)"};
  CHECK(with(A{A{3, 4}, A{6, 6}}).empty());
  CHECK(with(A{}) == bad);
  CHECK(with("all") == bad);
  CHECK(with(A{A{4, 3}}) == bad);
  CHECK(with(A{A{3, 30}}) == bad);
  CHECK(with(A{A{6, 6}, A{3, 4}}) == bad);
  CHECK(with(A{A{-1, 4}}) == bad);
  CHECK(with(A{A{1, 2, 3}}) == bad);
}

TEST_CASE("V8 - counters of sys.meta never fall") {
  LogMaker log = log_of(10);
  log.add_log(consent::EventType::SysMeta, {{"boots", 3}, {"epoch", 4}});
  log.add_log(consent::EventType::SysMeta, {{"boots", 3}, {"epoch", 4}});
  CHECK(verified(log).empty());
  log.add_log(consent::EventType::SysMeta, {{"boots", 4}, {"epoch", 3}});
  CHECK(verified(log) == Texts{"[V8] line 12 counts backwards (epoch 3 after 4 in line 11)"});
  LogMaker odd = log_of(10);
  odd.add_log(consent::EventType::SysMeta, {{"boots", "three"}});
  CHECK(verified(odd) == Texts{"[V8] line 10 has no number in boots"});
}

TEST_CASE("V9 - the log begins once, with the key it is checked by") {
  LogMaker log = log_of(10);
  log.add_log(consent::EventType::SysGenesis, {{"key", "x"}});
  CHECK(verified(log) == Texts{"[V9] line 10 begins the log a second time"});

  LogMaker headless = log_of(10);
  headless.entries()[0] = headless.entries()[1];
  CHECK(verified(headless).front() == "[V5] line 0 was changed (it calls itself line 1)");
  LogMaker gone = log_of(10);
  gone.erase(0, 0);
  gone.add_tombstone(0, 0);
  CHECK(verified(gone) == Texts{"[V9] line 0 is not sys.genesis, the beginning of a log"});
}

TEST_CASE("a check resumes after an earlier one") {
  LogMaker log = log_of(300);
  Verifier first(log.key());
  const auto early = log.lines();
  for (const std::string& line : early) first.feed(line);
  REQUIRE(first.finish(log.note()));
  log.add_person();
  log.add_person();
  const auto lines = log.lines();
  Verifier second(log.key());
  second.resume(*Frontier::from(first.frontier().size(), first.frontier().bytes()));
  const auto hashes = log.hashes();
  second.expect_tile(1, {hashes.begin() + 256, hashes.end()});
  for (std::size_t i = 300; i < lines.size(); ++i) second.feed(lines[i]);
  CHECK(second.finish(log.note()).has_value());

  Verifier third(log.key());
  third.resume(first.frontier());
  third.feed(lines[301]);
  CHECK_FALSE(third.finish(log.note()).has_value());
  CHECK(texts(third.findings()) == Texts{"[V5] line 300 is missing"});
}

TEST_CASE("a thousand findings are cut to a readable number") {
  LogMaker log = log_of(700);
  auto lines = log.lines();
  for (std::size_t i = 0; i < lines.size(); i += 2) lines[i] = "x";
  const Texts found = verified(log, lines);
  CHECK(found.size() == 201);
  CHECK(found.back() == "[V4] and 150 more");
}

}  // namespace counterfoil::proof
