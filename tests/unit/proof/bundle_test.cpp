// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A bundle on disk, damaged in every way a stranger or a bad card could, and the exact sentence each time.
#include "base/limits.h"
#include "log_maker.h"
#include "proof/bundle_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

namespace counterfoil::proof {
using testing::LogMaker;
using testing::TempFolder;

namespace {

using Texts = std::vector<std::string>;

struct Bundle {
  TempFolder temp;
  std::string folder = temp.path() + "/bundle";
  LogMaker log;
  std::vector<std::string> lines;
  bool tiles;

  explicit Bundle(bool with_tiles = true, std::uint64_t size = 600) : tiles(with_tiles) {
    log.fill(size);
    log.erase(5, 6);
    log.add_tombstone(5, 6);
    lines = log.lines();
  }
  // Findings of a bundle with these lines.
  Texts found(const std::vector<std::string>& changed) {
    testing::write_bundle(folder, testing::kOrigin, log.note(), changed);
    if (tiles) testing::write_tiles(folder, log.hashes());
    return check();
  }
  [[nodiscard]] Texts check(const std::string& pem = {}) const {
    const auto report = verify_bundle(folder, pem.empty() ? log.pem() : pem);
    REQUIRE(report);
    Texts out;
    for (const Finding& f : report->findings) out.push_back(f.text);
    return out;
  }
};

}  // namespace

TEST_CASE("an honest bundle is intact, with and without tiles") {
  for (const bool tiles : {true, false}) {
    Bundle b(tiles);
    CHECK(b.found(b.lines).empty());
    const auto report = verify_bundle(b.folder, b.log.pem());
    REQUIRE(report);
    CHECK(report->intact());
    CHECK(report->origin == testing::kOrigin);
    CHECK(report->size == 601);
    CHECK(report->deleted == 2);
  }
}

TEST_CASE("one flipped byte in any line of any kind is named by its line") {
  Bundle b;
  for (const std::size_t line : {0U, 1U, 5U, 50U, 255U, 256U, 599U, 600U}) {
    for (std::size_t i = 0; i < b.lines[line].size(); i += 97) {
      auto lines = b.lines;
      lines[line][i] = static_cast<char>(lines[line][i] ^ 4);
      const Texts found = b.found(lines);
      INFO("byte " << i << " of line " << line);
      REQUIRE(!found.empty());
      // A damaged tombstone (line 600) also leaves its lines without one.
      const std::string expected = "line " + std::to_string(line) + " was changed";
      REQUIRE(std::any_of(found.begin(), found.end(), [&](auto& f) { return f.starts_with(expected); }));
      if (line != 600) REQUIRE(found.size() == 1);
    }
  }
}

TEST_CASE("without tiles a flipped byte is named by its line or by the stretch") {
  Bundle b(false, 40);
  std::size_t by_line = 0;
  for (std::size_t i = 0; i < b.lines[17].size(); i += 3) {
    INFO("byte " << i);
    auto lines = b.lines;
    lines[17][i] = static_cast<char>(lines[17][i] ^ 1);
    const Texts found = b.found(lines);
    REQUIRE(!found.empty());
    if (found[0].starts_with("line 17 ")) {
      ++by_line;
    } else {
      REQUIRE(found == Texts{"one of lines 0 to 40 was changed"});
    }
  }
  CHECK(by_line > 0);
}

TEST_CASE("a dropped line, a swapped pair, a repeated line and a cut tail") {
  for (const bool tiles : {true, false}) {
    Bundle b(tiles);
    auto lines = b.lines;
    lines.erase(lines.begin() + 17);
    CHECK(b.found(lines) == Texts{"line 17 is missing"});
    lines = b.lines;
    std::swap(lines[17], lines[18]);
    CHECK(b.found(lines) == Texts{"lines 17 and 18 are swapped"});
    lines = b.lines;
    std::swap(lines[100], lines[400]);
    CHECK(b.found(lines) == Texts{"lines 100 and 400 are swapped"});
    lines = b.lines;
    lines.insert(lines.begin() + 300, lines[299]);
    CHECK(b.found(lines) == Texts{"line 299 is there twice"});
    lines = b.lines;
    lines.resize(598);
    CHECK(b.found(lines) == Texts{"the last 3 lines are missing"});
    lines = b.lines;
    lines.push_back(lines.back());
    CHECK(b.found(lines) == Texts{"line 600 is there twice"});
  }
}

TEST_CASE("a missing file is a stretch of missing lines") {
  Bundle b;
  b.found(b.lines);
  std::filesystem::remove(b.folder + "/entries-256.ndjson");
  CHECK(b.check() == Texts{"lines 256 to 511 are missing"});
  b.found(b.lines);
  std::filesystem::remove(b.folder + "/entries-512.ndjson");
  CHECK(b.check() == Texts{"the last 89 lines are missing"});
}

TEST_CASE("a torn file is noticed") {
  Bundle b;
  b.found(b.lines);
  const std::string path = b.folder + "/entries-512.ndjson";
  const std::string whole = testing::read_text(path);
  testing::write_text(path, whole.substr(0, whole.size() - 1));
  Texts found = b.check();
  REQUIRE(found.size() == 2);
  CHECK(found[1].starts_with("line 600 was changed"));
  testing::write_text(path, "");
  CHECK(b.check().back() == "the last 89 lines are missing");
}

TEST_CASE("a foreign checkpoint and a foreign key") {
  Bundle b;
  b.found(b.lines);
  LogMaker other("other.example/1", 2);
  other.fill(601);
  testing::write_text(b.folder + "/checkpoint", other.note());
  CHECK(
      b.check() ==
      Texts{"the checkpoint belongs to another log (other.example/1, expected tres-faroles.example/demo/1)"});
  LogMaker same_name(testing::kOrigin, 2);
  same_name.fill(601);
  testing::write_text(b.folder + "/checkpoint", same_name.note());
  CHECK(b.check() == Texts{"the checkpoint is signed by another key"});
  testing::write_text(b.folder + "/checkpoint", b.log.note());
  CHECK(b.check(other.pem()) ==
        Texts{"the checkpoint is signed by another key", "line 0 names another log key than the one given"});
  std::string note = b.log.note();
  note[note.find("\n601\n") + 3] = '2';
  testing::write_text(b.folder + "/checkpoint", note);
  CHECK(b.check() == Texts{"the checkpoint was changed: its signature does not verify"});
  const auto report = verify_bundle(b.folder, b.log.pem(), "other.example/1");
  REQUIRE(report);
  CHECK(report->findings.at(0).text ==
        "the bundle is of another log (tres-faroles.example/demo/1, expected other.example/1)");
}

TEST_CASE("a checkpoint of the same log but another size") {
  Bundle b;
  LogMaker longer;
  longer.fill(600);
  longer.erase(5, 6);
  longer.add_tombstone(5, 6);
  longer.add_person();
  b.found(b.lines);
  testing::write_text(b.folder + "/checkpoint", longer.note());
  CHECK(b.check() == Texts{"the last line is missing"});
  LogMaker shorter;
  shorter.fill(599);
  b.tiles = false;
  b.found(b.lines);
  testing::write_text(b.folder + "/checkpoint", shorter.note());
  CHECK(b.check() == Texts{"the last 2 lines are more than the checkpoint covers"});
}

TEST_CASE("a duplicate key and a missing tombstone") {
  Bundle b;
  auto lines = b.lines;
  const std::size_t at = lines[17].find("\"leaf\":");
  lines[17].insert(at, "\"d\":null,");
  Texts found = b.found(lines);
  REQUIRE(found.size() == 1);
  CHECK(found[0] == "line 17 was changed (canonical JSON: keys not sorted or not unique at byte " +
                        std::to_string(at + 3) + ")");
  LogMaker no_tombstone;
  no_tombstone.fill(20);
  no_tombstone.erase(5, 6);
  testing::write_bundle(b.folder, testing::kOrigin, no_tombstone.note(), no_tombstone.lines());
  CHECK(b.check() == Texts{"lines 5 and 6 were deleted without a tombstone"});
}

TEST_CASE("missing parts of a bundle") {
  Bundle b;
  b.found(b.lines);
  std::filesystem::remove(b.folder + "/checkpoint");
  CHECK(b.check() == Texts{"the file checkpoint is missing"});
  CHECK_FALSE(verify_bundle(b.folder, b.log.pem())->intact());
  testing::write_text(b.folder + "/checkpoint", "");
  CHECK(b.check() == Texts{"not a checkpoint: it has no signature lines"});
  CHECK_FALSE(verify_bundle(b.folder, b.log.pem())->intact());
  testing::write_text(b.folder + "/checkpoint", b.log.note());
  std::filesystem::remove(b.folder + "/origin");
  CHECK(b.check() == Texts{"the file origin is missing"});
  testing::write_text(b.folder + "/origin", "no name\n");
  CHECK(b.check() == Texts{"the file origin holds no log name"});
  testing::write_text(b.folder + "/origin", std::string(testing::kOrigin) + "\n");
  testing::write_text(b.folder + "/tiles/0/1", "short");
  CHECK(b.check() == Texts{"the tile tiles/0/1 is not a row of hashes"});
  CHECK(verify_bundle(b.folder + "/none", b.log.pem()).error().code == Code::NotFound);
  CHECK(verify_bundle(b.folder + "/origin", b.log.pem()).error().code == Code::BadInput);
  CHECK(verify_bundle(b.temp.path(), b.log.pem()).error().code == Code::BadInput);
  CHECK(verify_bundle(b.folder, "no key").error().code == Code::BadInput);
}

TEST_CASE("a bundle that means harm costs no more than its bytes") {
  Bundle b(true, 40);
  b.found(b.lines);
  // A size that nobody signed is not believed, and one that somebody signed is not walked to its end.
  const Checkpoint huge{testing::kOrigin, (std::uint64_t{1} << 53) - 1, b.log.checkpoint().root};
  std::string note = b.log.note_of(huge);
  testing::write_text(b.folder + "/checkpoint", note);
  Texts found = b.check();
  REQUIRE(!found.empty());
  CHECK(found.back() == "the last 9007199254740950 lines are missing");
  std::filesystem::remove_all(b.folder + "/tiles");
  testing::write_text(b.folder + "/tiles", "");
  found = b.check();
  CHECK(found.size() == limits::kFindingsMax + 1);
  CHECK(found.front() == "the tile tiles/0/0 is not a row of hashes");
  note[note.size() - 3] = note[note.size() - 3] == 'A' ? 'B' : 'A';
  testing::write_text(b.folder + "/checkpoint", note);
  CHECK(b.check() == Texts{"the checkpoint was changed: its signature does not verify"});

  b.found(b.lines);
  std::filesystem::remove(b.folder + "/entries-0.ndjson");
  REQUIRE(::mkfifo((b.folder + "/entries-0.ndjson").c_str(), 0600) == 0);
  CHECK(verify_bundle(b.folder, b.log.pem()).error().code == Code::BadInput);
}

TEST_CASE("a file of a million empty lines is read in one pass") {
  const TempFolder temp;
  testing::write_text(temp.path() + "/lines", std::string(1'000'000, '\n') + "last");
  auto reader = LineReader::open(temp.path() + "/lines");
  REQUIRE(reader);
  std::uint64_t count = 0;
  const auto began = std::chrono::steady_clock::now();
  for (;;) {
    const auto line = reader->next();
    REQUIRE(line);
    if (!*line) break;
    ++count;
    REQUIRE((*line)->whole == (count <= 1'000'000));
    REQUIRE((*line)->text == (count <= 1'000'000 ? "" : "last"));
  }
  CHECK(count == 1'000'001);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
}

TEST_CASE("the entries of a bundle come in order and errors end the walk") {
  Bundle b;
  b.found(b.lines);
  std::uint64_t next = 0;
  REQUIRE(for_each_entry(b.folder, [&](std::uint64_t seq, const Entry& entry) -> counterfoil::Status {
    CHECK(seq == next++);
    CHECK(entry == b.log.entries().at(seq));
    return {};
  }));
  CHECK(next == 601);
  next = 0;
  const auto stopped = for_each_entry(b.folder, [&](std::uint64_t, const Entry&) -> counterfoil::Status {
    if (++next == 300) return counterfoil::fail(Code::Limit, "enough");
    return {};
  });
  CHECK(stopped.error().detail == "enough");
  CHECK(next == 300);
}

}  // namespace counterfoil::proof
