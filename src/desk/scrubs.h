// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// List scrubs: one question about a great many numbers. A list comes in pieces, is worked through by one
// thread that stands back behind the counter, and is read page by page. It lies sealed in a file without a
// name, so a restart forgets it and the client asks anew. Thread rule: any thread. Errors: NotFound (no such
// list of this client), Conflict (not in this state, or a piece that does not fit: the detail says how many
// bytes are there), Limit, BadInput "topic", "channel", "sender" or "sample", and what the ledger says.
#pragma once

#include "counterfoil/decide/decide.h"
#include "desk/asked.h"
#include "ledger/ledger.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace counterfoil::desk {

/// What is asked about each number.
struct ScrubOrder {
  Asked asked;             // but for the number
  std::size_t sample = 0;  // so many of those who may be messaged are drawn
  std::string seed{};      // the same seed draws the same people, whatever the order of the list
};

struct ScrubState {
  enum class Stage { Open, Running, Done, Failed };
  std::string id;
  Stage stage = Stage::Open;
  std::uint64_t bytes = 0;  // of the list, so far
  std::uint64_t lines = 0;
  std::uint64_t done = 0;  // lines
  Instant as_of = 0;       // when it was run; 0: not yet
  std::string trouble;     // Failed: why
};
std::string_view stage_name(ScrubState::Stage stage);

/// What became of a line. Without a verdict it held no number.
struct ScrubLine {
  std::optional<decide::Verdict> verdict;
  std::vector<decide::ReasonCode> reasons;  // each once
  std::optional<Instant> next_allowed;
  bool sampled = false;
};

class Scrubs {
 public:
  /// What a list needs of the desk. about says what is asked, but for the number; decide completes it for one
  /// as typed (BadInput: it is none). note records who asked and how many lines, before the first is looked
  /// at.
  struct Needs {
    struct Answer {
      std::string number;  // canonical
      decide::Decision decision;
    };
    std::function<Result<decide::Question>(const Asked&)> about;
    std::function<Result<Answer>(decide::Question, std::string_view typed, std::string_view region,
                                 Instant as_of)>
        decide;
    std::function<Status(const consent::UserId& client, std::uint64_t lines)> note;
    std::function<Result<std::unique_ptr<ledger::Scratch>>()> scratch;
    const Clock& clock;
  };
  explicit Scrubs(Needs needs) : needs_(std::move(needs)) {}
  ~Scrubs();
  Scrubs(const Scrubs&) = delete;
  Scrubs& operator=(const Scrubs&) = delete;

  Result<ScrubState> open(const ScrubOrder& order, const consent::UserId& client);
  /// at: bytes that are there already, so that a piece whose answer was lost is not added twice.
  Result<ScrubState> add(std::string_view id, const consent::UserId& client, std::uint64_t at,
                         std::string_view piece);
  Result<ScrubState> run(std::string_view id, const consent::UserId& client);
  Result<ScrubState> state(std::string_view id, const consent::UserId& client);
  /// Lines from start on, at most limits::kListPageLinesMax; once it is Done.
  Result<std::vector<ScrubLine>> lines(std::string_view id, const consent::UserId& client,
                                       std::uint64_t start);
  Status end(std::string_view id, const consent::UserId& client);
  /// Forgets lists that nobody asked for in limits::kListIdle_ms. To be called every minute or so.
  void forget_idle();

 private:
  struct Job;
  Result<std::shared_ptr<Job>> find(std::string_view id, const consent::UserId& client);
  void work();
  Status work_through(Job& job);
  Status decide_line(Job& job, std::string_view typed);

  const Needs needs_;
  std::mutex mutex_;
  std::condition_variable more_;
  // Guarded by mutex_; the worker alone touches the files of a list that runs.
  std::map<std::string, std::shared_ptr<Job>, std::less<>> jobs_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::atomic<bool> stopping_{false};
  std::thread worker_;  // from the first list on
};

}  // namespace counterfoil::desk
