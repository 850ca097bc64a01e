// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/torture/aftermath.h"

#include "base/limits.h"
#include "board/fake/manual_clock.h"
#include "counterfoil/proof/leaf.h"
#include "ledger/anchor.h"
#include "ledger/keyring.h"
#include "tests/support/people.h"
#include "tests/torture/workload.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace counterfoil::torture {
namespace {

using consent::EventType;
using ledger::EndingReport;
using ledger::test::phone;

constexpr int kWait_ms = 20'000;
const ledger::View kEverything{.recipient = {}, .identity = true, .consent = true};
constexpr const char* kNewNumber = "+34600999999";

bool holds_topic(const consent::SubjectState& state, const char* topic, consent::State wanted) {
  return std::any_of(state.pairs.begin(), state.pairs.end(), [&](const auto& pair) {
    return pair.first.second.text() == topic && pair.second.state == wanted;
  });
}

/// The lines that a tombstone's body names; none for another event's.
std::vector<std::uint64_t> covered_by(const json::Value& body) {
  std::vector<std::uint64_t> out;
  const json::Value* const seqs = body.find("seqs");
  const json::Array* const ranges = seqs == nullptr ? nullptr : seqs->array();
  if (ranges == nullptr) return out;
  for (const json::Value& range : *ranges) {
    const json::Array* const ends = range.array();
    if (ends == nullptr || ends->size() != 2) continue;
    const std::int64_t* const first = ends->front().integer();
    const std::int64_t* const last = ends->back().integer();
    for (std::int64_t seq = first == nullptr ? 0 : *first; last != nullptr && seq <= *last; ++seq)
      out.push_back(static_cast<std::uint64_t>(seq));
  }
  return out;
}

class Aftermath {
 public:
  Aftermath(Image image, std::string folder, const Expected& expected)
      : disk_(std::move(image)),
        anchor_(disk_),
        folder_(std::move(folder)),
        vfs_(disk_, folder_),
        expected_(expected) {
    for (const auto& [from, now] : expected.journal.clock)
      if (from < expected.point) clock_.set(now);
    clock_.reboot();
  }

  Verdict judge() {
    if (start()) {
      write_again();
      wait_for_endings();
      // Stops that were spilled are in their chains by the next checkpoint.
      demand("checkpoint()", ledger_->checkpoint());
      for (const Person& person : journal().people) judge_person(person);
      judge_stops();
      judge_items();
      judge_log();
      judge_keys();
      demand("verify()", ledger_->verify({}));
    }
    ledger_.reset();
    return {std::move(wrongs_), disk_.take_recording(), std::move(notes_)};
  }

 private:
  [[nodiscard]] const Journal& journal() const { return expected_.journal; }
  [[nodiscard]] bool must(const Call& call) const { return call.must_hold(expected_.point); }
  [[nodiscard]] bool may(const Call& call) const { return call.may_hold(expected_.point); }
  [[nodiscard]] bool is_living(const Person& person) const { return must(person.yes()) && !may(person.gone); }

  void wrong(std::string words) { wrongs_.push_back(std::move(words)); }
  template <class T>
  bool demand(const std::string& what, const Result<T>& result) {
    if (!result) wrong(what + ": " + result.error().message());
    return result.has_value();
  }

  bool start();
  void wait_for_endings();
  void wait_for_ending(std::int64_t id);
  void judge_person(const Person& person);
  void judge_living(const Person& person, const ledger::Subject& subject);
  void judge_stops();
  void judge_items();
  void write_again();
  void judge_log();
  void judge_leaves(const std::vector<proof::Entry>& entries);
  void judge_notes(const std::vector<proof::Entry>& entries);
  void judge_lines(const std::vector<proof::Entry>& entries);
  void judge_event(const Person& person, const Event& event, const std::vector<proof::Entry>& entries);
  void judge_keys();
  bool anchor_is_clean(store::Database& keys);

