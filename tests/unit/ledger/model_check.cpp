// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What must hold of a ledger whatever happened to it: the model's side, power's, and a recipient's.
#include "model_image.h"

#include <chrono>
#include <filesystem>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

namespace fs = std::filesystem;

template <class T>
const T& there(const T* thing) {
  if (thing == nullptr) throw Broken("I4: a tombstone of another form");
  return *thing;
}

constexpr int kMovedAhead_days = 30;

}  // namespace

// ---- the model ----

std::string World::month(int days_from_now) const {
  return rfc3339(box_->clock.now() + days_from_now * kDay_s).substr(0, 7);
}
Retention World::kept_for(std::uint32_t days) const {
  return {"consent", month(static_cast<int>(days))};
}

ModelPerson* World::somebody_there(std::uint32_t a) {
  std::vector<ModelPerson*> there;
  for (ModelPerson& person : model_.people) {
    if (!person.is_gone()) there.push_back(&person);
  }
  return there.empty() ? nullptr : there.at(a % there.size());
}

void World::add(ModelPerson& person, const Committed& committed, const Retention& kept) const {
  const std::uint64_t seq = committed.seq.value;
  person.lines.push_back({box_->ledger->log_key().name + "#" + std::to_string(seq), seq, kept});
}

void World::release() {
  const auto erased = [this] {
    return std::count_if(model_.people.begin(), model_.people.end(), [](const auto& p) { return p.erased; });
  };
  const auto before = erased();
  model_.release(box_->clock.now());
  erasures_ += static_cast<std::uint64_t>(erased() - before);
}

// Held lines that were due go on under a later cohort, and an event of the person's own says so.
void World::follow_moved_lines(ModelPerson& person) const {
  for (const consent::Event& event : must(box_->ledger->events(person.id), "events")) {
    const auto* change = event.body ? std::get_if<consent::RetentionChangeBody>(&*event.body) : nullptr;
    const bool known = std::any_of(person.lines.begin(), person.lines.end(),
                                   [&](const ModelLine& line) { return line.seq == event.seq.value; });
    if (change == nullptr || known) continue;
    const Retention to{change->to.retention_class, change->to.until};
    must(to.cohort >= month(kMovedAhead_days), "I1: a held line was moved too little ahead");
    for (ModelLine& line : person.lines) {
      const bool moved =
          std::binary_search(change->lines.begin(), change->lines.end(), consent::Seq{line.seq});
      if (moved) line.kept = to;
    }
    add(person, {event.seq, event.t, event.clock}, to);
  }
  for (const ModelLine& line : person.lines)
    must(line.kept.cohort >= month(0), "I1: a held line that is due has not moved");
}

// ---- after every step ----

void World::check() const {
  for (const ModelPerson& person : model_.people) {
    if (!person.is_gone()) check_there(person);
    if (person.is_gone() && person.erased && !person.erasure_begins)
      must(!box_->ledger->subject(person.id) && !box_->ledger->subject_by_token(person.token),
           "I3: an erased person is found");
  }
  for (const auto& [number, by] : model_.stopped) {
    must(box_->ledger->suppressed(phone(number)), "I5: no tag for " + number);
    must(must(box_->ledger->person(phone(number)), "person").suppressed, "I5: contactable at " + number);
  }
  must(!box_->ledger->health().read_only, "read-only: " + box_->ledger->health().trouble);
}

consent::SubjectState World::state_of(const ModelPerson& person) const {
  return must(box_->ledger->subject_by_token(person.token), "I1: a person is not found").state;
}

void World::check_there(const ModelPerson& person) const {
  const auto state = state_of(person);
  must(!state.damaged, "I1: a person is damaged");
  must(state.events >= person.lines.size(), "I1: acknowledged events are missing");
  if (person.chain_says_stop) must(state.stop.has_value(), "I1: a stop is missing");
  if (person.erasure_waits) must(state.erase_asked && state.stop, "I1: an erasure that waits is forgotten");
  must((state.held_until() > box_->clock.now()) == person.is_held(box_->clock.now()),
       "I1: a hold is missing");
  if (person.partly_gone) return;
  must((state.proof_of(phone(person.number)) == consent::Evidence::Present) == person.confirmed,
       "I1: a confirmation is missing");
  for (const char* topic : kTopics) {
    const auto& pair = state.pairs.at({consent::Channel::WhatsApp, consent::TopicId(topic)});
    must(pair.taken_back == person.withdrawn.contains(topic), "I1: a withdrawal is missing");
  }
}

