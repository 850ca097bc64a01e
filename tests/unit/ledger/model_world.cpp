// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What can happen to a ledger, done to the real one and to the model.
#include "model_world.h"

#include "model_image.h"

#include <chrono>
#include <filesystem>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNumbers = {"+34600000001", "+34600000002", "+34600000003", "+34600000004"};
constexpr std::array kCases = {"k-1", "k-2"};
constexpr int kHold_days = 40;
const consent::RecipientId kHeadOffice("head-office");
const Retention kForLong{"proof", "2039-12"};

consent::HoldBody hold_for(const char* case_id, std::optional<Instant> until) {
  return {consent::CaseId(case_id), until, consent::UserId()};
}

}  // namespace

World::World() : box_(std::make_unique<Box>()) {
  box_->timing = kTimings[0];
  must(Ledger::create(box_->options()), "create");
  open_ledger();
}

void World::open(std::uint32_t a, std::uint32_t b) {
  ModelPerson person;
  person.number = kNumbers.at(a % kNumbers.size());
  const Retention kept = kept_for(20 + 30 * (b % 4));
  const auto opened =
      must(box_->ledger->open_subject(somebody(person.number), grant(), kept, false), "open_subject");
  person.id = opened.subject;
  person.token = opened.token;
  add(person, opened.event, kept);
  model_.people.push_back(std::move(person));
}

// A list, in which the same number may stand twice.
void World::open_list(std::uint32_t a, std::uint32_t b) {
  std::vector<Opening> list;
  for (std::uint32_t i = 0; i < 1 + a % 3; ++i)
    list.push_back(
        {somebody(kNumbers.at((a + i * b) % kNumbers.size())), grant(), kept_for(20 + 30 * (b % 4))});
  const auto opened = must(box_->ledger->open_subjects(list), "open_subjects");
  for (std::size_t i = 0; i < list.size(); ++i) {
    ModelPerson person;
    person.number = list[i].identity.addresses.front().value;
    person.id = opened[i].subject;
    person.token = opened[i].token;
    add(person, opened[i].event, list[i].retention);
    model_.people.push_back(std::move(person));
  }
}

void World::confirm(std::uint32_t a, std::uint32_t b) {
  ModelPerson* person = somebody_there(a);
  if (person == nullptr) return;
  const Retention kept = kept_for(60 + 30 * (b % 3));
  add(*person, must(box_->ledger->confirm(person->id, confirmed_by_staff(), kept), "confirm"), kept);
  person->confirmed = true;
}

void World::withdraw(std::uint32_t a, std::uint32_t b) {
  ModelPerson* person = somebody_there(a);
  if (person == nullptr) return;
  consent::WithdrawBody body;
  body.topics = {consent::TopicId(kTopics.at(b % kTopics.size()))};
  body.via = "link";
  add(*person, must(box_->ledger->withdraw(person->id, body, kForLong), "withdraw"), kForLong);
  person->withdrawn.insert(kTopics.at(b % kTopics.size()));
}

void World::stop(std::uint32_t a, std::uint32_t b) {
  const std::string number = kNumbers.at(a % kNumbers.size());
  consent::StopBody body = stop_of_person();
  body.by = static_cast<consent::Actor>(b % 4);
  must(box_->ledger->stop({phone(number)}, body, kForLong), "stop");
  model_.stop(number, body.by);
}

void World::stop_by_link(std::uint32_t a, std::uint32_t /*b*/) {
  ModelPerson* person = somebody_there(a);
  if (person == nullptr) return;
  consent::StopBody body = stop_of_person();
  body.via = "link";
  must(box_->ledger->stop_subject(person->id, body, kForLong), "stop_subject");
  model_.stop(person->number, body.by);
  person->chain_says_stop = true;
}

