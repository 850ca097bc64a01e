// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Random sequences of everything that happens to a ledger, compared with a short reference model after every
// step:
//   I1  what was acknowledged is there        I4  a line has a tombstone if and only if it is gone
//   I2  what was signed is only ever extended I5  whoever was stopped is never contactable
//   I3  whoever was erased cannot be read     I6  epochs only grow
// A failing sequence is shrunk and printed with its seed. COUNTERFOIL_MODEL_SEED replays one,
// COUNTERFOIL_MODEL_SEQUENCES runs as many.
#include "model.h"

#include "counterfoil/proof/verify.h"
#include "fixture.h"
#include "ledger/anchor.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <thread>

namespace counterfoil::ledger::test {
namespace {

constexpr unsigned kSequences = 20;
constexpr std::uint32_t kFirstSeed = 20'261'127;
constexpr std::size_t kSteps = 30;
constexpr unsigned kShrinkRuns = 60;
constexpr int kNever_ms = 3'600'000;
constexpr std::array kTimings = {Timing{0, 0}, Timing{0, kNever_ms}, Timing{kNever_ms, 0}};
constexpr std::array kNumbers = {"+34600000001", "+34600000002", "+34600000003", "+34600000004"};
constexpr std::array kTopics = {"offers", "orders"};

namespace fs = std::filesystem;

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void must(bool holds, const std::string& otherwise) {
  if (!holds) throw Broken(otherwise);
}
template <class T>
T must(Result<T> result, const std::string& what) {
  if (!result) throw Broken(what + ": " + result.error().message());
  return *std::move(result);
}
void must(const Status& status, const std::string& what) {
  if (!status) throw Broken(what + ": " + status.error().message());
}

template <class T>
const T& there(const T* thing) {
  if (thing == nullptr) throw Broken("I4: a tombstone of another form");
  return *thing;
}

/// The three files and the anchor as a power cut leaves them.
struct Image {
  support::TempFolder folder;
  SecretBytes anchor;
  std::size_t erased = 0;  // persons erased when it was taken
};

/// A ledger, the model of it, and a recipient who pulls.
class World {
 public:
  World() : box_(std::make_unique<Box>()) {
    box_->timing = kTimings[0];
    must(Ledger::create(box_->options()), "create");
    open_ledger();
  }

  // ---- what can happen ----

