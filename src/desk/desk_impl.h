// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The desk's one implementation, one file for each kind of question (README.md).
// Thread rule: as desk.h; mutex_ guards only what is named under it, and is never held across a commit.
#pragma once

#include "desk/account.h"
#include "desk/atlas.h"
#include "desk/tries.h"
#include "i18n/time_zone.h"

#include <atomic>
#include <map>
#include <mutex>
#include <set>

namespace counterfoil::desk {

/// The notice of a link in a language, composed from the catalogue and the configuration.
/// Fails with NotFound for a language the box does not speak.
Result<NoticeText> compose_notice(const consent::Business& business, const consent::OptInLink& link,
                                  std::string_view language);

/// What the submission's own link may know of stops by other hands: whoever typed somebody else's number must
/// not learn from it that the owner stopped.
bool link_knows_all(const consent::SubjectState& state);
/// Those that somebody proved come first: a stranger can make any number of others.
std::vector<ledger::Subject> proven_first(std::vector<ledger::Subject> subjects);
/// What people may call a topic: its title in each language, and its id.
std::vector<i18n::TopicWords> topic_words_of(const consent::Business& business);

/// Where a message stands that waits for a person.
struct Waiting {
  consent::SubjectId subject;
  consent::Seq seq;
  Instant since = 0;
  [[nodiscard]] std::string id() const;
};

class DeskImpl final : public Desk {
 public:
  DeskImpl(const consent::Business& business, decide::Rules rules, ledger::Ledger& ledger,
           const Clock& clock);
  /// Loads links and users, publishes new notices.
  Status start();

  [[nodiscard]] const consent::Business& business() const override { return business_; }
  [[nodiscard]] std::vector<consent::Missing> closed_because() const override { return missing_; }

  Result<OptInForm> opt_in_form(const consent::LinkId& link, std::string_view language) const override;
  Result<Submission> opt_in(const OptInRequest& request) override;
  Result<Submission> submission(std::string_view token) const override;
  Result<Submission> keep(std::string_view token, const std::vector<consent::TopicId>& topics) override;
  Result<Submission> undo(std::string_view token) override;
  Result<Submission> stop_all(std::string_view token) override;
  Result<Erasure> erase(std::string_view token) override;
  Result<Submission> restrict(std::string_view token, bool on) override;
  Result<Erasure> erase_number(std::string_view number, std::string_view region, std::string_view reason,
                               const User& by) override;
  Result<OpenNotices> open_notices() const override;
  Result<Erasure> erasure(std::string_view token) const override;
  Result<std::string> certificate(const Erasure& erasure) const override;
  Result<Instant> stop_by_number(std::string_view number, std::string_view region,
                                 const consent::StopBody& by) override;
  Result<Receipt> receipt(std::string_view token) const override;

  Result<Check> check(std::string_view number, std::string_view region, const User& by) override;
  [[nodiscard]] Result<decide::Question> question(const Asked& asked) const override;
  Result<std::vector<decide::Decision>> decide(const std::vector<decide::Question>& questions,
                                               const Moment& moment, const consent::UserId& by) override;
  Scrubs& scrubs() override { return scrubs_; }
  [[nodiscard]] Result<consent::Address> address(std::string_view number,
                                                 std::string_view region) const override;
  Result<std::vector<consent::Event>> timeline(const consent::Address& address,
                                               const consent::UserId& by) override;
  Result<Written> write(const Asked& message, const User& by) override;
  Result<std::vector<LookUpCount>> look_ups() const override;
  Result<std::size_t> hold(std::string_view number, std::string_view region,
                           const consent::HoldBody& body) override;
  Result<std::size_t> clear_hold(std::string_view number, std::string_view region,
                                 const consent::HoldClearBody& body) override;
  Result<std::size_t> restrict_number(std::string_view number, std::string_view region,
                                      const consent::RestrictBody& body) override;
  Result<std::vector<KeptSubmission>> kept() const override;
  Result<std::size_t> native(std::string_view number, std::string_view region,
                             consent::NativeBody body) override;
  Result<Heard> hear(const InboundMessage& message) override;
  [[nodiscard]] Result<std::vector<DoubtfulMessage>> doubtful() const override;
  Status settle(std::string_view id, bool is_stop, const User& by) override;
  Result<bool> rate(const QualityReport& report) override;
  Result<Submission> submission_by_code(std::string_view code, const User& by) override;
  Result<Submission> confirm(std::string_view code, const User& by) override;

