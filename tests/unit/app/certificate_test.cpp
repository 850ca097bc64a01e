// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/certificate_files.h"
#include "base/fd.h"
#include "base/limits.h"
#include "tests/support/temp_folder.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>

namespace {

// The process ends before the so-manieth call that changes a folder or waits for the disk; 0: never.
std::atomic<int> calls_until_power_cut{0};
constexpr int kPowerCut = 77;

void count_towards_power_cut() {
  if (calls_until_power_cut > 0 && --calls_until_power_cut == 0) ::_exit(kPowerCut);
}

}  // namespace

// In the place of libc's, for this program.
extern "C" int rename(const char* from, const char* to) noexcept {
  count_towards_power_cut();
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
extern "C" int fsync(int fd) {
  count_towards_power_cut();
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace counterfoil::app {
namespace {

constexpr Instant kNow = 1'795'300'000;  // 2026-11-21

struct Issued {
  std::string chain_pem;
  SecretBytes key_pem;
};

struct Shop {
  support::TempFolder folder;
  crypto::Authority authority =
      *crypto::Authority::create("Authority", {kNow - kDay_s, kNow + 3650 * kDay_s});
  Config config;

  Shop() {
    config.host = "box.shop.example";
    config.other_hosts = {"counterfoil.local", "10.0.0.7", "box.shop.example"};
    config.certificate_path = folder.file("chain.pem");
    config.key_path = folder.file("key.pem");
  }
  [[nodiscard]] Issued issue(crypto::Validity validity = {kNow - kHour_s, kNow + 90 * kDay_s},
                             const std::string& name = "box.shop.example") const {
    const auto key = crypto::SigningKey::generate();
    const auto leaf = authority.issue_server(key.public_key(), {{name}, {}}, validity);
    return {leaf.value() + authority.certificate_pem(), key.pem()};
  }
  void put(const std::string& path, std::string_view text) const {
    REQUIRE(write_file_durably(path, as_bytes(text)));
  }
  void put(const Issued& pair) const {
    put(config.certificate_path, pair.chain_pem);
    put(config.key_path, pair.key_pem.text());
  }
  [[nodiscard]] Identity identity(const Issued& pair) const {
    put(folder.file("given.key"), pair.key_pem.text());
    auto matched = match_key(config, pair.chain_pem, folder.file("given.key"));
    REQUIRE(matched);
    return std::move(*matched);
  }
  [[nodiscard]] Hash served() const {
    const auto read = read_identity(config);
    if (!read) FAIL(read.error().message());
    return read->chain.fingerprint();
  }
};

Hash print_of(const Issued& pair) {
  return crypto::ServerChain::from_pem(pair.chain_pem)->fingerprint();
}

Term term_in(Instant left, ClockState clock = ClockState::Synced) {
  return term_of({kNow - 90 * kDay_s, kNow + left}, kNow, clock);
}

unsigned mode_of(const std::string& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool mentions(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

std::string wrong(const Shop& shop, const Issued& pair, ClockState clock = ClockState::Synced) {
  const auto facts =
      certificate_facts(*crypto::ServerChain::from_pem(pair.chain_pem), shop.config, kNow, clock);
  std::string all;
  const auto sentences = facts.strings_at("wrong").value();
  for (const auto& sentence : sentences) all += sentence + "\n";
  return all;
}

}  // namespace

TEST_CASE("a certificate warns 30, 14, 7 and 3 days before its end") {
  struct Row {
    Instant left;
    Term::Stage stage;
    std::int64_t threshold;
    std::int64_t days;
  };
  using Stage = Term::Stage;
  for (const Row& row :
       {Row{31 * kDay_s, Stage::Fine, 0, 31}, Row{30 * kDay_s + 1, Stage::Fine, 0, 31},
        Row{30 * kDay_s, Stage::Ends, 30, 30}, Row{29 * kDay_s, Stage::Ends, 30, 29},
        Row{13 * kDay_s, Stage::Ends, 14, 13}, Row{6 * kDay_s, Stage::Ends, 7, 6},
        Row{2 * kDay_s, Stage::Ends, 3, 2}, Row{1, Stage::Ends, 3, 1}, Row{0, Stage::Ends, 3, 0},
        Row{-1, Stage::Ended, 0, 0}, Row{-3 * kDay_s, Stage::Ended, 0, 3}}) {
    CAPTURE(row.left);
    const Term term = term_in(row.left);
    CHECK(term.stage == row.stage);
    CHECK(term.warned_days == row.threshold);
    CHECK(term.days == row.days);
    CHECK(term_in(row.left, ClockState::Untrusted).stage == Stage::Unknown);
    CHECK(term_in(row.left, ClockState::Rtc).stage == row.stage);
  }
  CHECK(term_of({kNow + 1, kNow + 90 * kDay_s}, kNow, ClockState::Synced).stage == Stage::NotYet);
}

TEST_CASE("each threshold is news once, for each certificate anew") {
  CertificateWatch watch;
  const auto news_of_a_life = [&](std::uint8_t name) {
    int news = 0;
    for (Instant left = 40 * kDay_s; left > -5 * kDay_s; left -= 600)
      news += watch.is_news(Hash{name}, term_in(left)) ? 1 : 0;
    return news;
  };
  CHECK(news_of_a_life(1) == 5);
  CHECK(news_of_a_life(2) == 5);
  // A clock that nobody vouches for is told once, and again once it is lost again; what it hid comes then.
  CHECK(watch.is_news(Hash{3}, term_in(0, ClockState::Untrusted)));
  CHECK_FALSE(watch.is_news(Hash{3}, term_in(0, ClockState::Untrusted)));
  CHECK(watch.is_news(Hash{3}, term_in(6 * kDay_s)));
  CHECK_FALSE(watch.is_news(Hash{3}, term_in(6 * kDay_s)));
  CHECK_FALSE(watch.is_news(Hash{4}, term_in(60 * kDay_s)));
}

TEST_CASE("what is wrong with a certificate is said, with what to do") {
  const Shop shop;
  CHECK(wrong(shop, shop.issue()) == "");
  CHECK(mentions(wrong(shop, shop.issue({kNow - kDay_s, kNow + 6 * kDay_s})), "ends in 6 days"));
  CHECK(mentions(wrong(shop, shop.issue({kNow - kDay_s, kNow + kDay_s})), "ends in 1 day,"));
  CHECK(mentions(wrong(shop, shop.issue({kNow - kDay_s, kNow + 6 * kDay_s})), "counterfoil tls csr"));
  CHECK(mentions(wrong(shop, shop.issue({kNow - 2 * kDay_s, kNow - kDay_s})), "it ended at 2026-11-2"));
  CHECK(mentions(wrong(shop, shop.issue({kNow + 60, kNow + kDay_s})), "it begins only at"));
  CHECK(mentions(wrong(shop, shop.issue(), ClockState::Untrusted), "clock is not trusted"));
  CHECK(mentions(wrong(shop, shop.issue({kNow - kHour_s, kNow + 90 * kDay_s}, "other.example")),
                 "not for box.shop.example"));
  const auto facts = certificate_facts(*crypto::ServerChain::from_pem(shop.issue().chain_pem), shop.config,
                                       kNow, ClockState::Synced);
  CHECK(facts.integer_at("days_left").value() == 90);
  CHECK(facts.string_at("key").value() == "EC P-256");
  CHECK(facts.strings_at("names").value() == std::vector<std::string>{"box.shop.example"});
}

TEST_CASE("a pair is read only when its key belongs to it, and the text names the file") {
  const Shop shop;
  const auto error = [&] { return read_identity(shop.config).error(); };
  CHECK(error().code == Code::NotFound);
  const Issued pair = shop.issue();
  shop.put(pair);
  CHECK(shop.served() == print_of(pair));
  shop.put(shop.config.key_path, shop.issue().key_pem.text());
  CHECK(mentions(error().message(), "key.pem is not the key of the first certificate in"));
  CHECK(::unlink(shop.config.key_path.c_str()) == 0);
  CHECK(error().code == Code::NotFound);
  CHECK(mentions(error().message(), "key.pem"));
  shop.put(pair);
  shop.put(shop.config.certificate_path, "rubbish");
  CHECK(error().code == Code::BadInput);
  CHECK(mentions(error().message(), "chain.pem"));
  shop.put(shop.config.certificate_path, std::string(limits::kKeyFileBytesMax + 1, 'x'));
  CHECK(error().code == Code::Limit);
}

TEST_CASE("what keeps phones away is not installed") {
  const Shop shop;
  const auto judge = [&](const Issued& pair, ClockState clock = ClockState::Synced) {
    const auto judged = judge_for_install(shop.identity(pair), shop.config, kNow, clock);
    return judged ? std::string() : judged.error().message();
  };
  CHECK(judge(shop.issue()) == "");
  const Issued ended = shop.issue({kNow - 9 * kDay_s, kNow - 1});
  CHECK(mentions(judge(ended), "it ended at"));
  CHECK(judge(ended, ClockState::Untrusted) == "");
  CHECK(judge(shop.issue({kNow - 9 * kDay_s, kNow})) == "");
  CHECK(judge(shop.issue({kNow + kHour_s, kNow + 9 * kDay_s})) == "");
  CHECK(mentions(judge(shop.issue({kNow + kHour_s + 1, kNow + 9 * kDay_s})), "it begins only at"));
  CHECK(mentions(judge(shop.issue({kNow, kNow + kDay_s}, "other.example")), "not for box.shop.example"));
  CHECK(judge(shop.issue({kNow, kNow + kDay_s}, "*.shop.example")) == "");
  CHECK(match_key(shop.config, shop.issue().chain_pem, "").error().code == Code::BadInput);
  CHECK(match_key(shop.config, shop.issue().chain_pem, shop.folder.file("none")).error().code ==
        Code::NotFound);
}

TEST_CASE("a request keeps its key until its certificate is served, apart from the key in use") {
  const Shop shop;
  const Issued old = shop.issue();
  shop.put(old);
  const auto first = request_certificate(shop.config, false, false);
  REQUIRE(first);
  CHECK(*request_certificate(shop.config, false, false) == *first);
  const std::string pending = pending_key_path(shop.config);
  CHECK(mode_of(pending) == 0600U);
  const auto key = crypto::SigningKey::from_pem(read_text_file(pending, 9999).value());
  const auto second = request_certificate(shop.config, false, true);
  CHECK(*second != *first);
  CHECK(*request_certificate(shop.config, true, false) != *second);
  CHECK(shop.served() == print_of(old));

  const auto next = crypto::SigningKey::from_pem(read_text_file(pending, 9999).value());
  const crypto::Validity validity{kNow - kHour_s, kNow + 90 * kDay_s};
  const auto issue = [&](const crypto::VerifyKey& to) {
    return *shop.authority.issue_server(to, configured_names(shop.config, false), validity);
  };
  CHECK_FALSE(match_key(shop.config, issue(key->public_key()), ""));
  const auto matched = match_key(shop.config, issue(next->public_key()), "");
  REQUIRE(matched);
  REQUIRE(install_identity(shop.config, *matched));
  CHECK(shop.served() == matched->chain.fingerprint());
  CHECK(is_there(pending));
  end_request(shop.config, *matched);
  CHECK_FALSE(is_there(pending));
  // The next certificate for the same key needs no request.
  CHECK(match_key(shop.config, issue(next->public_key()), ""));
  shop.put(pending, "rubbish");
  CHECK(mentions(request_certificate(shop.config, false, false).error().message(), "--new-key"));
}

TEST_CASE("names of the configuration are told from addresses, each once") {
  const Shop shop;
  const auto all = configured_names(shop.config, false);
  CHECK(all.dns == std::vector<std::string>{"box.shop.example", "counterfoil.local"});
  CHECK(all.addresses == std::vector<std::string>{"10.0.0.7"});
  CHECK(configured_names(shop.config, true).dns == std::vector<std::string>{"box.shop.example"});
  CHECK(configured_names(shop.config, true).addresses.empty());
}

TEST_CASE("an installed pair can be read by whoever could read the old one") {
  const Shop shop;
  shop.put(shop.issue());
  REQUIRE(::chmod(shop.config.certificate_path.c_str(), 0644) == 0);
  REQUIRE(::chmod(shop.config.key_path.c_str(), 0640) == 0);
  if (::geteuid() == 0) REQUIRE(::chown(shop.config.key_path.c_str(), 0, 12345) == 0);
  REQUIRE(install_identity(shop.config, shop.identity(shop.issue())));
  CHECK(mode_of(shop.config.certificate_path) == 0644U);
  CHECK(mode_of(shop.config.key_path) == 0640U);
  struct stat info{};
  REQUIRE(::stat(shop.config.key_path.c_str(), &info) == 0);
  if (::geteuid() == 0) CHECK(info.st_gid == 12345);
  // A private key never becomes readable for all, whatever the old one was.
  REQUIRE(::chmod(shop.config.key_path.c_str(), 0666) == 0);
  REQUIRE(install_identity(shop.config, shop.identity(shop.issue())));
  CHECK(mode_of(shop.config.key_path) == 0640U);
}

TEST_CASE("another program's link is left alone") {
  const Shop shop;
  const Issued old = shop.issue();
  shop.put(old);
  REQUIRE(::rename(shop.config.key_path.c_str(), shop.folder.file("live.pem").c_str()) == 0);
  REQUIRE(::symlink("live.pem", shop.config.key_path.c_str()) == 0);
  const auto done = install_identity(shop.config, shop.identity(shop.issue()));
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::Conflict);
  CHECK(shop.served() == print_of(old));
}

TEST_CASE(
    "a power cut at any moment of an installation leaves a pair that serves, and it can be done again") {
  for (const bool as_one_file : {false, true}) {
    CAPTURE(as_one_file);
    Shop shop;
    if (as_one_file) shop.config.certificate_path = shop.config.key_path;
    const Issued old = shop.issue();
    const Issued next = shop.issue();
    const Issued third = shop.issue();
    std::set<bool> seen;  // whether the new one serves
    int cuts = 0;
    for (bool is_cut = true; is_cut; ++cuts) {
      if (as_one_file)
        shop.put(shop.config.key_path, std::string(old.key_pem.text()) + old.chain_pem);
      else
        shop.put(old);
      ::unlink(next_key_path(shop.config).c_str());
      const Identity identity = shop.identity(next);
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        calls_until_power_cut = cuts + 1;
        ::_exit(install_identity(shop.config, identity) ? 0 : 1);
      }
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      CAPTURE(cuts);
      REQUIRE((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kPowerCut));
      is_cut = WEXITSTATUS(status) == kPowerCut;
      const Hash serves = shop.served();
      CHECK((serves == print_of(old) || serves == print_of(next)));
      seen.insert(serves == print_of(next));
      if (!is_cut) CHECK(serves == print_of(next));
      REQUIRE(install_identity(shop.config, shop.identity(third)));
      CHECK(shop.served() == print_of(third));
      CHECK_FALSE(is_there(next_key_path(shop.config)));
    }
    CHECK(cuts - 1 == (as_one_file ? 6 : 12));
    CHECK(seen.size() == 2);
  }
}

TEST_CASE("a second power cut, in the installation after one, leaves a pair as well") {
  const Shop shop;
  const Issued old = shop.issue();
  const Issued next = shop.issue();
  const Issued third = shop.issue();
  const Identity identity = shop.identity(third);
  for (bool is_cut = true; is_cut;) {
    static int cuts = 0;
    ++cuts;
    // As the first one leaves it between its two renames.
    shop.put(shop.config.certificate_path, next.chain_pem);
    shop.put(shop.config.key_path, old.key_pem.text());
    shop.put(next_key_path(shop.config), next.key_pem.text());
    REQUIRE(shop.served() == print_of(next));
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      calls_until_power_cut = cuts;
      ::_exit(install_identity(shop.config, identity) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CAPTURE(cuts);
    is_cut = WEXITSTATUS(status) == kPowerCut;
    CHECK((is_cut || WEXITSTATUS(status) == 0));
    const Hash serves = shop.served();
    CHECK((serves == print_of(next) || serves == print_of(third)));
    if (!is_cut) CHECK(serves == print_of(third));
  }
}

}  // namespace counterfoil::app