  void open(std::uint32_t a, std::uint32_t b) {
    ModelPerson person;
    person.number = kNumbers.at(a % kNumbers.size());
    const Retention kept = kept_for(20 + 30 * (b % 4));
    const auto opened =
        must(box_->ledger->open_subject(somebody(person.number), grant(), kept, false), "open_subject");
    person.id = opened.subject;
    person.token = opened.token;
    person.lines.push_back({opened.event.seq.value, kept.cohort});
    model_.people.push_back(std::move(person));
  }
  void confirm(std::uint32_t a, std::uint32_t b) {
    ModelPerson* person = somebody_there(a);
    if (person == nullptr) return;
    const Retention kept = kept_for(60 + 30 * (b % 3));
    add(*person, must(box_->ledger->confirm(person->id, confirmed_by_staff(), kept), "confirm"), kept);
    person->confirmed = true;
  }
  void withdraw(std::uint32_t a, std::uint32_t b) {
    ModelPerson* person = somebody_there(a);
    if (person == nullptr) return;
    consent::WithdrawBody body;
    body.topics = {consent::TopicId(kTopics.at(b % kTopics.size()))};
    body.via = "link";
    add(*person, must(box_->ledger->withdraw(person->id, body, kForLong), "withdraw"), kForLong);
    person->withdrawn.insert(kTopics.at(b % kTopics.size()));
  }
  void stop(std::uint32_t a, std::uint32_t b) {
    const std::string number = kNumbers.at(a % kNumbers.size());
    consent::StopBody body = stop_of_person();
    body.by = static_cast<consent::Actor>(b % 4);
    must(box_->ledger->stop({phone(number)}, body, kForLong), "stop");
    model_.stop(number, body.by);
  }
  void stop_by_link(std::uint32_t a, std::uint32_t /*b*/) {
    ModelPerson* person = somebody_there(a);
    if (person == nullptr) return;
    consent::StopBody body = stop_of_person();
    body.via = "link";
    must(box_->ledger->stop_subject(person->id, body, kForLong), "stop_subject");
    model_.stop(person->number, body.by);
    person->chain_says_stop = true;
  }
  void erase(std::uint32_t a, std::uint32_t /*b*/) {
    ModelPerson* person = somebody_there(a);
    if (person == nullptr) return;
    consent::EraseBody body;
    body.scope = "subject";
    body.via = "link";
    model_.endings.push_back(must(box_->ledger->erase({person->id}, body, kForLong, {}), "erase"));
    model_.erase(*person);
  }
  void sweep(std::uint32_t a, std::uint32_t /*b*/) {
    box_->clock.advance(static_cast<std::int64_t>(1 + a % 40) * kDay_s);
    const auto id = box_->ledger->sweep(true);
    must(id || id.error().code == Code::NotFound, "sweep");
    if (id) model_.endings.push_back(*id);
    model_.expire(month(0));
  }
  void record(std::uint32_t a, std::uint32_t /*b*/) {
    must(box_->ledger->record(consent::EventType::SysConfig,
                              json::Object{{"change", "link.add"}, {"n", static_cast<std::int64_t>(a)}}),
         "record");
  }
  /// Everything that was asked to end does, with a rotation or several.
  void rotate(std::uint32_t /*a*/, std::uint32_t /*b*/) {
    if (box_->timing.overwrite_after_ms != 0 || box_->timing.rotate_every_ms != 0) restart(0, 0);
    wait_for_endings(EndingReport::State::Ended);
  }
  /// The next run rotates at once, or not again, or does not finish it.
  void restart(std::uint32_t a, std::uint32_t /*b*/) {
    box_->ledger.reset();
    box_->timing = kTimings.at(a % kTimings.size());
    open_ledger();
  }
  /// Power goes: what is on the disk goes on.
  void crash(std::uint32_t a, std::uint32_t /*b*/) { become(take_image(), a); }
  /// Power goes after the keys of a person were written, before their line was: nobody was told of it.
  void torn_crash(std::uint32_t a, std::uint32_t /*b*/) {
    const consent::Identity unheard = somebody(kNumbers.at(a % kNumbers.size()));
    while (true) {
      const auto commits = box_->ledger->commits();
      auto image = take_image();
      must(box_->ledger->open_subject(unheard, grant(), kForLong, false), "open_subject");
      const auto later = take_image();
      // Had the writer done something else in between, no power cut could leave this.
      if (box_->ledger->commits() != commits + 1 ||
          as_text(later->anchor.view()) != as_text(image->anchor.view()))
        continue;
      copy_database(later->folder.path(), image->folder.path(), "keys.db");
      return become(std::move(image), a);
    }
  }
  void pull(std::uint32_t /*a*/, std::uint32_t /*b*/) {
    const auto deleted = pulled_from(*box_->ledger, seen_);
    for (const ModelPerson& person : model_.people) {
      for (const ModelLine& line : person.lines)
        must(!deleted.contains(line.seq), "I1: line " + std::to_string(line.seq) + " is gone");
      if (!person.is_gone() && model_.stopped.contains(person.number) && !is_partly_gone(person))
        must(state_of(person).stop.has_value(),
             "I5: a recipient is not told that " + person.number + " stopped");
    }
  }
  /// A copy goes on beside the original: whoever pulls from one believes the other no more.
  void clone(std::uint32_t /*a*/, std::uint32_t /*b*/) {
    const auto image = take_image();
    record(1, 0);
    pull(0, 0);
    Box twin;
    revive(*image, twin);
    must(twin.ledger->record(consent::EventType::SysConfig, json::Object{{"change", "link.remove"}}),
         "record");
    proof::Frontier seen = seen_;
    bool believed = true;
    try {
      pulled_from(*twin.ledger, seen);
    } catch (const Broken&) {
      believed = false;
    }
    must(!believed, "I2: a clone is believed after the original was");
  }

  // ---- what must hold after every step ----

