// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Appends, group commit, bytes written, pull, memory: the ledger's figures.
#include "base/fd.h"
#include "base/limits.h"
#include "board/board.h"
#include "board/fake/manual_clock.h"
#include "box.h"
#include "counterfoil/proof/leaf.h"
#include "crypto/crypto.h"
#include "ledger/files.h"
#include "ledger/key_tree.h"
#include "ledger/ledger.h"
#include "report.h"
#include "store/database.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace counterfoil::bench {
namespace {

constexpr std::chrono::milliseconds kCardSync{2};
std::atomic<bool> as_on_a_card{false};

}  // namespace
}  // namespace counterfoil::bench

// Takes the place of the C library's for SQLite and for the floor alike. A server's disk answers in a tenth
// of a millisecond and then mostly the threads are measured; the cards that boxes have take milliseconds.
extern "C" int fdatasync(int fd) {
  const auto until = std::chrono::steady_clock::now() + counterfoil::bench::kCardSync;
  const long rc = ::syscall(SYS_fdatasync, fd);
  if (counterfoil::bench::as_on_a_card) std::this_thread::sleep_until(until);
  return static_cast<int>(rc);
}

namespace counterfoil::bench {
namespace {

const ledger::Retention kYes{"yes-24m", "2028-12"};
constexpr unsigned kClients = 64;

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

Status opt_in(ledger::Ledger& ledger, std::uint64_t n, bool with_code = true) {
  CF_CHECK(ledger.open_subject(sample_identity(n), sample_grant(), kYes, with_code));
  return {};
}

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

// do_one(0) … do_one(times - 1), from as many threads as there are clients.
template <class DoOne>
Status together(unsigned clients, std::uint64_t times, DoOne do_one) {
  std::atomic<bool> failed{false};
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned c = 0; c < clients; ++c)
    threads.emplace_back([&] {
      for (std::uint64_t n = next++; n < times && !failed; n = next++)
        if (!do_one(n)) failed = true;
    });
  for (auto& thread : threads) thread.join();
  if (failed) return fail(Code::Io, "the ledger refused under load");
  return {};
}

Status opt_in_together(ledger::Ledger& ledger, unsigned clients, std::uint64_t people, std::uint64_t first) {
  return together(clients, people, [&](std::uint64_t n) { return opt_in(ledger, first + n); });
}

Result<double> append_together(Box& box, unsigned clients, unsigned rounds_each, std::uint64_t first) {
  const double start = wall_s();
  CF_CHECK(opt_in_together(*box.ledger, clients, std::uint64_t{clients} * rounds_each, first));
  return clients * rounds_each / (wall_s() - start);
}

// Median of three interleaved rounds, so that both sides see the same neighbours. The goals are for cards.
Status bench_appends(Box& box, std::uint64_t n, Report& report) {
  constexpr unsigned kRounds = 150;
  std::vector<double> singles;
  std::vector<double> floors;
  std::vector<double> groups;
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
    CF_TRY(const double group, append_together(box, kClients, 20, n));
    n += std::uint64_t{kClients} * 20;
    floors.push_back(floor);
    singles.push_back(single);
    groups.push_back(group);
  }
  for (auto* list : {&singles, &floors, &groups}) std::sort(list->begin(), list->end());
  const bool card = as_on_a_card;
  const std::string where = card ? ", as on a card" : ", on this disk";
  report.add({"opt-ins by 1 client" + where, singles[1], floors[1], "per s", card ? 0.8 : 0, false, 0});
  report.add({"opt-ins by 64 clients" + where, groups[1], singles[1], "per s", card ? 8.0 : 0, false, 0});
  if (!card) report.fact("bytes of one commit (two write-ahead logs)", std::to_string(bytes_each));
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

// What one opt-in asks of the crypto library, with texts as long as its own.
void crypto_of_an_opt_in(const Key& key) {
  static const Bytes place(32, 1);
  static const Bytes card(192, 2);
  static const Bytes disclosure(256, 3);
  static const Bytes line(384, 4);
  static const Bytes record(584, 5);
  static const Bytes nonce(12, 0);
  const Key subject = crypto::random_key();
  const Bytes salts = crypto::random_bytes(16 + 16 + 2 * 32);  // subject, token, two disclosures
  (void)crypto::hmac_sha256(key.view(), salts);                // the token's hash
  (void)crypto::hmac_sha256(subject.view(), place);            // the line's place in the chain
  (void)crypto::wrap(key, place, subject.view());
  (void)crypto::wrap(crypto::hkdf_sha256(subject.view(), {}, "cf/card/v1"), place, card);
  for (int i = 0; i < 2; ++i) (void)crypto::sha256(disclosure);
  (void)crypto::sha256(line);
  (void)crypto::sha256(Bytes(65, 6));  // a node of the tree
  const Bytes row_salt = crypto::random_bytes(32);
  (void)crypto::seal(crypto::hkdf_sha256(Bytes(64, 7), row_salt, "cf/rec/v1"), nonce, place, record);
}

Status open_lists(ledger::Ledger& ledger, std::uint64_t people, std::uint64_t first) {
  for (std::uint64_t n = 0; n < people;) {
    std::vector<ledger::Opening> openings;
    for (; n < people && openings.size() < limits::kOpenedTogetherMax; ++n)
      openings.push_back({sample_identity(first + n), sample_grant(), kYes});
    CF_CHECK(ledger.open_subjects(openings));
  }
  return {};
}

// As imports do it, a thousand a commit. In CPU time, like its floor.
Status fill(Box& box, std::uint64_t people, Report& report) {
  double start = process_cpu_s();
  CF_CHECK(open_lists(*box.ledger, people, 2'000'000));
  const double filled_s = process_cpu_s() - start;
  constexpr unsigned kRounds = 20'000;
  const Key key = crypto::random_key();
  start = process_cpu_s();
  for (unsigned i = 0; i < kRounds; ++i) crypto_of_an_opt_in(key);
  report.add({"opt-ins by the thousand, beside their crypto alone", static_cast<double>(people) / filled_s,
              kRounds / (process_cpu_s() - start), "per CPU s", 0.1, false, 0});
  return {};
}

// Serving and encoding every entry, against hashing and decrypting the same bytes once; both in one thread,
// so CPU time is the measure that neighbours disturb least.
Status bench_pull(Box& box, std::uint64_t events, Report& report) {
  const std::uint64_t have = box.ledger->health().size;
  if (have < events) CF_CHECK(fill(box, events - have, report));
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
              static_cast<double>(size) / floor_s, "per CPU s", 0.4, false, 0});
  return {};
}