// ---- at the end ----

void World::check_end() {
  sweep(0, 0);  // what a hold kept from ending with an earlier sweep
  rotate(0, 0);
  pull(0, 0);
  const auto seen = pulled_from(*box_->ledger, seen_);
  must(seen.dark.empty(), "I3: a line is there although its keys are gone");
  for (const ModelPerson& person : model_.people) {
    for (const ModelLine& line : person.ending)
      must(seen.deleted.contains(line.seq), "I3: line " + line.name + " is still there");
    // A stop in the chain keeps its person as long as its own class says.
    const bool only_a_stop = !person.erased && model_.stopped.contains(person.number);
    if (person.is_gone() && !only_a_stop)
      must(!box_->ledger->subject(person.id), "I3: somebody without a line is still found");
  }
  acknowledge_notices();
  for (const auto& [job, person] : model_.endings)
    must(!person || model_.waits(person) || told_.contains(job),
         "I3: the head office was not told of an erasure");
  must(box_->ledger->verify({}), "verify");
  must(box_->ledger->health().trouble.empty(), "trouble: " + box_->ledger->health().trouble);
  restart(0, 0);
  check();
  check_old_image();
}

// Keys of before an erasure do not open with the anchor of today.
void World::check_old_image() {
  if (!old_image_ || old_image_->erasures == erasures_) return;
  box_->ledger.reset();
  Box thief;
  thief.timing = kTimings[0];
  thief.clock.set(box_->clock.now());
  for (const auto& file : fs::directory_iterator(old_image_->folder.path()))
    fs::copy(file, thief.folder.path());
  must(thief.anchor->write(0, anchor_bytes().view()), "anchor");
  const auto opened = FileLedger::open(thief.options());
  must(!opened && opened.error().code == Code::WrongKey, "I3: an old copy opens after an erasure");
}