  void check() const {
    for (const ModelPerson& person : model_.people) {
      if (person.is_gone()) {
        if (person.erased) check_erased(person);
      } else {
        check_there(person);
      }
    }
    for (const auto& [number, by] : model_.stopped) {
      must(box_->ledger->suppressed(phone(number)), "I5: no tag for " + number);
      must(must(box_->ledger->person(phone(number)), "person").suppressed, "I5: contactable at " + number);
    }
    must(!box_->ledger->health().read_only, "read-only: " + box_->ledger->health().trouble);
  }

  void check_end() {
    rotate(0, 0);
    pull(0, 0);
    const auto deleted = pulled_from(*box_->ledger, seen_);
    for (const ModelPerson& person : model_.people) {
      for (const std::uint64_t seq : person.ending)
        must(deleted.contains(seq), "I3: line " + std::to_string(seq) + " is still there");
      if (person.is_gone())
        must(!box_->ledger->subject(person.id), "I3: somebody without a line is still found");
    }
    must(box_->ledger->verify({}), "verify");
    restart(0, 0);
    check();
    check_old_image();
  }

 private:
  inline static const Retention kForLong{"proof", "2039-12"};

  [[nodiscard]] std::string month(int days_from_now) const {
    return rfc3339(box_->clock.now() + days_from_now * kDay_s).substr(0, 7);
  }
  [[nodiscard]] Retention kept_for(std::uint32_t days) const {
    return {"consent", month(static_cast<int>(days))};
  }
  ModelPerson* somebody_there(std::uint32_t a) {
    std::vector<ModelPerson*> there;
    for (ModelPerson& person : model_.people) {
      if (!person.is_gone()) there.push_back(&person);
    }
    return there.empty() ? nullptr : there.at(a % there.size());
  }
  static void add(ModelPerson& person, const Committed& committed, const Retention& kept) {
    person.lines.push_back({committed.seq.value, kept.cohort});
  }
  static bool is_partly_gone(const ModelPerson& person) { return !person.ending.empty(); }