void World::hold(std::uint32_t a, std::uint32_t b) {
  ModelPerson* person = somebody_there(a);
  if (person == nullptr) return;
  const char* case_id = kCases.at(b % kCases.size());
  const auto until = b % 3 == 0 ? std::optional(box_->clock.now() + kHold_days * kDay_s) : std::nullopt;
  add(*person, must(box_->ledger->hold({person->id}, hold_for(case_id, until), kForLong), "hold"), kForLong);
  person->held[case_id] = until;
  person->ending.clear();  // what had not begun to end by now is held as well
}

void World::clear_hold(std::uint32_t a, std::uint32_t b) {
  ModelPerson* person = somebody_there(a);
  if (person == nullptr) return;
  const char* case_id = kCases.at(b % kCases.size());
  const consent::HoldClearBody body{consent::CaseId(case_id), consent::UserId("maria")};
  const auto cleared = must(box_->ledger->clear_hold({person->id}, body, kForLong), "clear_hold");
  add(*person, cleared, kForLong);
  person->held.erase(case_id);
  release();
}

void World::erase(std::uint32_t a, std::uint32_t /*b*/) {
  ModelPerson* person = somebody_there(a);
  if (person == nullptr) return;
  consent::EraseBody body;
  body.scope = "subject";
  body.via = "link";
  const auto id = must(box_->ledger->erase({person->id}, body, kForLong, {kHeadOffice}), "erase");
  model_.endings.emplace(id, static_cast<std::size_t>(person - model_.people.data()));
  model_.erase(*person, box_->clock.now());
  if (person->erased) ++erasures_;
}

void World::sweep(std::uint32_t a, std::uint32_t /*b*/) {
  box_->clock.advance(static_cast<std::int64_t>(1 + a % 40) * kDay_s);
  sweep_now();
}

void World::sweep_now() {
  release();
  const auto id = box_->ledger->sweep(true);
  must(id || id.error().code == Code::NotFound, "sweep");
  if (id) model_.endings.emplace(*id, std::nullopt);
  for (ModelPerson& person : model_.people) {
    if (!person.is_gone() && person.is_held(box_->clock.now())) follow_moved_lines(person);
  }
  model_.expire(month(0), box_->clock.now());
}

void World::record(std::uint32_t a, std::uint32_t /*b*/) {
  must(box_->ledger->record(consent::EventType::SysConfig,
                            json::Object{{"change", "link.add"}, {"n", static_cast<std::int64_t>(a)}}),
       "record");
}

void World::rotate(std::uint32_t /*a*/, std::uint32_t /*b*/) {
  if (box_->timing.overwrite_after_ms != 0 || box_->timing.rotate_every_ms != 0) restart(0, 0);
  wait_for_endings();
}

void World::restart(std::uint32_t a, std::uint32_t /*b*/) {
  box_->ledger.reset();
  box_->timing = kTimings.at(a % kTimings.size());
  open_ledger();
}

void World::crash(std::uint32_t a, std::uint32_t /*b*/) {
  become(take_image(), a);
}

void World::torn_crash(std::uint32_t a, std::uint32_t /*b*/) {
  const consent::Identity unheard = somebody(kNumbers.at(a % kNumbers.size()));
  while (true) {
    const auto commits = box_->ledger->commits();
    auto image = take_image();
    must(box_->ledger->open_subject(unheard, grant(), kForLong, false), "open_subject");
    const auto later = take_image();
    // Had the writer done something else in between, no power cut could leave this: it syncs the row of a job
    // away before it forgets the job's key.
    if (box_->ledger->commits() != commits + 1 ||
        as_text(later->anchor.view()) != as_text(image->anchor.view()) ||
        keys_in(later->folder.path()).jobs != keys_in(image->folder.path()).jobs)
      continue;
    copy_database(later->folder.path(), image->folder.path(), "keys.db");
    return become(std::move(image), a);
  }
}

