// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The Ledger over files. Its rooms: create_open.cpp (start), submissions.cpp and stops.cpp (what is written),
// holds.cpp (what is kept), look_ups.cpp, moving.cpp, erasure.cpp, desk_items.cpp, fold_reader.cpp (people),
// log_reader.cpp (recipients), audit.cpp (verify), index_builder.cpp (what memory holds). Thread rule: as
// Ledger.
#pragma once

#include "counterfoil/proof/verify.h"
#include "ledger/head.h"
#include "ledger/keyring.h"
#include "ledger/ledger.h"
#include "ledger/memory.h"
#include "ledger/reader.h"
#include "ledger/second_copy.h"
#include "ledger/spill.h"
#include "ledger/stop_gate.h"
#include "ledger/writer.h"
#include "store/folder_lock.h"
#include "store/page_cache.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace counterfoil::ledger {

class FileLedger final : public Ledger {
 public:
  static Result<std::unique_ptr<FileLedger>> open(const Options& options);
  ~FileLedger() override;

  Result<Opened> open_subject(const consent::Identity& identity, const consent::GrantBody& body,
                              const Retention& retention, bool with_code) override;
  Result<std::vector<Opened>> open_subjects(const std::vector<Opening>& openings) override;
  Result<Committed> withdraw(const consent::SubjectId& subject, const consent::WithdrawBody& body,
                             const Retention& retention) override;
  Result<Committed> confirm(const consent::SubjectId& subject, const consent::ConfirmBody& body,
                            const Retention& retention) override;
  Result<Committed> stop(const std::vector<consent::Address>& addresses, const consent::StopBody& body,
                         const Retention& retention) override;
  Result<Committed> stop_subject(const consent::SubjectId& subject, const consent::StopBody& body,
                                 const Retention& retention) override;
  Result<Committed> sent(const consent::SubjectId& subject, const consent::SentBody& body,
                         const Retention& retention) override;
  Result<Committed> look_up(const std::vector<consent::SubjectId>& subjects, const consent::LookupBody& body,
                            const Retention& retention) override;
  Result<Committed> hold(const std::vector<consent::SubjectId>& subjects, const consent::HoldBody& body,
                         const Retention& retention) override {
    return keep(subjects, body, retention);
  }
  Result<Committed> clear_hold(const std::vector<consent::SubjectId>& subjects,
                               const consent::HoldClearBody& body, const Retention& retention) override {
    return keep(subjects, body, retention);
  }
  Result<Committed> inbound(const consent::SubjectId& subject, const consent::InboundBody& body,
                            const Retention& retention) override;
  Result<Committed> native(const std::vector<consent::SubjectId>& subjects, const consent::NativeBody& body,
                           const Retention& retention) override;
  Result<Committed> restrict(const std::vector<consent::SubjectId>& subjects,
                             const consent::RestrictBody& body, const Retention& retention) override {
    return keep(subjects, body, retention);
  }
  Result<std::int64_t> erase(const std::vector<consent::SubjectId>& subjects, const consent::EraseBody& body,
                             const Retention& retention,
                             const std::vector<consent::RecipientId>& recipients) override;
  Result<EndingReport> erasure(std::int64_t id) const override;
  Result<std::vector<consent::SubjectId>> joined(const consent::SubjectId& subject) const override;
  Result<std::string> sign(std::string_view typ, const json::Value& statement) const override;
  [[nodiscard]] std::vector<Retention> due(Instant now) const override;
  Result<RetentionReport> retention_report() const override;
  Result<Shortening> shorten(const std::string& retention_class,
                             const std::function<std::string(Instant t)>& cohort_of, bool really,
                             const Progress& progress) override;
  Result<std::int64_t> sweep(bool clock_is_right) override;
  Result<Committed> record(consent::EventType type, const json::Value& body) override;
  Result<Instant> change_log_key() override;
  Status vouch_for_stops() override;

  Status put_item(std::string_view kind, std::string_view id, const json::Value& value) override;
  Status remove_item(std::string_view kind, std::string_view id) override;
  Result<json::Value> item(std::string_view kind, std::string_view id) const override;
  Result<std::vector<json::Value>> items(std::string_view kind) const override;
  [[nodiscard]] Result<std::unique_ptr<Scratch>> scratch() const override;