void World::wait_for_endings() {
  record(0, 0);  // so that the writer looks whether a hold is over
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (const auto& [id, person] : model_.endings) {
    if (model_.waits(person)) continue;
    while (must(box_->ledger->erasure(id), "I1: an ending is unknown").state < EndingReport::State::Ended) {
      must(std::chrono::steady_clock::now() < deadline, "an ending does not end");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  for (ModelPerson& person : model_.people) person.erasure_begins = false;
}

// ---- after a restore ----

KeyNames keys_in(const std::string& folder) {
  store::OpenOptions read;
  read.read_only = true;
  auto keys = must(store::Database::open(keys_path(folder), read), "keys.db");
  KeyNames out;
  auto subjects = must(keys.prepare("SELECT sid FROM subj"), "subj");
  while (must(subjects.step(), "subj")) {
    consent::SubjectId id;
    std::copy_n(subjects.blob(0).begin(), id.bytes.size(), id.bytes.begin());
    out.subjects.insert(id);
  }
  auto cohorts = must(keys.prepare("SELECT class, until FROM cohort"), "cohort");
  while (must(cohorts.step(), "cohort")) out.cohorts.emplace(cohorts.text(0), cohorts.text(1));
  auto jobs = must(keys.prepare("SELECT id FROM job"), "job");
  while (must(jobs.step(), "job")) out.jobs.insert(jobs.integer(0));
  return out;
}

// The model is that of the backup: what still has its keys is there again under another number, and nothing
// else is.
void World::find_lines_again(const KeyNames& keys) {
  proof::Frontier nothing;
  const auto places = pulled_from(*box_->ledger, nothing).places;
  const auto find = [&](std::vector<ModelLine>& lines) {
    std::erase_if(lines, [&](ModelLine& line) {
      const auto at = places.find(line.name);
      if (at != places.end()) line.seq = at->second;
      return at == places.end();
    });
  };
  for (ModelPerson& person : model_.people) {
    const bool has_key = keys.subjects.contains(person.id);
    for (const ModelLine& line : person.lines) {
      const bool kept = has_key && keys.cohorts.contains({line.kept.retention_class, line.kept.cohort});
      const bool is_there = places.contains(line.name);
      // What is due goes by itself after a start, and so does whoever waits for a hold that is over by now;
      // either may have gone before it was looked for.
      const bool goes_on = person.erasure_waits && !person.is_held(box_->clock.now());
      const bool may_be_gone = !kept || line.kept.cohort < month(0) || goes_on;
      must(is_there ? kept : may_be_gone,
           is_there ? "I3: line " + line.name + " is back" : "I1: line " + line.name + " is lost");
      person.partly_gone = person.partly_gone || !is_there;
    }
    find(person.lines);
    find(person.ending);
    if (!has_key) person.erased = true;
    if (!has_key) person.erasure_waits = false;
  }
  std::erase_if(model_.endings, [&](const auto& ending) {
    const auto report = box_->ledger->erasure(ending.first);
    return !report && report.error().code == Code::NotFound &&
           (!ending.second || !keys.subjects.contains(model_.people[*ending.second].id));
  });
}

void World::check_new_incarnation(const proof::LogKey& old_key) const {
  const proof::LogKey& key = box_->ledger->log_key();
  must(key.name != old_key.name && key.spki != old_key.spki, "I2: a restored log goes on under its old name");
  std::string first;
  must(box_->ledger->entries(0, 1, {},
                             [&](std::string_view line) -> Status {
                               first = must(proof::decode_entry(line), "entry").leaf;
                               return {};
                             }),
       "entries");
  const auto genesis = must(proof::decode_leaf(first), "genesis");
  const json::Value* previous = genesis.body ? genesis.body->find("previous") : nullptr;
  must(previous != nullptr, "I2: a restored log does not say what it continues");
  const auto note = must(previous->string_at("checkpoint"), "previous");
  must(must(proof::read_checkpoint(note), "previous").origin ==
           must(previous->string_at("origin"), "previous"),
       "I2: a restored log continues something else");
}

void World::check_that_nobody_may_be_messaged() const {
  for (const ModelPerson& person : model_.people) {
    const auto state = must(box_->ledger->person(phone(person.number)), "person");
    must(state.damaged, "I5: contactable although later stops are missing: " + person.number);
  }
  for (const auto& [number, by] : model_.stopped)
    must(box_->ledger->suppressed(phone(number)), "I5: a restore lost the tag of " + number);
}

// ---- power ----

void World::open_ledger() {
  check_epoch();
  box_->ledger = must(FileLedger::open(box_->options()), "open");
  must(box_->ledger->wait_ready(60'000), "wait_ready");
}

SecretBytes World::anchor_bytes() const {
  return must(box_->anchor->read(0, ErasableAnchor::kAnchorBytes), "anchor");
}

void World::check_epoch() {
  const SecretBytes anchor = anchor_bytes();
  std::uint64_t epoch = 0;
  for (const std::size_t slot : {0U, 1'024U}) {
    const ByteView record = anchor.view().subspan(slot, 12);
    if (as_text(record.first(4)) != "CFA1") continue;
    std::uint64_t found = 0;
    for (const std::uint8_t byte : record.subspan(4)) found = found << 8 | byte;
    epoch = std::max(epoch, found);
  }
  must(epoch >= epoch_, "I6: epoch " + std::to_string(epoch) + " after " + std::to_string(epoch_));
  epoch_ = epoch;
}

void copy_database(const std::string& from, const std::string& to, const std::string& name) {
  for (const std::string suffix : {"", "-wal"}) {
    fs::remove(to + "/" + name + suffix);
    if (fs::exists(from + "/" + name + suffix))
      fs::copy_file(from + "/" + name + suffix, to + "/" + name + suffix);
  }
}

namespace {

struct Marks {
  std::string text;
  fs::file_time_type newest = fs::file_time_type::min();
};

Marks marks_of(const std::string& folder) {
  Marks out;
  for (const auto& file : fs::directory_iterator(folder)) {
    const auto written = file.last_write_time();
    out.newest = std::max(out.newest, written);
    out.text += file.path().filename().string() + " " + std::to_string(file.file_size()) + " " +
                std::to_string(written.time_since_epoch().count()) + "\n";
  }
  return out;
}

}  // namespace

/// Nobody wrote while it was taken: files have the same times before and after, and the kernel's clock for
/// them has moved on since the last write.
std::unique_ptr<World::Image> World::take_image() const {
  constexpr auto kTick = std::chrono::milliseconds(20);
  while (true) {
    const Marks before = marks_of(box_->folder.path());
    if (fs::file_time_type::clock::now() - before.newest < kTick) {
      std::this_thread::sleep_for(kTick / 4);
      continue;
    }
    auto out = std::make_unique<Image>();
    for (const char* name : {"ledger.db", "keys.db", "desk.db"})
      copy_database(box_->folder.path(), out->folder.path(), name);
    out->anchor = anchor_bytes();
    out->erasures = erasures_;
    if (marks_of(box_->folder.path()).text == before.text) return out;
  }
}

void World::revive(const Image& image, Box& box) const {
  box.clock.set(box_->clock.now());
  box.timing = kTimings[0];
  for (const auto& file : fs::directory_iterator(image.folder.path())) fs::copy(file, box.folder.path());
  must(box.anchor->write(0, image.anchor.view()), "anchor");
  box.ledger = must(FileLedger::open(box.options()), "open");
  must(box.ledger->wait_ready(60'000), "wait_ready");
}

void World::become(std::unique_ptr<Image> image, std::uint32_t timing) {
  box_->ledger.reset();
  auto next = std::make_unique<Box>();
  next->clock.set(box_->clock.now());
  next->timing = kTimings.at(timing % kTimings.size());
  for (const auto& file : fs::directory_iterator(image->folder.path())) fs::copy(file, next->folder.path());
  must(next->anchor->write(0, image->anchor.view()), "anchor");
  box_ = std::move(next);
  open_ledger();
  if (!old_image_) old_image_ = std::move(image);
}

// ---- the recipient ----

namespace {

void note_told(const proof::Leaf& leaf, std::set<std::uint64_t>& told) {
  if (leaf.typ != consent::EventType::EraseDone && leaf.typ != consent::EventType::ExpireDone) return;
  for (const json::Value& range : there(there(leaf.body->find("seqs")).array())) {
    const json::Array& ends = there(range.array());
    for (auto n = there(ends.at(0).integer()); n <= there(ends.at(1).integer()); ++n)
      told.insert(static_cast<std::uint64_t>(n));
  }
}

// The log and the number under which a line was first written.
std::string name_of(const proof::Leaf& leaf, const std::string& disclosure) {
  const auto body = must(json::read(disclosure), "disclosure");
  const json::Value* was = body.find("was");
  if (was == nullptr) return leaf.log + "#" + std::to_string(leaf.seq.value);
  return must(was->string_at("log"), "was") + "#" + std::to_string(must(was->integer_at("seq"), "was"));
}

}  // namespace

/// Pulls what is new after `seen`, then checks all lines from the first.
World::Seen World::pulled_from(FileLedger& ledger, proof::Frontier& seen) {
  for (int attempt = 0;; ++attempt) {
    const auto note = must(ledger.checkpoint(), "checkpoint");
    const auto size = must(proof::read_checkpoint(note), "note").size;
    must(size >= seen.size(), "I2: the log became shorter");
    proof::Verifier later(ledger.log_key());
    later.resume(seen);
    proof::Verifier whole(ledger.log_key());
    Seen out;
    std::set<std::uint64_t> told;
    std::uint64_t seq = 0;
    must(ledger.entries(0, size, {.recipient = {}, .identity = true, .consent = true},
                        [&](std::string_view line) -> Status {
                          if (seq >= seen.size()) later.feed(line);
                          whole.feed(line);
                          note_line(line, seq++, out, told);
                          return {};
                        }),
         "entries");
    const bool extends = later.finish(note).has_value();
    const bool sound = whole.finish(note).has_value();
    // Lines that were deleted while they came get their tombstone with the next checkpoint.
    if (attempt < 5 && (!extends || !sound || out.deleted != told)) continue;
    must(extends, "I2: " + (extends ? std::string() : later.findings().front().text));
    must(sound, "I4: " + (sound ? std::string() : whole.findings().front().text));
    must(out.deleted == told, "I4: a tombstone speaks of a line that is there");
    seen = later.frontier();
    return out;
  }
}

void World::note_line(std::string_view line, std::uint64_t seq, Seen& seen, std::set<std::uint64_t>& told) {
  const auto entry = must(proof::decode_entry(line), "entry");
  if (entry.deleted()) {
    seen.deleted.insert(seq);
    return;
  }
  const auto leaf = must(proof::decode_leaf(entry.leaf), "leaf");
  if (!leaf.person) {
    note_told(leaf, told);
  } else if (entry.d[1]) {
    seen.places.emplace(name_of(leaf, entry.d[1]->text), seq);
  } else {
    seen.dark.insert(seq);
  }
}

}  // namespace counterfoil::ledger::test
