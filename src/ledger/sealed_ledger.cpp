// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A ledger that does not open: its keys are lost or damaged. It answers everything with the reason, and takes
// stops into the spill file, which needs no key but the one in its head.
#include "base/log.h"
#include "ledger/files.h"
#include "ledger/ledger.h"
#include "ledger/spill.h"
#include "store/folder_lock.h"

#include <algorithm>
#include <filesystem>

namespace counterfoil::ledger {
namespace {

class SealedLedger final : public Ledger {
 public:
  SealedLedger(const Options& options, store::FolderLock lock, const Error& why)
      : options_(options),
        lock_(std::move(lock)),
        why_(fail(Code::Corrupt, "the ledger is sealed: " + why.message())),
        log_key_{options.origin, {}},
        spill_(options.folder) {}

  Status start() { return spill_.open(nullptr); }

  Result<Committed> stop(const std::vector<consent::Address>& addresses, const consent::StopBody& body,
                         const Retention& retention) override {
    const Instant now = options_.clock->now();
    std::vector<SpilledStop> stops;
    for (const auto& address : addresses) {
      stops.push_back({address, body, retention});
      stops.back().body.told_at = body.told_at.value_or(now);
    }
    CF_CHECK(spill_.add(stops));
    return Committed{consent::Seq{0}, now, clock_state()};
  }
  [[nodiscard]] bool suppressed(const consent::Address& address) const override {
    return spill_.stops(address);
  }
  [[nodiscard]] Health health() const override {
    Health out;
    out.origin = options_.origin;
    out.read_only = true;
    out.trouble = why_.message();
    out.stops_waiting = spill_.count();
    out.clock = clock_state();
    out.anchor_promise = options_.anchor->promise();
    out.second_copy = "second copy not made while the keys do not open";
    return out;
  }
  [[nodiscard]] ClockState clock_state() const override { return options_.clock->state(); }
  [[nodiscard]] const proof::LogKey& log_key() const override { return log_key_; }
  [[nodiscard]] LogKeys log_keys() const override { return {log_key_, {}}; }
  Result<Instant> change_log_key() override { return why_; }

  // Nothing else works.
  Result<Opened> open_subject(const consent::Identity&, const consent::GrantBody&, const Retention&,
                              bool) override {
    return why_;
  }
  Result<std::vector<Opened>> open_subjects(const std::vector<Opening>&) override { return why_; }
  Result<Committed> withdraw(const consent::SubjectId&, const consent::WithdrawBody&,
                             const Retention&) override {
    return why_;
  }
  Result<Committed> confirm(const consent::SubjectId&, const consent::ConfirmBody&,
                            const Retention&) override {
    return why_;
  }
  Result<Committed> stop_subject(const consent::SubjectId&, const consent::StopBody&,
                                 const Retention&) override {
    return why_;
  }
  Result<Committed> sent(const consent::SubjectId&, const consent::SentBody&, const Retention&) override {
    return why_;
  }
  Result<Committed> look_up(const std::vector<consent::SubjectId>&, const consent::LookupBody&,
                            const Retention&) override {
    return why_;
  }
  Result<Committed> hold(const std::vector<consent::SubjectId>&, const consent::HoldBody&,
                         const Retention&) override {
    return why_;
  }
  Result<Committed> clear_hold(const std::vector<consent::SubjectId>&, const consent::HoldClearBody&,
                               const Retention&) override {
    return why_;
  }
  Result<Committed> inbound(const consent::SubjectId&, const consent::InboundBody&,
                            const Retention&) override {
    return why_;
  }
  Result<Committed> native(const std::vector<consent::SubjectId>&, const consent::NativeBody&,
                           const Retention&) override {
    return why_;
  }
  Result<Committed> restrict(const std::vector<consent::SubjectId>&, const consent::RestrictBody&,
                             const Retention&) override {
    return why_;
  }
  Result<std::int64_t> erase(const std::vector<consent::SubjectId>&, const consent::EraseBody&,
                             const Retention&, const std::vector<consent::RecipientId>&) override {
    return why_;
  }
  Result<RetentionReport> retention_report() const override { return why_; }
  Result<Shortening> shorten(const std::string&, const std::function<std::string(Instant t)>&, bool,
                             const Progress&) override {
    return why_;
  }
  Result<std::vector<consent::Event>> events(const consent::SubjectId&) const override { return why_; }
  Result<std::vector<Subject>> submissions(const consent::Address&) const override { return why_; }
  Result<std::vector<Subject>> kept() const override { return why_; }
  Status vouch_for_stops() override { return why_; }
  Result<EndingReport> erasure(std::int64_t) const override { return why_; }
  Result<std::vector<consent::SubjectId>> joined(const consent::SubjectId&) const override { return why_; }
  Result<std::string> sign(std::string_view, const json::Value&) const override { return why_; }
  [[nodiscard]] std::vector<Retention> due(Instant) const override { return {}; }
  Result<std::int64_t> sweep(bool) override { return why_; }
  Result<Committed> record(consent::EventType, const json::Value&) override { return why_; }
  Status put_item(std::string_view, std::string_view, const json::Value&) override { return why_; }
  Status remove_item(std::string_view, std::string_view) override { return why_; }
  Result<json::Value> item(std::string_view, std::string_view) const override { return why_; }
  // None can be read, and the desk opens all the same.
  Result<std::vector<json::Value>> items(std::string_view) const override {
    return std::vector<json::Value>();
  }
  [[nodiscard]] Result<std::unique_ptr<Scratch>> scratch() const override { return why_; }
  Result<consent::PersonState> person(const consent::Address&) const override { return why_; }
  Result<Subject> subject_by_token(std::string_view) const override { return why_; }
  Result<Subject> subject_by_code(std::string_view) const override { return why_; }
  Result<Subject> subject(const consent::SubjectId&) const override { return why_; }
  Result<proof::Receipt> receipt(const consent::SubjectId&, consent::Seq) const override { return why_; }
  Result<std::string> checkpoint() override { return why_; }
  [[nodiscard]] std::uint64_t signed_size() const override { return 0; }
  Status entries(std::uint64_t, std::uint64_t, const View&,
                 const std::function<Status(std::string_view line)>&) const override {
    return why_;
  }
  [[nodiscard]] proof::NodeReader nodes() const override {
    return [why = why_](unsigned, std::uint64_t) { return Result<Hash>(why); };
  }
  Result<Bytes> leaf_tile(std::uint64_t) const override { return why_; }
  Status wait_ready(int) const override { return why_; }
  Status verify(const Progress&) const override { return why_; }

 private:
  const Options options_;
  const store::FolderLock lock_;
  const Error why_;
  const proof::LogKey log_key_;
  Spill spill_;
};

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open_sealed(const Options& options, const Error& why) {
  CF_CHECK(check_folder(options.folder));
  CF_TRY(auto lock, store::FolderLock::take(options.folder));
  auto out = std::make_unique<SealedLedger>(options, std::move(lock), why);
  CF_CHECK(out->start());
  log::error("ledger.sealed", {{"error", why.message()}});
  return std::unique_ptr<Ledger>(std::move(out));
}

}  // namespace counterfoil::ledger