  Result<consent::PersonState> person(const consent::Address& address) const override;
  Result<Subject> subject_by_token(std::string_view token) const override;
  Result<Subject> subject_by_code(std::string_view code) const override;
  Result<Subject> subject(const consent::SubjectId& id) const override;
  Result<std::vector<consent::Event>> events(const consent::SubjectId& id) const override;
  Result<std::vector<Subject>> submissions(const consent::Address& address) const override;
  Result<std::vector<Subject>> kept() const override;
  bool suppressed(const consent::Address& address) const override;
  Result<proof::Receipt> receipt(const consent::SubjectId& subject, consent::Seq seq) const override;

  Result<std::string> checkpoint() override;
  [[nodiscard]] std::uint64_t signed_size() const override;
  Status entries(std::uint64_t start, std::uint64_t end, const View& view,
                 const std::function<Status(std::string_view line)>& each) const override;
  [[nodiscard]] proof::NodeReader nodes() const override;
  Result<Bytes> leaf_tile(std::uint64_t n) const override;
  [[nodiscard]] const proof::LogKey& log_key() const override { return log_key_; }
  [[nodiscard]] LogKeys log_keys() const override { return keyring_.log_keys(); }

  [[nodiscard]] Health health() const override;
  [[nodiscard]] ClockState clock_state() const override;
  Status wait_ready(int timeout_ms) const override;
  Status verify(const Progress& progress) const override;

  // For figures in tests and benchmarks.
  [[nodiscard]] std::uint64_t commits() const { return writer_->commits(); }
  [[nodiscard]] std::size_t index_bytes() const { return memory_.index.bytes(); }

 private:
  /// What the builder has finished, in this order.
  enum class Built { Nothing, Addresses, Owners };
  struct FoundSubject {
    SubjectRow row;
    Key key;
    Card card;
  };

  FileLedger(const Options& options, store::FolderLock lock, store::PageCache keys_cache, Roots roots);
  static Status settle(Files& files);
  Status start(Anchor anchor, Files files);
  Result<std::vector<EndingJob>> load_endings(Committer& committer, std::uint64_t epoch);
  Status load_tags(Files& files);
  Status load_log_keys(Files& files);
  void open_spill();
  Status check_log(Files& files, const Position& position, const AnchorRecord& anchor);
  Status check_state(Files& files, const AnchorRecord& anchor);

  // Writing
  Result<Opened> draft_subject(const Opening& opening, bool with_code, Job& job);
  Result<std::string> reserve_code();
  Result<bool> code_is_dead(std::string_view code);
  Result<Committed> append_to(const consent::SubjectId& subject, const consent::EventBody& body,
                              const Retention& retention, const consent::Evidence* raised);

  // Holds
  Result<Retention> retention_of_look_up(Reader& reader, const Key& key, const Retention& wanted) const;
  Result<Committed> keep(const std::vector<consent::SubjectId>& subjects, const consent::EventBody& body,
                         const Retention& retention);
  Status load_kept();
  void move_kept(const std::vector<Retention>& due);
  struct Moving {
    std::map<std::int64_t, Retention> from;
    /// By the cohort and the time of the person's first line in it; nothing: it stays.
    std::function<std::optional<Retention>(const Retention& from, Instant t)> to;
    std::string reason;  // empty: what keeps the person
  };
  Result<std::size_t> draft_moves(Ordinal n, const Moving& moving, Job& job);
  Result<std::size_t> move_all_lines(Ordinal n, const Moving& moving);
  [[nodiscard]] Retention later_cohort(const std::string& retention_class) const;

  // Stops
  struct StopOrder {
    std::vector<consent::Address> addresses;
    consent::StopBody body;
    Retention retention{};                    // empty class: as the submission it is written to
    std::optional<consent::SubjectId> own{};  // the submission whose link was used
  };
  /// Where a walk over the submissions that name an address stands.
  struct StopWalk {
    std::vector<Ordinal> candidates;
    std::size_t next = 0;
    std::vector<PersonDraft> drafts;
  };
  [[nodiscard]] std::vector<Tag> tags_of(const StopOrder& order) const;
  [[nodiscard]] bool is_stopped(const std::vector<Tag>& tags) const;
  Result<Committed> stop_now(const StopOrder& order);
  Result<Committed> record_stop(const StopOrder& order);
  Result<Committed> spill_stop(const StopOrder& order);
  Status fold_spill();
  [[nodiscard]] StopWalk walk_of(const StopOrder& order) const;
  Status walk_on(const StopOrder& order, StopWalk& walk, std::size_t folds_max);
  Status draft_stop(const StopOrder& order, Ordinal n, Reader& reader, std::vector<PersonDraft>& drafts);
  Status add_nameless(Job& job, const StopOrder& order);
  void follow(StopOrder order);
  void follow_earlier_stop(const std::vector<consent::Address>& addresses);
  [[nodiscard]] std::optional<StopOrder> order_by_tags(const std::vector<consent::Address>& addresses) const;
  Result<Retention> retention_of_follower(Reader& reader, const Key& key) const;
  Status write_followers();
  Status write_tombstones();
  Status retire_log_key();
  Status check_leap(bool clock_is_right);
  Result<std::int64_t> expire(const std::vector<Retention>& cohorts);
  void keep_house();
  void copy_keys_elsewhere();
  Status write_follower(const StopOrder& order);
  Status follow_all_stops();

