// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Appends, group commit, bytes written, pull, memory: the ledger's figures.
#include "base/fd.h"
#include "board/board.h"
#include "board/fake/manual_clock.h"
#include "counterfoil/proof/leaf.h"
#include "crypto/crypto.h"
#include "ledger/ledger.h"
#include "report.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace counterfoil::bench {
namespace {

consent::GrantBody sample_grant() {
  consent::GrantBody body;
  body.channels = {consent::Channel::WhatsApp, consent::Channel::Sms};
  body.topics = {consent::TopicId("care"), consent::TopicId("offers"), consent::TopicId("orders")};
  body.notice = {consent::NoticeId("N1"), "es", {}};
  body.method = "form";
  body.link = consent::LinkId("caja");
  body.place = consent::ShopId("torrevieja");
  body.age_affirmed = true;
  body.minimum_age = 14;
  body.ends = 1'850'000'000;
  return body;
}

consent::Identity sample_identity(std::uint64_t n) {
  consent::Identity identity;
  std::string digits = std::to_string(n % 10'000'000);
  digits.insert(0, 7 - digits.size(), '0');
  identity.addresses = {{consent::AddressKind::Phone, "+4670" + digits, consent::Evidence::Claimed}};
  identity.language = "es";
  return identity;
}

Status opt_in(ledger::Ledger& ledger, std::uint64_t n) {
  CF_CHECK(ledger.open_subject(sample_identity(n), sample_grant(), {"yes-24m", "2028-12"}, true));
  return {};
}

class Box {
 public:
  static Result<Box> make(const std::string& folder) {
    Box box;
    box.folder_ = folder;
    if (::mkdir(folder.c_str(), 0700) != 0) return errno_error(errno, "cannot make " + folder);
    board::BoardOptions options;
    options.anchor_path = folder + "/anchor";
    CF_TRY(box.board_, board::make("fake", options));
    box.clock_ = std::make_unique<board::ManualClock>();
    CF_CHECK(ledger::Ledger::create(box.options()));
    CF_CHECK(box.open());
    return box;
  }
  Status open() {
    ledger.reset();
    CF_TRY(ledger, ledger::Ledger::open(options()));
    return ledger->wait_ready(60'000);
  }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  ledger::Options options() {
    ledger::Options out;
    out.folder = folder_;
    out.origin = "bench.example/box/1";
    out.clock = clock_.get();
    out.anchor = board_.anchor.get();
    return out;
  }
  std::string folder_;
  Board board_;
  std::unique_ptr<board::ManualClock> clock_;

 public:
  std::unique_ptr<ledger::Ledger> ledger;  // last: it uses the clock and the board until it is gone
};

std::uint64_t file_bytes(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

// Appends per second of a bare loop that writes as many bytes in as many syncs as one commit needs.
Result<double> sync_floor(const std::string& folder, std::uint64_t bytes_each, unsigned syncs,
                          unsigned rounds) {
  std::vector<Fd> files;
  for (unsigned i = 0; i < syncs; ++i)
    files.emplace_back(
        ::open((folder + "/floor-" + std::to_string(i)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const Bytes chunk(bytes_each / syncs, 0x5A);
  const double start = wall_s();
  for (unsigned round = 0; round < rounds; ++round)
    for (const Fd& file : files)
      if (::write(file.get(), chunk.data(), chunk.size()) < 0 || ::fdatasync(file.get()) != 0)
        return errno_error(errno, "floor");
  return rounds / (wall_s() - start);
}

Result<double> append_one_by_one(Box& box, unsigned rounds, std::uint64_t first) {
  const double start = wall_s();
  for (unsigned i = 0; i < rounds; ++i) CF_CHECK(opt_in(*box.ledger, first + i));
  return rounds / (wall_s() - start);
}

// So many people say yes, from as many threads as there are clients.
Status opt_in_together(ledger::Ledger& ledger, unsigned clients, std::uint64_t people, std::uint64_t first) {
  std::atomic<bool> failed{false};
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned c = 0; c < clients; ++c)
    threads.emplace_back([&] {
      for (std::uint64_t n = next++; n < people && !failed; n = next++)
        if (!opt_in(ledger, first + n)) failed = true;
    });
  for (auto& thread : threads) thread.join();
  if (failed) return fail(Code::Io, "an append failed under load");
  return {};
}

Result<double> append_together(Box& box, unsigned clients, unsigned rounds_each, std::uint64_t first) {
  const double start = wall_s();
  CF_CHECK(opt_in_together(*box.ledger, clients, std::uint64_t{clients} * rounds_each, first));
  return clients * rounds_each / (wall_s() - start);
}

// Median of three interleaved rounds, so that both sides see the same neighbours.
Status bench_appends(Box& box, Report& report) {
  constexpr unsigned kRounds = 150;
  std::vector<double> singles;
  std::vector<double> floors;
  std::vector<double> groups;
  std::uint64_t n = 0;
  const std::uint64_t wal_before =
      file_bytes(box.folder() + "/ledger.db-wal") + file_bytes(box.folder() + "/keys.db-wal");
  CF_CHECK(append_one_by_one(box, 20, n));
  const std::uint64_t wal_after =
      file_bytes(box.folder() + "/ledger.db-wal") + file_bytes(box.folder() + "/keys.db-wal");
  n += 20;
  const std::uint64_t bytes_each = std::max<std::uint64_t>((wal_after - wal_before) / 20, 8192);
  for (int round = 0; round < 3; ++round) {
    CF_TRY(const double floor, sync_floor(box.folder(), bytes_each, 2, kRounds));
    CF_TRY(const double single, append_one_by_one(box, kRounds, n));
    n += kRounds;
    CF_TRY(const double group, append_together(box, 64, 20, n));
    n += 64 * 20;
    floors.push_back(floor);
    singles.push_back(single);
    groups.push_back(group);
  }
  for (auto* list : {&singles, &floors, &groups}) std::sort(list->begin(), list->end());
  report.add({"durable opt-ins, 1 client", singles[1], floors[1], "per s", 0.8, false, 0});
  report.add({"durable opt-ins, 64 clients", groups[1], singles[1], "per s", 8, false, 0});
  report.fact("bytes of one commit (two write-ahead logs)", std::to_string(bytes_each));
  return {};
}

// Opened anew before and closed at the end, so that exactly these opt-ins' write-ahead logs are copied back
// in between.
Status bench_bytes_written(Box& box, Report& report) {
  CF_CHECK(box.open());
  const std::uint64_t before = proc_self("io", "write_bytes:");
  CF_CHECK(append_one_by_one(box, 1000, 1'000'000));
  box.ledger.reset();
  const std::uint64_t written = proc_self("io", "write_bytes:") - before;
  report.add({"written per 1,000 single opt-ins", static_cast<double>(written) / 1e6, 0, "MB", 0, true, 25});
  return box.open();
}

// Serving and encoding every entry, against hashing and decrypting the same bytes once; both in one thread,
// so CPU time is the measure that neighbours disturb least.
Status bench_pull(Box& box, std::uint64_t events, Report& report) {
  const std::uint64_t have = box.ledger->health().size;
  if (have < events) CF_CHECK(opt_in_together(*box.ledger, 128, events - have, 2'000'000));
  CF_CHECK(box.ledger->checkpoint());
  ledger::View view;
  view.recipient = consent::RecipientId("head-office");
  view.identity = view.consent = true;
  std::uint64_t bytes = 0;
  const std::uint64_t size = box.ledger->signed_size();
  double start = process_cpu_s();
  for (std::uint64_t at = 0; at < size; at += 4096)
    CF_CHECK(box.ledger->entries(at, std::min(size, at + 4096), view, [&](std::string_view line) -> Status {
      bytes += line.size();
      return {};
    }));
  const double pull_s = process_cpu_s() - start;
  const Key key = crypto::random_key();
  const Bytes nonce(12, 0);
  const Bytes plain(bytes / size, 0x41);
  const Bytes sealed = crypto::seal(key, nonce, {}, plain);
  start = process_cpu_s();
  for (std::uint64_t i = 0; i < size; ++i) {
    (void)crypto::sha256(plain);
    CF_CHECK(crypto::open(key, nonce, {}, sealed));
  }
  const double floor_s = process_cpu_s() - start;
  report.add({"pull of " + std::to_string(size) + " events", static_cast<double>(size) / pull_s,
              static_cast<double>(size) / floor_s, "per CPU s", 0.5, false, 0});
  return {};
}

Status bench_memory(Box& box, Report& report) {
  const std::uint64_t people = box.ledger->health().subjects;
  box.ledger.reset();
  const double start = wall_s();
  CF_CHECK(box.open());
  const double ready_s = wall_s() - start;
  const std::uint64_t rss_kb = proc_self("status", "VmRSS:");
  const std::uint64_t anon_kb = proc_self("status", "RssAnon:");
  report.add({"memory with " + std::to_string(people) + " people, all", static_cast<double>(rss_kb) / 1024, 0,
              "MB", 0, true, 0});
  report.add({"memory with " + std::to_string(people) + " people, anonymous",
              static_cast<double>(anon_kb) / 1024, 0, "MB", 0, true, 0});
  report.add({"index of " + std::to_string(people) + " people built", ready_s, 0, "s", 0, true, 0});
  return {};
}

}  // namespace

Status enrol(const std::string& folder, const std::string& anchor, std::uint64_t people) {
  board::BoardOptions options;
  options.anchor_path = anchor;
  options.clock = board::ClockWord::Trusted;
  CF_TRY(const Board board, board::make("generic", options));
  CF_TRY(const auto ledger, ledger::Ledger::open({folder, {}, board.clock.get(), board.anchor.get()}));
  CF_CHECK(ledger->wait_ready(60'000));
  return opt_in_together(*ledger, 128, people, ledger->health().subjects);
}

Status bench_ledger(const Options& options, Report& report) {
  CF_TRY(Box box, Box::make(options.folder + "/box"));
  if (options.wants("append")) CF_CHECK(bench_appends(box, report));
  if (options.wants("bytes")) CF_CHECK(bench_bytes_written(box, report));
  if (options.wants("pull")) CF_CHECK(bench_pull(box, options.full ? 1'000'000 : 100'000, report));
  if (options.wants("memory")) return bench_memory(box, report);
  return {};
}

}  // namespace counterfoil::bench