void World::pull(std::uint32_t /*a*/, std::uint32_t /*b*/) {
  const auto seen = pulled_from(*box_->ledger, seen_);
  for (const ModelPerson& person : model_.people) {
    for (const ModelLine& line : person.lines)
      must(!seen.deleted.contains(line.seq), "I1: line " + line.name + " is gone");
    if (!person.is_gone() && model_.stopped.contains(person.number) && !person.partly_gone)
      must(state_of(person).stop.has_value(),
           "I5: a recipient is not told that " + person.number + " stopped");
  }
}

// The protocol has no such requests yet; this is what they will do to the ledger.
void World::push(std::uint32_t a, std::uint32_t /*b*/) {
  const std::string number = kNumbers.at(a % kNumbers.size());
  consent::StopBody heard;
  heard.by = consent::Actor::Machine;
  heard.via = "keyword";
  must(box_->ledger->stop({phone(number)}, heard, kForLong), "stop");
  model_.stop(number, heard.by);
  acknowledge_notices();
}

// A notice is written when the keys are gone, a moment before the erasure is reported as ended. Of one that
// was asked for after a backup a restored log knows nothing.
bool World::ends_soon(std::int64_t job) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (true) {
    const auto report = box_->ledger->erasure(job);
    if (!report || report->state == EndingReport::State::Ended) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void World::acknowledge_notices() {
  for (const json::Value& notice : must(box_->ledger->items(kNoticeKind), "notices")) {
    const auto job = must(notice.integer_at("job"), "a notice without a job");
    must(ends_soon(job), "I3: somebody is to be forgotten who is still here");
    const std::string name = notice_name(must(notice.string_at("recipient"), "recipient"),
                                         must(notice.string_at("handle"), "handle"), job);
    must(box_->ledger->remove_item(kNoticeKind, name), "remove_item");
    told_.insert(job);
  }
}

void World::clone(std::uint32_t /*a*/, std::uint32_t /*b*/) {
  const auto image = take_image();
  record(1, 0);
  pull(0, 0);
  Box twin;
  revive(*image, twin);
  must(twin.ledger->record(consent::EventType::SysConfig, json::Object{{"change", "link.remove"}}), "record");
  proof::Frontier seen = seen_;
  bool believed = true;
  try {
    pulled_from(*twin.ledger, seen);
  } catch (const Broken&) {
    believed = false;
  }
  must(!believed, "I2: a clone is believed after the original was");
}

struct World::Backup {
  support::TempFolder folder;
  Model model;
};

void World::backup(std::uint32_t /*a*/, std::uint32_t /*b*/) {
  auto fresh = std::make_shared<Backup>();
  must(Ledger::backup(box_->folder.path(), fresh->folder.path()), "backup");
  fresh->model = model_;
  backup_ = std::move(fresh);
}

void World::restore(std::uint32_t a, std::uint32_t b) {
  if (!backup_) return;
  if (b % 2 == 0) rotate(0, 0);
  const Model before = model_;
  const proof::LogKey old_key = box_->ledger->log_key();
  box_->ledger.reset();
  const KeyNames keys = keys_in(box_->folder.path());
  if (a % 2 == 0) {
    for (const char* name : {"ledger.db", "ledger.db-wal"}) fs::remove(box_->folder.file(name));
  }
  must(Ledger::restore(box_->options(), backup_->folder.path()), "restore");
  ++erasures_;  // the keys of before are of an epoch that is over
  box_->timing = kTimings[0];
  open_ledger();
  seen_ = {};
  check_new_incarnation(old_key);
  model_ = backup_->model;
  check_that_nobody_may_be_messaged();
  // What the copy cannot know is recorded once more.
  for (const auto& [number, by] : before.stopped) {
    consent::StopBody body = stop_of_person();
    body.by = by;
    must(box_->ledger->stop({phone(number)}, body, kForLong), "stop");
    model_.stop(number, by);
  }
  must(box_->ledger->vouch_for_stops(), "vouch_for_stops");
  find_lines_again(keys);
  sweep_now();  // as the ledger does by itself at each start
}

}  // namespace counterfoil::ledger::test