  // People
  Result<FoundSubject> open_row(SubjectRow row) const;
  static consent::Identity identity_of(const consent::SubjectState& state, const Card& card);
  /// What the next event of a submission is drafted from.
  struct Known {
    FoundSubject found;
    consent::SubjectState state;
    consent::Identity identity;  // as the events say by now
  };
  Result<Known> know(Reader& reader, const consent::SubjectId& id) const;
  static Result<PersonDraft> next_event(const Known& known, const consent::EventBody& body,
                                        const Retention& retention);
  Result<Subject> folded(Reader& reader, FoundSubject found) const;
  Result<std::vector<Subject>> folded_all(const std::vector<Ordinal>& wanted) const;
  using EachEvent = std::function<Status(const Result<consent::Event>& event)>;
  Status walk_chain(Reader& reader, const Key& key, const EachEvent& each) const;
  Result<consent::SubjectState> fold(Reader& reader, const Key& key) const;
  Result<consent::Event> event_of(const LeafRow& leaf, const Key& key) const;
  Result<Disclosures> disclosures_of(const LeafRow& leaf, const Key& key) const;

  // Recipients
  using KeyCache = std::map<Ordinal, Key>;  // of one request
  /// The newest checkpoint, after signing one when leaves have come since. Fails with Corrupt.
  Result<Head::Signed> signed_head() const;
  Result<const Key*> owner_key(std::uint64_t seq, Reader& reader, KeyCache& keys) const;
  Result<proof::Entry> entry_of(const LeafRow& leaf, const View& view, Reader& reader, KeyCache& keys) const;
  class StoredNodes;
  Status audit(std::uint64_t step_rows, const Progress& progress) const;
  Status audit_rows(std::uint64_t at, std::uint64_t until, proof::Verifier& verifier,
                    StoredNodes& nodes) const;
  Status audit_checkpoints(std::uint64_t size, const Progress& progress) const;
  Status audit_cards(std::uint64_t step_rows, const std::function<bool()>& go_on) const;
  Status audit_tags() const;
  Status audit_items() const;
  Status wait_built(Built what, int timeout_ms) const;

  // The scrubber's thread
  Status load_scrubbed();
  void scrub();
  void scrub_daily();

  // The builder's thread
  void build();
  void build_index();
  Status build_addresses(Ordinal last);
  Status build_owners(Ordinal last);
  Status check_chains(std::uint64_t owned);
  Status for_each_subject(Ordinal last, const std::function<Status(Reader&, const SubjectRow&)>& each);
  void set_built(Built what);
  void wait_or_close(int timeout_ms);
  void wait_for_followers(int timeout_ms);
  void wake_builder();

  const Options options_;
  const store::FolderLock lock_;
  const store::PageCache keys_cache_;  // before every connection to keys.db
  Keyring keyring_;
  const proof::LogKey log_key_;
  mutable ReaderPool readers_;
  Memory memory_;
  mutable Head head_;  // readers report trouble
  SecondCopy second_copy_;
  StopGate stop_gate_;
  Spill spill_;
  std::mutex keeping_mutex_;    // one thread at a time says what is kept, or asks for an erasure
  std::mutex following_mutex_;  // one thread at a time writes what follows from stops
  std::mutex followers_mutex_;
  std::vector<StopOrder> followers_;  // guarded by followers_mutex_
  bool follow_all_ = true;            // guarded by followers_mutex_: every chain must be looked at

  std::int64_t buried_on_ = 0;                     // UTC day; the builder's
  std::chrono::steady_clock::time_point copy_at_;  // the next second copy; the builder's

  mutable std::mutex built_mutex_;
  mutable std::condition_variable built_changed_;
  Built built_ = Built::Nothing;   // guarded by built_mutex_
  bool followers_wanted_ = false;  // guarded by built_mutex_
  std::atomic<bool> closing_{false};
  Ordinal last_at_start_ = 0;
  std::uint64_t size_at_start_ = 0;

  std::unique_ptr<Writer> writer_;
  std::thread builder_;
  std::thread scrubber_;
};

}  // namespace counterfoil::ledger