  void open_ledger() {
    check_epoch();
    box_->ledger = must(FileLedger::open(box_->options()), "open");
    must(box_->ledger->wait_ready(60'000), "wait_ready");
  }
  [[nodiscard]] SecretBytes anchor_bytes() const {
    return must(box_->anchor->read(0, ErasableAnchor::kAnchorBytes), "anchor");
  }
  void check_epoch() {
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

  [[nodiscard]] consent::SubjectState state_of(const ModelPerson& person) const {
    return must(box_->ledger->subject_by_token(person.token), "I1: a person is not found").state;
  }
  void check_there(const ModelPerson& person) const {
    const auto state = state_of(person);
    must(!state.damaged, "I1: a person is damaged");
    must(state.events >= person.lines.size(), "I1: acknowledged events are missing");
    if (person.chain_says_stop) must(state.stop.has_value(), "I1: a stop is missing");
    if (is_partly_gone(person)) return;
    must((state.proof_of(phone(person.number)) == consent::Evidence::Present) == person.confirmed,
         "I1: a confirmation is missing");
    for (const char* topic : kTopics) {
      const auto& pair = state.pairs.at({consent::Channel::WhatsApp, consent::TopicId(topic)});
      must(pair.taken_back == person.withdrawn.contains(topic), "I1: a withdrawal is missing");
    }
  }
  void check_erased(const ModelPerson& person) const {
    must(!box_->ledger->subject(person.id) && !box_->ledger->subject_by_token(person.token),
         "I3: an erased person is found");
  }
  // Keys of before an erasure do not open with the anchor of today.
  void check_old_image() {
    if (!old_image_ || old_image_->erased == erased()) return;
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
  [[nodiscard]] std::size_t erased() const {
    return static_cast<std::size_t>(std::count_if(model_.people.begin(), model_.people.end(),
                                                  [](const auto& person) { return person.erased; }));
  }

  // ---- time and power ----

  void wait_for_endings(EndingReport::State wanted) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (const std::int64_t id : model_.endings) {
      while (must(box_->ledger->erasure(id), "I1: an ending is unknown").state < wanted) {
        must(std::chrono::steady_clock::now() < deadline, "an ending does not end");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }
  static void copy_database(const std::string& from, const std::string& to, const std::string& name) {
    for (const std::string suffix : {"", "-wal"}) {
      fs::remove(to + "/" + name + suffix);
      if (fs::exists(from + "/" + name + suffix))
        fs::copy_file(from + "/" + name + suffix, to + "/" + name + suffix);
    }
  }
  struct Marks {
    std::string text;
    fs::file_time_type newest = fs::file_time_type::min();
  };
  [[nodiscard]] Marks marks() const {
    Marks out;
    for (const auto& file : fs::directory_iterator(box_->folder.path())) {
      const auto written = file.last_write_time();
      out.newest = std::max(out.newest, written);
      out.text += file.path().filename().string() + " " + std::to_string(file.file_size()) + " " +
                  std::to_string(written.time_since_epoch().count()) + "\n";
    }
    return out;
  }
  /// Nobody wrote while it was taken: files have the same times before and after, and the kernel's clock for
  /// them has moved on since the last write.
  [[nodiscard]] std::unique_ptr<Image> take_image() const {
    constexpr auto kTick = std::chrono::milliseconds(20);
    while (true) {
      const Marks before = marks();
      if (fs::file_time_type::clock::now() - before.newest < kTick) {
        std::this_thread::sleep_for(kTick / 4);
        continue;
      }
      auto out = std::make_unique<Image>();
      for (const char* name : {"ledger.db", "keys.db", "desk.db"})
        copy_database(box_->folder.path(), out->folder.path(), name);
      out->anchor = anchor_bytes();
      out->erased = erased();
      if (marks().text == before.text) return out;
    }
  }
  void revive(const Image& image, Box& box) const {
    box.clock.set(box_->clock.now());
    box.timing = kTimings[0];
    for (const auto& file : fs::directory_iterator(image.folder.path())) fs::copy(file, box.folder.path());
    must(box.anchor->write(0, image.anchor.view()), "anchor");
    box.ledger = must(FileLedger::open(box.options()), "open");
    must(box.ledger->wait_ready(60'000), "wait_ready");
  }
  void become(std::unique_ptr<Image> image, std::uint32_t timing) {
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

  /// Pulls what is new after `seen`, then checks all lines from the first; returns those that are gone.
  static std::set<std::uint64_t> pulled_from(FileLedger& ledger, proof::Frontier& seen) {
    for (int attempt = 0;; ++attempt) {
      const auto note = must(ledger.checkpoint(), "checkpoint");
      const auto size = must(proof::read_checkpoint(note), "note").size;
      must(size >= seen.size(), "I2: the log became shorter");
      proof::Verifier later(ledger.log_key());
      later.resume(seen);
      proof::Verifier whole(ledger.log_key());
      std::set<std::uint64_t> deleted, told;
      std::uint64_t seq = 0;
      must(ledger.entries(0, size, {.recipient = {}, .identity = true, .consent = true},
                          [&](std::string_view line) -> Status {
                            if (seq >= seen.size()) later.feed(line);
                            whole.feed(line);
                            note_gone(line, seq++, deleted, told);
                            return {};
                          }),
           "entries");
      const bool extends = later.finish(note).has_value();
      const bool sound = whole.finish(note).has_value();
      // Lines that were deleted while they came get their tombstone with the next checkpoint.
      if (attempt < 5 && (!extends || !sound || deleted != told)) continue;
      must(extends, "I2: " + (extends ? std::string() : later.findings().front().text));
      must(sound, "I4: " + (sound ? std::string() : whole.findings().front().text));
      must(deleted == told, "I4: a tombstone speaks of a line that is there");
      seen = later.frontier();
      return deleted;
    }
  }
  static void note_gone(std::string_view line, std::uint64_t seq, std::set<std::uint64_t>& deleted,
                        std::set<std::uint64_t>& told) {
    const auto entry = must(proof::decode_entry(line), "entry");
    if (entry.deleted()) {
      deleted.insert(seq);
      return;
    }
    const auto leaf = must(proof::decode_leaf(entry.leaf), "leaf");
    if (leaf.typ != consent::EventType::EraseDone && leaf.typ != consent::EventType::ExpireDone) return;
    for (const json::Value& range : there(there(leaf.body->find("seqs")).array())) {
      const json::Array& ends = there(range.array());
      for (auto n = there(ends.at(0).integer()); n <= there(ends.at(1).integer()); ++n)
        told.insert(static_cast<std::uint64_t>(n));
    }
  }

  std::unique_ptr<Box> box_;
  Model model_;
  proof::Frontier seen_;
  std::uint64_t epoch_ = 0;
  std::unique_ptr<Image> old_image_;
};

struct Kind {
  const char* name;
  unsigned weight;
  void (World::*happen)(std::uint32_t, std::uint32_t);
};
constexpr std::array kKinds = {
    Kind{"open", 6, &World::open},
    Kind{"confirm", 2, &World::confirm},
    Kind{"withdraw", 3, &World::withdraw},
    Kind{"stop", 2, &World::stop},
    Kind{"stop_by_link", 1, &World::stop_by_link},
    Kind{"erase", 2, &World::erase},
    Kind{"sweep", 1, &World::sweep},
    Kind{"record", 1, &World::record},
    Kind{"rotate", 1, &World::rotate},
    Kind{"restart", 1, &World::restart},
    Kind{"crash", 1, &World::crash},
    Kind{"torn_crash", 1, &World::torn_crash},
    Kind{"pull", 2, &World::pull},
    Kind{"clone", 1, &World::clone},
};

struct Step {
  const Kind* kind;
  std::uint32_t a;
  std::uint32_t b;
};
using Steps = std::vector<Step>;

Steps random_steps(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<const Kind*> urn;
  for (const Kind& kind : kKinds) urn.insert(urn.end(), kind.weight, &kind);
  Steps out;
  for (std::size_t i = 0; i < kSteps; ++i) {
    const auto a = static_cast<std::uint32_t>(random() % 100);
    const auto b = static_cast<std::uint32_t>(random() % 100);
    out.push_back({urn[random() % urn.size()], a, b});
  }
  return out;
}

/// Nothing, or what broke.
std::string broken_by(const Steps& steps) {
  try {
    World world;
    for (const Step& step : steps) {
      (world.*step.kind->happen)(step.a, step.b);
      world.check();
    }
    world.check_end();
    return {};
  } catch (const std::exception& broken) {
    return broken.what();
  }
}

/// Leaves out whatever can be left out: halves first, then single steps.
Steps shrunk(Steps steps) {
  unsigned runs = 0;
  for (std::size_t part = steps.size() / 2; part > 0; part /= 2) {
    for (std::size_t at = 0; at < steps.size() && runs < kShrinkRuns; ++runs) {
      Steps fewer = steps;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(std::min(part, steps.size() - at)));
      if (broken_by(fewer).empty()) {
        at += part;
      } else {
        steps = std::move(fewer);
      }
    }
  }
  return steps;
}

std::string told(const Steps& steps) {
  std::string out;
  for (const Step& step : steps)
    out += std::string("  ") + step.kind->name + "(" + std::to_string(step.a) + ", " +
           std::to_string(step.b) + ")\n";
  return out;
}

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

TEST_CASE("whatever happens in whatever order, a ledger keeps what it promised") {
  const unsigned only = number_from("COUNTERFOIL_MODEL_SEED", 0);
  const unsigned sequences = only != 0 ? 1 : number_from("COUNTERFOIL_MODEL_SEQUENCES", kSequences);
  for (unsigned i = 0; i < sequences; ++i) {
    const std::uint32_t seed = only != 0 ? only : kFirstSeed + i;
    const Steps steps = random_steps(seed);
    const std::string broken = broken_by(steps);
    if (broken.empty()) continue;
    const Steps few = shrunk(steps);
    FAIL("COUNTERFOIL_MODEL_SEED=" << seed << ": " << broken << "\nshrunk to " << few.size()
                                   << " steps: " << broken_by(few) << "\n"
                                   << told(few));
  }
}

}  // namespace
}  // namespace counterfoil::ledger::test
