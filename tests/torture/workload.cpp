// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/torture/workload.h"

#include "base/fd.h"
#include "base/limits.h"
#include "store/database.h"
#include "tests/support/people.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

namespace counterfoil::torture {
namespace {

using consent::EventType;
using ledger::test::kProof;
using ledger::test::kStart;
using ledger::test::kYes;
using ledger::test::phone;

// The day of kStart, whose next one begins within the leap that the ledger takes for a clock that is right.
const ledger::Retention kToday{"consent", "2026-09-21"};
constexpr std::int64_t kUntilTomorrow_s = 40'000;
constexpr int kEndWait_ms = 10'000;
constexpr int kEndWaitAfterFault_ms = 30;
constexpr int kReadyWait_ms = 10'000;

consent::EraseBody erase_by_link() {
  consent::EraseBody out;
  out.scope = "subject";
  out.via = "link";
  return out;
}

consent::WithdrawBody no_offers() {
  consent::WithdrawBody out;
  out.topics = {consent::TopicId("offers")};
  out.via = "link";
  return out;
}

}  // namespace

ledger::Options options_of(const std::string& folder, const Clock& clock, ErasableAnchor& anchor) {
  return {.folder = folder,
          .origin = "tres-faroles.example/demo/1",
          .clock = &clock,
          .anchor = &anchor,
          .timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0},
          .retention_of_stop = [](Instant) { return kProof; }};
}

Workload::Workload(CrashDisk& disk, std::string folder, Days days, std::uint64_t seed)
    : disk_(disk), anchor_(disk), folder_(std::move(folder)), days_(days), random_(seed), clock_(kStart) {}

Journal Workload::run() {
  std::filesystem::remove(spill_path(folder_));
  journal_.clock.emplace_back(0, clock_.now());
  set_up();
  for (const auto& step : steps(days_)) {
    if (ledger_ == nullptr && !open()) break;
    step();
    if (ledger_ != nullptr) learn_leaves();
  }
  ledger_.reset();
  if (auto spill = read_file(spill_path(folder_), limits::kSpillMax_records * limits::kSpillRecord_bytes))
    journal_.spill = *std::move(spill);
  return std::move(journal_);
}

// Whoever sees it fail tries once more.
void Workload::set_up() {
  journal_.created.asked = disk_.position();
  for (int again = 0; again < 2 && journal_.created.done == kNever; ++again) {
    const auto options = options_of(folder_, clock_, anchor_);
    if (ledger::Ledger::create(options)) journal_.created.done = disk_.position();
  }
}

bool Workload::open() {
  for (int again = 0; again < 2; ++again) {
    auto opened = ledger::FileLedger::open(options_of(folder_, clock_, anchor_));
    if (!opened) continue;
    ledger_ = *std::move(opened);
    return ledger_->wait_ready(kReadyWait_ms).has_value();
  }
  return false;
}

void Workload::restart() {
  ledger_.reset();
  clock_.reboot();
  open();
}

std::vector<std::function<void()>> Workload::steps(Days days) {
  using Step = std::function<void()>;
  if (days == Days::Erasure)
    return {[this] { opt_in_together(); }, [this] { confirm(); }, [this] { stop_by_number(); },
            [this] { erase(true); }};
  std::vector<Step> out = {
      [this] { opt_in_together(); }, [this] { opt_in(false); },  [this] { confirm(); },
      [this] { withdraw(); },        [this] { stop_by_link(); }, [this] { stop_by_number(); },
      [this] { stop_unknown(); },    [this] { erase(true); },    [this] { sweep(); },
      [this] { put_item(); },        [this] { remove_item(); },  [this] { put_item(); },
      [this] { checkpoint(); },      [this] { restart(); },      [this] { open_list(); },
  };
  if (days == Days::Many) {
    const std::vector<Step> more = {
        [this] { opt_in_together(); }, [this] { opt_in(false); }, [this] { confirm(); },
        [this] { withdraw(); },        [this] { erase(false); },  [this] { erase_among_others(); },
        [this] { put_item(); },        [this] { checkpoint(); },  [this] { checkpoint(); },
        [this] { change_log_key(); },
    };
    out.insert(out.end(), more.begin(), more.end());
    std::shuffle(out.begin(), out.end(), random_);
  }
  // Somebody must be there before anybody can go.
  const std::vector<Step> first = {[this] { opt_in(false); }, [this] { opt_in(true); },
                                   [this] { opt_in(false); }};
  out.insert(out.begin(), first.begin(), first.end());
  out.emplace_back([this] { checkpoint(); });
  return out;
}

