// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/scrubs.h"

#include "base/limits.h"
#include "base/log.h"
#include "crypto/crypto.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace counterfoil::desk {
namespace {

using Stage = ScrubState::Stage;

constexpr std::size_t kIdBytes = 16;
// A line's answer. The file is this process's alone, so its bytes lie there as memory has them.
struct Row {
  Instant next_allowed = 0;   // 0: none
  std::uint32_t reasons = 0;  // a bit for each
  std::uint32_t verdict = 0;
};
constexpr std::uint32_t kNoNumber = 255;
static_assert(sizeof(Row) == 16, "no byte of it is left to chance");

Row row_of(const decide::Decision& decision) {
  Row out{decision.next_allowed.value_or(0), 0, static_cast<std::uint32_t>(decision.verdict)};
  for (const auto& reason : decision.reasons) out.reasons |= 1U << static_cast<unsigned>(reason.code);
  return out;
}

ScrubLine line_of(const Row& row) {
  ScrubLine out;
  if (row.verdict == kNoNumber) return out;
  out.verdict = static_cast<decide::Verdict>(row.verdict);
  for (unsigned code = 0; code < 32; ++code)
    if ((row.reasons >> code & 1U) != 0) out.reasons.push_back(static_cast<decide::ReasonCode>(code));
  if (row.next_allowed != 0) out.next_allowed = row.next_allowed;
  return out;
}

static_assert(static_cast<unsigned>(decide::ReasonCode::HistoryGone) < 32, "a bit for each reason");

}  // namespace

std::string_view stage_name(Stage stage) {
  constexpr std::array<std::string_view, 4> kNames = {"open", "running", "done", "failed"};
  return kNames.at(static_cast<std::size_t>(stage));
}

struct Scrubs::Job {
  ScrubState state;
  ScrubOrder order;
  decide::Question question;
  consent::UserId client;
  std::unique_ptr<ledger::Scratch> numbers;
  std::unique_ptr<ledger::Scratch> answers;
  std::int64_t touched_ms = 0;
  bool ends_in_line = false;            // the list so far, without a line's end
  std::map<Hash, std::uint64_t> drawn;  // the lowest hashes of those who may be messaged
  std::vector<std::uint64_t> sample;    // their lines, ascending, once it is done
  std::atomic<std::uint64_t> done{0};   // lines
  std::atomic<bool> ended{false};       // nobody wants it any more
};

Scrubs::~Scrubs() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  more_.notify_all();
  if (worker_.joinable()) worker_.join();
}

// ---- asked by clients ----

Result<std::shared_ptr<Scrubs::Job>> Scrubs::find(std::string_view id, const consent::UserId& client) {
  const auto at = jobs_.find(id);
  if (at == jobs_.end() || at->second->client != client) return fail(Code::NotFound, "there is no such list");
  at->second->touched_ms = needs_.clock.boot_ms();
  at->second->state.done = at->second->done;
  return at->second;
}

void Scrubs::forget_idle() {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ms = needs_.clock.boot_ms();
  std::erase_if(jobs_, [&](const auto& entry) {
    const Job& job = *entry.second;
    return job.state.stage != Stage::Running && now_ms - job.touched_ms > limits::kListIdle_ms;
  });
}

Result<ScrubState> Scrubs::open(const ScrubOrder& order, const consent::UserId& client) {
  if (order.sample > limits::kListSampleMax || order.seed.size() > limits::kNameBytesMax)
    return fail(Code::BadInput, "sample");
  const auto job = std::make_shared<Job>();
  job->state.id = base64url(crypto::random_bytes(kIdBytes));
  job->order = order;
  CF_TRY(job->question, needs_.about(order.asked));
  job->client = client;
  job->touched_ms = needs_.clock.boot_ms();
  CF_TRY(job->numbers, needs_.scratch());
  CF_TRY(job->answers, needs_.scratch());
  forget_idle();
  const std::lock_guard lock(mutex_);
  if (jobs_.size() >= limits::kListsMax)
    return fail(Code::Limit, "there are " + std::to_string(jobs_.size()) + " lists already; end one");
  jobs_.emplace(job->state.id, job);
  return job->state;
}

Result<ScrubState> Scrubs::add(std::string_view id, const consent::UserId& client, std::uint64_t at,
                               std::string_view piece) {
  const std::lock_guard lock(mutex_);
  CF_TRY(const auto job, find(id, client));
  ScrubState& state = job->state;
  if (state.stage != Stage::Open) return fail(Code::Conflict, "the list is closed: it was run");
  if (at != state.bytes)
    return fail(Code::Conflict,
                "there are " + std::to_string(state.bytes) + " bytes of the list; go on there");
  if (state.bytes + piece.size() > limits::kListBytesMax)
    return fail(Code::Limit, "a list has at most " + std::to_string(limits::kListBytesMax) + " bytes");
  if (const auto added = job->numbers->append(as_bytes(piece)); !added) {
    state.stage = Stage::Failed;  // some of it may be there
    state.trouble = added.error().message();
    job->numbers.reset();  // its room on the disk may be what others lack
    return added.error();
  }
  if (piece.empty()) return state;
  // A line counts from its first byte on, or from its end where it is empty.
  for (const char c : piece) {
    if (!job->ends_in_line) ++state.lines;
    job->ends_in_line = c != '\n';
  }
  state.bytes += piece.size();
  return state;
}