  [[nodiscard]] bool needs_set_up() const override { return !has_manager_; }
  Result<std::string> new_set_up_code() override;
  Result<User> set_up(std::string_view code, std::string_view name, std::string_view password) override;
  Result<User> sign_in(std::string_view name, std::string_view password, const LoginPlace& place) override;
  Result<User> second_factor(std::string_view name, std::string_view code, const LoginPlace& place) override;
  Result<std::vector<std::string>> enrol(std::string_view name, ByteView secret,
                                         std::string_view code) override;
  Result<std::vector<std::string>> new_recovery_codes(std::string_view name, std::string_view code,
                                                      const LoginPlace& place) override;
  Status reset_factor(std::string_view name) override;
  [[nodiscard]] std::string new_till_mark() const override;
  [[nodiscard]] bool is_known_till(std::string_view mark) const override;
  Status add_user(std::string_view name, Role role, std::string_view password) override;
  Status remove_user(std::string_view name) override;
  Status change_password(std::string_view name, std::string_view password) override;
  Result<User> user(std::string_view name) const override;
  Result<std::vector<User>> users() const override;
  std::vector<consent::OptInLink> links() const override;
  Status add_link(const consent::OptInLink& link) override;
  Status add_peer(const Peer& peer) override;
  Status remove_peer(std::string_view name) override;
  Result<std::vector<Peer>> peers() const override;
  Result<Peer> peer_by_key(const Hash& spki_sha256) const override;
  Result<std::string> add_client(const Client& client) override;
  Status remove_client(std::string_view name) override;
  [[nodiscard]] std::vector<Client> clients() const override;
  [[nodiscard]] std::optional<Client> client_by_token(std::string_view token) const override;

  LogView log_view(const Peer& peer) override { return {business_, peer.recipient, ledger_}; }
  void keep_house() override;
  [[nodiscard]] const proof::LogKey& log_key() const override { return ledger_.log_key(); }
  [[nodiscard]] ClockState clock_state() const override { return ledger_.clock_state(); }