  CrashDisk disk_;
  CrashAnchor anchor_;
  const std::string folder_;
  CrashVfs vfs_;
  const Expected& expected_;
  board::ManualClock clock_;
  std::unique_ptr<ledger::FileLedger> ledger_;
  std::set<std::uint64_t> buried_;  // lines that a tombstone covers
  std::vector<Note> notes_;
  std::vector<std::string> wrongs_;
};

// A set-up that nobody was told of may be begun anew. Keys without an event are swept in the queue before all
// that is asked for later.
bool Aftermath::start() {
  const auto options = options_of(folder_, clock_, anchor_);
  auto opened = ledger::FileLedger::open(options);
  if (!opened && !must(journal().created)) {
    if (!demand("the set-up that was cut cannot be done again", ledger::Ledger::create(options)))
      return false;
    opened = ledger::FileLedger::open(options);
  }
  if (!demand("the ledger does not open", opened)) return false;
  ledger_ = *std::move(opened);
  if (!demand("the ledger does not get ready", ledger_->wait_ready(kWait_ms))) return false;
  if (!demand("the chains are not walked", ledger_->entries(0, 0, kEverything, {}))) return false;
  const auto health = ledger_->health();
  if (health.trouble.empty()) return true;
  wrong("trouble after the start: " + health.trouble);
  return false;
}

void Aftermath::wait_for_endings() {
  std::set<std::int64_t> asked;
  for (const Person& person : journal().people)
    if (must(person.gone) && person.ending != 0) asked.insert(person.ending);
  for (const std::int64_t id : asked) wait_for_ending(id);
}

void Aftermath::wait_for_ending(std::int64_t id) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kWait_ms);
  while (true) {
    const auto report = ledger_->erasure(id);
    if (!demand("an erasure is forgotten", report)) return;
    if (report->state == EndingReport::State::Ended) return;
    if (!ledger_->health().trouble.empty() || std::chrono::steady_clock::now() > until)
      return wrong("an erasure does not come to its end: " + ledger_->health().trouble);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void Aftermath::judge_person(const Person& person) {
  const auto found = ledger_->person(phone(person.number));
  if (!demand(person.number + " cannot be asked for", found)) return;
  if (found->damaged) return wrong(person.number + " is damaged");
  if (!must(person.yes())) return;
  if (must(person.stopped) && !ledger_->suppressed(phone(person.number)))
    wrong(person.number + " was told that the stop stands, and it does not");
  const auto subject = ledger_->subject_by_token(person.opened.token);
  if (must(person.gone)) {
    if (subject || !found->subjects.empty()) wrong(person.number + " was told to be erased, and is there");
    if (!person.due_early && !found->suppressed) wrong(person.number + " was erased and is not suppressed");
    return;
  }
  if (may(person.gone)) return;
  if (found->subjects.size() != 1) wrong(person.number + " is not found by address");
  if (demand(person.number + " is lost", subject)) judge_living(person, *subject);
}

void Aftermath::judge_living(const Person& person, const ledger::Subject& subject) {
  const auto& state = subject.state;
  if (state.damaged) wrong(person.number + " does not fold");
  std::uint64_t told = 0;
  for (const Event& event : person.events) {
    if (!must(event.call)) continue;
    ++told;
    const bool stands =
        event.type == EventType::Confirm ? state.proof_of(phone(person.number)) >= consent::Evidence::Present
        : event.type == EventType::Withdraw ? holds_topic(state, "offers", consent::State::ConsentWithdrawn)
        : event.type == EventType::Stop     ? state.stop.has_value()
                                            : !state.pairs.empty();
    if (!stands)
      wrong(person.number + ": " + std::string(consent::event_name(event.type)) +
            " was recorded and is lost");
  }
  if (state.events < told) wrong(person.number + ": events are lost");
  if (must(person.stopped) && !state.stop) wrong(person.number + ": the stop is not in the chain");
}

void Aftermath::judge_stops() {
  for (const auto& [number, call] : journal().stops)
    if (must(call) && !ledger_->suppressed(phone(number))) wrong(number + ": the stop is lost");
}

void Aftermath::judge_items() {
  for (const Item& item : journal().items) {
    const auto found = ledger_->item("link", item.id);
    if (!found && found.error().code != Code::NotFound) wrong(item.id + ": " + found.error().message());
    if (must(item.removed) && found) wrong(item.id + " was removed and is there");
    if (must(item.put) && !may(item.removed) && !found) wrong(item.id + " is lost");
  }
}

void Aftermath::write_again() {
  demand("no item can be written", ledger_->put_item("link", "after", json::Object{}));
  demand("no event can be written", ledger_->record(EventType::SysMeta, json::Object{{"version", "after"}}));
  if (!expected_.sign_anew) return;
  const auto opened = ledger_->open_subject(ledger::test::somebody(kNewNumber), ledger::test::grant(),
                                            ledger::test::kYes, true);
  if (!demand("nobody can opt in", opened)) return;
  const auto found = ledger_->person(phone(kNewNumber));
  if (!found || found->damaged || found->subjects.empty()) wrong("whoever opts in now is not found");
}

void Aftermath::judge_log() {
  const auto note = ledger_->checkpoint();
  if (!demand("no checkpoint can be signed", note)) return;
  const auto checkpoint = proof::open_checkpoint(*note, ledger_->log_key());
  if (!demand("the checkpoint does not open", checkpoint)) return;
  const bool changed = !ledger_->log_keys().lines.empty();
  if (must(journal().log_key) && !changed) wrong("the new key of the log is lost");
  if (changed && !may(journal().log_key)) wrong("the log has a key that nobody asked for");
  std::vector<proof::Entry> entries;
  const auto read = ledger_->entries(0, checkpoint->size, kEverything, [&](std::string_view line) -> Status {
    CF_TRY(auto entry, proof::decode_entry(line));
    entries.push_back(std::move(entry));
    return {};
  });
  if (!demand("the lines cannot be read", read)) return;
  notes_ = expected_.notes;
  notes_.push_back({*note, 0});
  judge_leaves(entries);
  judge_notes(entries);
  notes_.back().done = disk_.position();
  judge_lines(entries);
}

void Aftermath::judge_leaves(const std::vector<proof::Entry>& entries) {
  std::uint64_t told = 0;
  for (const Person& person : journal().people)
    for (const Event& event : person.events)
      if (must(event.call)) told = std::max(told, event.seq.value + 1);
  if (told > entries.size()) return wrong(std::to_string(told - entries.size()) + " events are lost");
  for (std::uint64_t seq = 0; seq < told; ++seq)
    if (entries[seq].hash != journal().leaves.at(seq))
      wrong("event " + std::to_string(seq) + " is another one");
}

// Whatever was signed and handed out is a beginning of what is signed now.
void Aftermath::judge_notes(const std::vector<proof::Entry>& entries) {
  std::vector<Hash> roots = {proof::Frontier().root()};
  proof::Frontier frontier;
  for (const proof::Entry& entry : entries) {
    frontier.push(entry.hash);
    roots.push_back(frontier.root());
  }
  for (const Note& note : notes_) {
    const auto checkpoint = proof::read_checkpoint(note.text);
    if (!checkpoint || checkpoint->size >= roots.size()) {
      wrong("the log is shorter than a checkpoint that was handed out");
    } else if (roots[checkpoint->size] != checkpoint->root) {
      wrong("the log contradicts the checkpoint of " + std::to_string(checkpoint->size) + " events");
    }
  }
}

void Aftermath::judge_lines(const std::vector<proof::Entry>& entries) {
  for (const proof::Entry& entry : entries) {
    if (entry.deleted()) continue;
    const auto leaf = proof::decode_leaf(entry.leaf);
    if (!demand("a line is damaged", leaf) || !leaf->body) continue;
    const auto covered = covered_by(*leaf->body);
    buried_.insert(covered.begin(), covered.end());
  }
  for (const Person& person : journal().people)
    for (const Event& event : person.events)
      // A stop that was spilled has no line yet; the person is asked for it above.
      if (must(event.call) && event.seq.value != 0 && event.seq.value < entries.size())
        judge_event(person, event, entries);
}

void Aftermath::judge_event(const Person& person, const Event& event,
                            const std::vector<proof::Entry>& entries) {
  const std::uint64_t seq = event.seq.value;
  const proof::Entry& entry = entries[seq];
  const std::string name = "event " + std::to_string(seq) + " of " + person.number;
  if (is_living(person)) {
    if (buried_.contains(seq)) wrong(name + " has a false tombstone");
    if (entry.deleted()) return wrong(name + " is deleted");
    const auto identity = entry.d[0] && entry.d[1] ? consent::decode_identity(entry.d[0]->text)
                                                   : Result<consent::Identity>(fail(Code::NotFound));
    if (!identity || identity->addresses.empty() || identity->addresses.front().value != person.number)
      wrong(name + " does not decrypt");
  } else if (must(person.gone)) {
    if (!entry.deleted()) wrong(name + " was to be deleted");
    if (!buried_.contains(seq)) wrong(name + " has no tombstone");
  }
}

void Aftermath::judge_keys() {
  auto keys = store::Database::open(ledger::keys_path(folder_), {.read_only = true});
  if (!demand("keys.db does not open", keys)) return;
  for (const Person& person : journal().people) {
    if (!must(person.yes()) || !must(person.gone)) continue;
    const auto rows = keys->query_integer("SELECT count(*) FROM subj WHERE sid = x'" +
                                          hex(person.opened.subject.bytes) + "'");
    if (demand("keys.db", rows) && *rows != 0) wrong(person.number + " was erased, and the key is there");
  }
  // An erasure that nobody was told of may be on its way.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kWait_ms);
  while (!anchor_is_clean(*keys)) {
    if (std::chrono::steady_clock::now() > until)
      return wrong("the anchor holds the secret of another epoch");
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

bool Aftermath::anchor_is_clean(store::Database& keys) {
  const auto epoch = ledger::stored_epoch(keys);
  ledger::Anchor anchor(anchor_);
  return epoch && anchor.open(*epoch) && !anchor.has_leftover();
}

bool has_records(ByteView spill) {
  return spill.size() > limits::kSpillRecord_bytes && spill[limits::kSpillRecord_bytes] != 0;
}

// The last judge may have folded its stops in, or spilled one. Most did not: then two megabytes stay
// unwritten.
void put_back_spill(const std::string& folder, ByteView spill) {
  constexpr std::size_t kHeadAndFirst_bytes = 8192;
  std::string begins(std::min(kHeadAndFirst_bytes, spill.size()), ' ');
  std::ifstream now(spill_path(folder), std::ios::binary);
  if (now.read(begins.data(), static_cast<std::streamsize>(begins.size())) &&
      as_text(spill.first(begins.size())) == begins && !spill.empty())
    return;
  std::filesystem::remove(spill_path(folder));
  if (!spill.empty()) std::ofstream(spill_path(folder), std::ios::binary) << as_text(spill);
}

}  // namespace

Verdict judge(Image image, const std::string& folder, const Expected& expected) {
  const ByteView left = expected.journal.spill;
  put_back_spill(folder, expected.spilled || !has_records(left) ? left : ByteView());
  return Aftermath(std::move(image), folder, expected).judge();
}

}  // namespace counterfoil::torture