Result<ScrubState> Scrubs::run(std::string_view id, const consent::UserId& client) {
  std::unique_lock lock(mutex_);
  CF_TRY(const auto job, find(id, client));
  if (job->state.stage == Stage::Running || job->state.stage == Stage::Done) return job->state;  // said twice
  if (job->state.stage != Stage::Open) return fail(Code::Conflict, job->state.trouble);
  job->state.stage = Stage::Running;
  job->state.as_of = needs_.clock.now();
  const std::uint64_t lines = job->state.lines;
  lock.unlock();
  // What cannot be recorded is not looked up.
  const auto noted = needs_.note(client, lines);
  lock.lock();
  if (!noted) {
    job->state.stage = Stage::Open;
    job->state.as_of = 0;
    return noted.error();
  }
  waiting_.push_back(job);
  if (!worker_.joinable()) worker_ = std::thread([this] { work(); });
  more_.notify_all();
  return job->state;
}

Result<ScrubState> Scrubs::state(std::string_view id, const consent::UserId& client) {
  const std::lock_guard lock(mutex_);
  CF_TRY(const auto job, find(id, client));
  return job->state;
}

Result<std::vector<ScrubLine>> Scrubs::lines(std::string_view id, const consent::UserId& client,
                                             std::uint64_t start) {
  const std::lock_guard lock(mutex_);
  CF_TRY(const auto job, find(id, client));
  if (job->state.stage == Stage::Failed) return fail(Code::Conflict, job->state.trouble);
  if (job->state.stage != Stage::Done) return fail(Code::Conflict, "the list is not done yet");
  if (start > job->state.lines) return fail(Code::BadInput, "start");
  CF_TRY(const auto bytes, job->answers->read(start * sizeof(Row), limits::kListPageLinesMax * sizeof(Row)));
  std::vector<ScrubLine> out;
  for (ByteView rest = bytes.view(); rest.size() >= sizeof(Row); rest = rest.subspan(sizeof(Row))) {
    Row row;
    std::memcpy(&row, rest.data(), sizeof row);
    out.push_back(line_of(row));
    out.back().sampled = std::binary_search(job->sample.begin(), job->sample.end(), start + out.size() - 1);
  }
  return out;
}

Status Scrubs::end(std::string_view id, const consent::UserId& client) {
  const std::lock_guard lock(mutex_);
  CF_TRY(const auto job, find(id, client));
  job->ended = true;
  std::erase(waiting_, job);  // one that has not begun is gone at once, one that runs after its line
  jobs_.erase(job->state.id);
  return {};
}

// ---- worked through ----

void Scrubs::work() {
  // On Linux this is the thread's own: whoever stands at the counter goes first.
  ::setpriority(PRIO_PROCESS, 0, limits::kCrowdNiceness);
  std::unique_lock lock(mutex_);
  for (;;) {
    more_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Job> job = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    const auto done = work_through(*job);
    lock.lock();
    job->state.stage = done ? Stage::Done : Stage::Failed;
    job->state.trouble = done ? std::string() : done.error().message();
    for (const auto& [hash, line] : job->drawn) job->sample.push_back(line);
    std::sort(job->sample.begin(), job->sample.end());
    job->drawn.clear();
    job->numbers.reset();
    if (!done) job->answers.reset();
    if (!done && !job->ended && !stopping_)
      log::warning("desk.scrub_failed", {{"error", job->state.trouble}});
  }
}

Status Scrubs::work_through(Job& job) {
  std::string line;
  for (std::uint64_t at = 0; at < job.numbers->size();) {
    CF_TRY(const auto piece, job.numbers->read(at, limits::kScratchBlock_bytes));
    at += piece.view().size();
    for (const char c : piece.text()) {
      if (c != '\n') {
        if (line.size() <= limits::kPhoneBytesMax) line += c;  // a longer one is no number anyway
        continue;
      }
      CF_CHECK(decide_line(job, line));
      line.clear();
    }
  }
  if (job.done < job.state.lines) CF_CHECK(decide_line(job, line));
  wipe(line.data(), line.size());
  return {};
}

Status Scrubs::decide_line(Job& job, std::string_view typed) {
  if (stopping_ || job.ended) return fail(Code::Timeout, "nobody waits for the list any more");
  if (typed.ends_with('\r')) typed.remove_suffix(1);
  const std::uint64_t line = job.done;
  const auto answer = needs_.decide(job.question, typed, job.order.asked.region, job.state.as_of);
  if (!answer && answer.error().code != Code::BadInput) return answer.error();
  const Row row = answer ? row_of(answer->decision) : Row{0, 0, kNoNumber};
  CF_CHECK(job.answers->append({reinterpret_cast<const std::uint8_t*>(&row), sizeof row}));
  if (answer && job.order.sample > 0 && answer->decision.verdict == decide::Verdict::Allow) {
    // Whoever stands in the list twice is one person.
    job.drawn.emplace(crypto::hmac_sha256(as_bytes(job.order.seed), as_bytes(answer->number)), line);
    if (job.drawn.size() > job.order.sample) job.drawn.erase(std::prev(job.drawn.end()));
  }
  ++job.done;
  return {};
}

}  // namespace counterfoil::desk