Status erase(ledger::Ledger& ledger, const std::vector<consent::SubjectId>& people) {
  const consent::EraseBody by_link{consent::Actor::Person, "subject", "link"};
  CF_TRY(const auto id, ledger.erase(people, by_link, {"proof-5y", "2033-12"}, {}));
  while (true) {
    CF_TRY(const auto report, ledger.erasure(id));
    if (report.gone_at != 0) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Whose line is whose is found in the background after a start, and CPU time is the whole process's.
Status wait_for_owners(const ledger::Ledger& ledger) {
  const ledger::View consent{.recipient = {}, .identity = false, .consent = true};
  const double until = wall_s() + kReady_ms / 1e3;
  while (true) {
    const auto read = ledger.entries(0, 1, consent, [](std::string_view) { return Status(); });
    if (read || wall_s() > until) return read;
  }
}

Result<double> wrap_anew_ms(std::uint64_t keys) {
  const Key from = crypto::random_key();
  const Key to = crypto::random_key();
  const Bytes place(16, 0);
  const Bytes wrapped = crypto::wrap(from, place, to.view());
  const double start = process_cpu_s();
  for (std::uint64_t i = 0; i < keys; ++i) {
    CF_TRY(const auto clear, crypto::unwrap(from, place, wrapped));
    (void)crypto::wrap(to, place, clear.view());
  }
  return (process_cpu_s() - start) * 1e3;
}

// Spread over all buckets, as those who ask in one night are.
Result<std::vector<consent::SubjectId>> people_at_random(const std::string& folder, std::uint64_t among,
                                                         std::size_t count) {
  store::OpenOptions read;
  read.read_only = true;
  CF_TRY(auto keys, store::Database::open(ledger::keys_path(folder), read));
  CF_TRY(auto one, keys.prepare("SELECT sid FROM subj WHERE n >= ? ORDER BY n LIMIT 1"));
  std::vector<consent::SubjectId> out;
  for (std::size_t i = 0; i < count; ++i) {
    CF_TRY(const bool found, one.reset().bind(1, i * among / count).step());
    if (!found) return fail(Code::NotFound, "too few people");
    consent::SubjectId id;
    std::copy_n(one.blob(0).begin(), id.bytes.size(), id.bytes.begin());
    out.push_back(id);
  }
  return out;
}

// Without the waits that make an erasure safe from a disk that lies: what the keys and the writing cost. For
// one person that is CPU time, because syncs are as slow as the disk is.
Status bench_erasure(Box& box, Report& report) {
  CF_CHECK(box.open({.overwrite_after_ms = 0, .rotate_every_ms = 0}));
  constexpr unsigned kOneByOne = 20;
  constexpr std::size_t kTogether = 1000;
  std::vector<consent::SubjectId> people(kOneByOne + kTogether);
  CF_CHECK(together(kClients, people.size(), [&](std::uint64_t n) -> Status {
    CF_TRY(const auto opened,
           box.ledger->open_subject(sample_identity(6'000'000 + n), sample_grant(), kYes, true));
    people[n] = opened.subject;
    return {};
  }));
  CF_CHECK(wait_for_owners(*box.ledger));
  CF_CHECK(box.ledger->checkpoint());
  const std::uint64_t subjects = box.ledger->health().subjects;
  const std::string among = " among " + std::to_string(subjects);
  CF_TRY(const double bucket_ms, wrap_anew_ms(ledger::kSubjectsPerBucket));
  report.add({"keys wrapped anew to erase one", bucket_ms, 0, "CPU ms", 0, true, 10});
  CF_TRY(const double rotation_ms, wrap_anew_ms(subjects / ledger::kSubjectsPerBucket));
  report.add({"keys wrapped anew in a rotation" + among, rotation_ms, 0, "CPU ms", 0, true, 0});
  double start = process_cpu_s();
  for (unsigned i = 0; i < kOneByOne; ++i) {
    CF_CHECK(erase(*box.ledger, {people.back()}));
    people.pop_back();
  }
  const double one_ms = (process_cpu_s() - start) * 1e3 / kOneByOne;
  CF_TRY(const auto spread, people_at_random(box.folder(), subjects - people.size(), kTogether));
  start = wall_s();
  CF_CHECK(erase(*box.ledger, spread));
  report.add({"erase one" + among, one_ms, 0, "CPU ms", 0, true, 0});
  report.add({"erase 1,000" + among, wall_s() - start, 0, "s", 0, true, 5});
  return box.open();
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
  CF_TRY(const auto ledger, ledger::Ledger::open({.folder = folder,
                                                  .origin = {},
                                                  .clock = board.clock.get(),
                                                  .anchor = board.anchor.get(),
                                                  .retention_of_stop = stops_until_2030}));
  CF_CHECK(ledger->wait_ready(kReady_ms));
  return opt_in_together(*ledger, 128, people, ledger->health().subjects);
}

Status bench_ledger(const Options& options, Report& report) {
  CF_TRY(Box box, Box::make(options.folder + "/box"));
  // First, because a larger index spreads its pages: the budget is a new box's.
  if (options.wants("bytes")) CF_CHECK(bench_bytes_written(box, report));
  if (options.wants("append")) {
    CF_CHECK(bench_appends(box, 0, report));
    as_on_a_card = true;
    CF_CHECK(bench_appends(box, 10'000, report));
    as_on_a_card = false;
  }
  if (options.wants("pull")) CF_CHECK(bench_pull(box, options.full ? 1'000'000 : 100'000, report));
  if (options.wants("erase")) CF_CHECK(bench_erasure(box, report));
  if (options.wants("memory")) return bench_memory(box, report);
  return {};
}

}  // namespace counterfoil::bench