 private:
  /// A question but for the number, and with it.
  Result<decide::Question> about(const Asked& asked) const;
  Status put_number(decide::Question& question, std::string_view typed, std::string_view region) const;
  Result<Scrubs::Needs::Answer> decide_line(decide::Question question, std::string_view typed,
                                            std::string_view region, Instant as_of) const;
  Status note_scrub(const consent::UserId& client, std::uint64_t lines);
  Result<ledger::Subject> open_code(std::string_view code, const User& by);
  /// What was known of the number at that moment.
  [[nodiscard]] Result<consent::PersonState> person_at(const consent::Address& address,
                                                       const Moment& moment) const;
  /// Questions about one number at one instant, of which a look-up is noted.
  Result<std::vector<decide::Decision>> answer(const std::vector<decide::Question>& questions,
                                               const consent::Address& address,
                                               const consent::PersonState& person, Instant as_of,
                                               const consent::UserId& by);
  /// Without decisions somebody looked for another reason.
  Status note_look_up(const consent::UserId& by, std::vector<ledger::Subject> subjects,
                      const std::vector<decide::Decision>& decisions);
  /// The named one, or the channel's. BadInput "channel" or "sender".
  [[nodiscard]] Result<consent::SenderId> sender_of(consent::Channel channel,
                                                    const consent::SenderId& named) const;
  /// In the order in which they were reported.
  [[nodiscard]] Result<std::vector<Waiting>> waiting() const;
  Status take_back(const consent::TopicId& topic, const std::vector<ledger::Subject>& subjects);
  Status note_inbound(const ledger::Subject& subject, const consent::InboundBody& body);
  Result<DoubtfulMessage> open_doubtful(const consent::SubjectId& id, consent::Seq seq) const;
  Status forget_doubtful(Instant now);
  Status count_look_up(const consent::UserId& user, bool found);
  Status forget_look_ups(Instant now);
  /// The rating of a sender at that moment, as far as it was reported.
  [[nodiscard]] consent::Quality quality_at(const consent::SenderId& sender, Instant t) const;
  Status load_ratings();
  Status load_links();
  Status load_users();
  Status load_clients();
  Status load_till_key();
  [[nodiscard]] LoginTry login_try(std::string_view name, const LoginPlace& place) const;
  Result<Account> account(std::string_view name) const;  // NotFound
  Status change_account(const Account& account, std::string_view change);
  Status add_account(std::string_view name, Role role, std::string_view password);
  Status publish_notices(const consent::OptInLink& link);
  Result<consent::OptInLink> find_link(const consent::LinkId& id) const;
  [[nodiscard]] Submission view_of(std::string_view token, const ledger::Subject& subject) const;
  /// Ends the submission that a new one with this number corrects.
  Status end_corrected(const std::string& token, const std::string& number);
  Result<Submission> withdraw(std::string_view token, const std::vector<consent::TopicId>& kept,
                              std::string_view via);
  /// The record of a receipt, but for its signature.
  Result<json::Object> record_of(const std::vector<consent::Event>& events,
                                 const proof::CheckedReceipt& receipt) const;
  /// Without a region the number is read as one of the shop's own country.
  [[nodiscard]] Result<std::string> canonical_number(std::string_view number, std::string_view region) const;
  /// All that names the number. NotFound, BadInput "number".
  Result<std::vector<ledger::Subject>> submissions_of(std::string_view number, std::string_view region) const;
  /// The time as far as it can be trusted, else 0: no hold ends by a wrong clock.
  [[nodiscard]] Instant certain_now() const;
  /// Whoever could have pulled lines that name a person by a handle.
  [[nodiscard]] Result<std::vector<consent::RecipientId>> recipients_with_handles() const;
  Result<Erasure> end(const std::vector<ledger::Subject>& subjects, const consent::EraseBody& body);
  /// Puts an item that is not there yet and notes "<kind>.add" with the facts; Conflict.
  Status put_new(std::string_view kind, std::string_view name, const json::Value& item, json::Object facts);
  /// Removes an item and notes "<kind>.remove" with the facts.
  Status remove(std::string_view kind, std::string_view name, json::Object facts);
  Result<json::Value> known_item(std::string_view kind, std::string_view name) const;
  Status note_change(std::string_view change, json::Object facts);

  const consent::Business& business_;
  decide::Rules rules_;
  ledger::Ledger& ledger_;
  const Clock& clock_;
  std::vector<consent::Missing> missing_;
  Atlas atlas_;
  std::vector<i18n::TopicWords> topic_words_;
  std::atomic<bool> has_manager_{false};

  Key till_key_;  // signs marks of tills
  LoginTries password_tries_{limits::kTryDoublingsMax};
  LoginTries factor_tries_{limits::kFactorTryDoublingsMax};
  Tries code_tries_{limits::kTryDoublingsMax};

  std::atomic<Instant> house_kept_on_{0};  // a day

  std::mutex write_mutex_;     // one message is decided and noted at a time
  std::mutex ratings_mutex_;   // one report is recorded at a time
  std::mutex inbox_mutex_;     // one message begins or ends to wait at a time
  std::mutex look_ups_mutex_;  // one count is read and written at a time
  std::mutex users_mutex_;  // one change of a user at a time: no code is used twice, one manager is the last
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<consent::LinkId, consent::OptInLink> links_;
  std::set<Hash> published_;                                                  // notices in the log
  std::map<Hash, Client> clients_;                                            // by the hash of the token
  std::map<consent::SenderId, std::map<Instant, consent::Quality>> ratings_;  // and since when

  Scrubs scrubs_;  // last: its thread ends first
};

}  // namespace counterfoil::desk