// ---- people ----

std::size_t Workload::add_person(bool due_early) {
  const std::size_t n = journal_.people.size();
  journal_.people.push_back({.number = "+34600" + std::to_string(100'000 + n), .due_early = due_early});
  return n;
}

void Workload::ask_yes(Person& person) {
  Call call{.asked = disk_.position()};
  const auto& retention = person.due_early ? kToday : kYes;
  auto opened =
      ledger_->open_subject(ledger::test::somebody(person.number), ledger::test::grant(), retention, true);
  if (opened) {
    call.done = disk_.position();
    person.opened = *std::move(opened);
  }
  person.events.push_back({EventType::Grant, call, person.opened.event.seq});
}

void Workload::opt_in(bool due_early) {
  ask_yes(journal_.people[add_person(due_early)]);
}

void Workload::opt_in_together() {
  constexpr std::size_t kCallers = 3;
  for (std::size_t i = 0; i < kCallers; ++i) add_person(false);
  std::vector<std::thread> callers;
  for (std::size_t i = journal_.people.size() - kCallers; i < journal_.people.size(); ++i)
    callers.emplace_back([this, i] { ask_yes(journal_.people[i]); });
  for (auto& caller : callers) caller.join();
}

// A list in one commit.
void Workload::open_list() {
  constexpr std::size_t kTogether = 3;
  const std::size_t first = journal_.people.size();
  std::vector<ledger::Opening> openings;
  for (std::size_t i = 0; i < kTogether; ++i) {
    add_person(false);
    openings.push_back({ledger::test::somebody(journal_.people.back().number), ledger::test::grant(), kYes});
  }
  Call call{.asked = disk_.position()};
  const auto opened = ledger_->open_subjects(openings);
  if (opened) call.done = disk_.position();
  for (std::size_t i = 0; i < kTogether; ++i) {
    Person& person = journal_.people[first + i];
    if (opened) person.opened = (*opened)[i];
    person.events.push_back({EventType::Grant, call, person.opened.event.seq});
  }
}

Person* Workload::anybody() {
  std::vector<Person*> there;
  for (Person& person : journal_.people)
    if (!person.due_early && person.yes().done != kNever && person.gone.asked == kNever)
      there.push_back(&person);
  return there.empty() ? nullptr : there[static_cast<std::size_t>(random_() % there.size())];
}

void Workload::record(Person& person, EventType type, std::size_t asked,
                      const Result<ledger::Committed>& answer) {
  Event event{type, {.asked = asked}};
  if (answer) {
    event.call.done = disk_.position();
    event.seq = answer->seq;
  }
  if (type == EventType::Stop && person.stopped.done == kNever) person.stopped = event.call;
  person.events.push_back(event);
}

void Workload::confirm() {
  Person* const person = anybody();
  if (person == nullptr) return;
  const auto asked = disk_.position();
  record(*person, EventType::Confirm, asked,
         ledger_->confirm(person->opened.subject, ledger::test::confirmed_by_staff(), kYes));
}

void Workload::withdraw() {
  Person* const person = anybody();
  if (person == nullptr) return;
  const auto asked = disk_.position();
  record(*person, EventType::Withdraw, asked, ledger_->withdraw(person->opened.subject, no_offers(), kProof));
}

void Workload::stop_by_link() {
  Person* const person = anybody();
  if (person == nullptr) return;
  const auto asked = disk_.position();
  record(*person, EventType::Stop, asked,
         ledger_->stop_subject(person->opened.subject, ledger::test::stop_of_person(), kProof));
}

// A repeat writes nothing and has no place in the log.
void Workload::stop_by_number() {
  Person* const person = anybody();
  if (person == nullptr || person->stopped.asked != kNever) return;
  person->stopped.asked = disk_.position();
  if (ledger_->stop({phone(person->number)}, ledger::test::stop_of_person(), kProof))
    person->stopped.done = disk_.position();
}

void Workload::stop_unknown() {
  const std::string number = "+34600" + std::to_string(900'000 + journal_.stops.size());
  Call call{.asked = disk_.position()};
  if (ledger_->stop({phone(number)}, ledger::test::stop_of_person(), kProof)) call.done = disk_.position();
  journal_.stops.emplace_back(number, call);
}

// ---- endings ----

void Workload::ask_erasure(Person& person) {
  person.gone.asked = disk_.position();
  const auto id = ledger_->erase({person.opened.subject}, erase_by_link(), kProof, {});
  if (!id) return;
  person.gone.done = disk_.position();
  person.ending = *id;
}

void Workload::erase(bool wait) {
  Person* const person = anybody();
  if (person == nullptr) return;
  ask_erasure(*person);
  if (wait && person->ending != 0) wait_for_end(person->ending);
}

void Workload::erase_among_others() {
  Person* const first = anybody();
  if (first == nullptr) return;
  std::thread other([this, first] { ask_erasure(*first); });
  checkpoint();
  put_item();
  other.join();
  if (Person* const second = anybody(); second != nullptr) ask_erasure(*second);
  opt_in(false);
}

void Workload::wait_for_end(std::int64_t ending) const {
  const auto start = std::chrono::steady_clock::now();
  while (true) {
    const auto report = ledger_->erasure(ending);
    if (report && report->state == ledger::EndingReport::State::Ended) return;
    if (ledger_->health().read_only) return;
    const int wait_ms = disk_.has_failed() ? kEndWaitAfterFault_ms : kEndWait_ms;
    if (std::chrono::steady_clock::now() - start > std::chrono::milliseconds(wait_ms)) return;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void Workload::sweep() {
  const std::size_t asked = disk_.position();
  clock_.advance(kUntilTomorrow_s);
  journal_.clock.emplace_back(asked, clock_.now());
  const auto id = ledger_->sweep(true);
  // Not found: the ledger has swept by itself in the meantime.
  const bool swept = id || id.error().code == Code::NotFound;
  for (Person& person : journal_.people) {
    if (!person.due_early) continue;
    person.gone = {.asked = asked, .done = swept ? disk_.position() : kNever};
    person.ending = id ? *id : 0;
  }
  if (id) wait_for_end(*id);
}

// ---- the rest ----

void Workload::put_item() {
  Item item{.id = "link-" + std::to_string(journal_.items.size())};
  item.put.asked = disk_.position();
  if (ledger_->put_item("link", item.id, json::Object{{"id", item.id}})) item.put.done = disk_.position();
  journal_.items.push_back(item);
}

void Workload::remove_item() {
  if (journal_.items.empty()) put_item();
  Item& item = journal_.items.front();
  item.removed.asked = disk_.position();
  if (ledger_->remove_item("link", item.id)) item.removed.done = disk_.position();
}

void Workload::change_log_key() {
  journal_.log_key.asked = disk_.position();
  if (ledger_->change_log_key()) journal_.log_key.done = disk_.position();
}

void Workload::checkpoint() {
  if (const auto note = ledger_->checkpoint()) journal_.notes.push_back({*note, disk_.position()});
}

// As they stand in the file, signed or not; a place that is taken never changes.
void Workload::learn_leaves() {
  auto database = store::Database::open(ledger::ledger_path(folder_), {.read_only = true});
  if (!database) return;
  auto rows = database->prepare("SELECT seq, hash FROM leaf WHERE seq >= ?");
  if (!rows) return;
  rows->bind(1, journal_.leaves.size());
  while (true) {
    const auto row = rows->step();
    if (!row || !*row) return;
    if (const auto hash = exactly<32>(rows->blob(1))) journal_.leaves.push_back(*hash);
  }
}

}  // namespace counterfoil::torture
