// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// An event loop (epoll): descriptors and deadlines to wait for, and a mailbox for what other threads bring
// back. It knows nothing of connections; whoever runs it gives each descriptor a key and is told by key.
// Thread rule: bring() from any thread; everything else in the thread that is inside run(), or before it
// runs.
#pragma once

#include "net/stream.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace counterfoil::net {

/// Work that leaves the loop's thread, is done in another and comes back with its result.
class Errand {
 public:
  virtual ~Errand() = default;
  /// In a worker's thread. Must not throw.
  virtual void run() noexcept = 0;
  /// Instead of run() when it has waited too long. Must not throw.
  virtual void turn_away() noexcept { run(); }
  /// In the loop's thread, afterwards.
  virtual void come_back() = 0;
  /// Where it stands in the line: lower goes first, equals as they came. At kFirst it is never turned away.
  [[nodiscard]] virtual unsigned place() const { return kFirst + 1; }
  static constexpr unsigned kFirst = 0;
};

class Loop {
 public:
  using Key = std::uint64_t;
  class Events {
   public:
    virtual void ready(Key key) = 0;
    virtual void overdue(Key key) = 0;

   protected:
    ~Events() = default;
  };

  /// Fails with Limit (no descriptors), Io.
  static Result<std::unique_ptr<Loop>> open();

  /// Tells once: ready() when the descriptor is, or overdue() when the deadline has passed first. The
  /// descriptor stays the caller's and must stay open until forget(). Fails with Io.
  Status watch(Key key, int fd, Want want, const Deadline& until);
  /// The same again, instead of what was awaited before. With Want::Nothing only the deadline is awaited.
  void await(Key key, Want want, const Deadline& until);
  /// Tells ready() once more after all others had their turn.
  void again(Key key);
  /// A key that was forgotten is told nothing more, even in this round.
  void forget(Key key);

  /// An errand that is done; its come_back() is called soon.
  void bring(std::unique_ptr<Errand> errand);

  /// Until nothing is watched any more after finish_by(), or until that time.
  void run(Events& events);
  void finish_by(const Deadline& end) { end_ = end; }

 private:
  struct Watched {
    int fd = -1;
    Deadline until = Deadline::never();
  };

  Loop(Fd epoll, Fd mail) : epoll_(std::move(epoll)), mail_(std::move(mail)) {}
  [[nodiscard]] bool ended() const;
  [[nodiscard]] int patience_ms() const;
  void wait_for_events(Events& events);
  void take_mail();
  void tell_overdue(Events& events);
  void tell_again(Events& events);
  /// False when the key has been forgotten.
  bool stop_awaiting(Key key);
  void set_deadline(Key key, Watched& watched, const Deadline& until);

  Fd epoll_;
  Fd mail_;  // an eventfd: readable when something lies in mailbox_
  std::map<Key, Watched> watched_;
  std::set<std::pair<Deadline, Key>> deadlines_;
  std::vector<Key> again_;
  std::optional<Deadline> end_;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Errand>> mailbox_;  // protected by mutex_
};

}  // namespace counterfoil::net
