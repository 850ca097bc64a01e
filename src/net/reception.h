// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Who is in the house: accepts connections, keeps within the caps, gives up whom it must, and carries each
// conversation between the loop and the workers. All of it happens in the loop's thread, which therefore must
// never wait and never compute for long: a handshake costs a millisecond and more of elliptic curves, so it
// is done by a thread of its own, and a flood of them costs one core and holds up newcomers only. Thread
// rule: run() in one thread; close_up() from any; clear() when run() has returned.
#pragma once

#include "net/conversation.h"
#include "net/workers.h"

namespace counterfoil::net {

struct Door {
  ListenerOptions options;
  ListeningSocket socket;
};

class Reception final : private Loop::Events {
 public:
  /// Where the loop's thread leaves what would hold it up.
  struct Crews {
    Workers& answers;     // posts, and stops before others
    Workers& pages;       // questions that change nothing
    Workers& handshakes;  // steps of handshakes
    Workers& turns;       // whole turns of the sync listener, whose threads may wait for their peer
  };

  Reception(Loop& loop, Crews crews, Service& service, const ServerOptions& options, std::vector<Door> doors);

  /// Fails with Io.
  Status open_doors();
  void run() { loop_.run(*this); }
  /// Accepts nothing new, lets requests end, and makes run() return when they have or the deadline passed.
  void close_up(const Deadline& deadline);
  /// Ends the waits of the threads that still serve somebody.
  void shut_down_all() const;
  /// Closes everything, when the workers have stopped.
  void clear();

  [[nodiscard]] std::uint16_t port(std::size_t listener) const { return ports_.at(listener); }

 private:
  struct Guest {
    std::unique_ptr<Conversation> conversation;
    const unsigned* from_there;  // how many its address has here, in per_address_
    bool is_out = false;         // with a worker, and not to be touched
  };
  using Guests = std::map<Loop::Key, Guest>;
  class Trip;
  class Loan;
  class Answer;
  class ClosingTime;

  void ready(Loop::Key key) override;
  void overdue(Loop::Key key) override;
  template <class Step>
  void take(Loop::Key key, Step step);
  void act(Guests::iterator guest, Conversation::Next next);
  void leave(Guests::iterator guest);

  void open_door(std::size_t door);
  void pause_door(std::size_t door, std::string_view reason);
  void accept_from(std::size_t door);
  void welcome(AcceptedSocket accepted, const Door& door);
  [[nodiscard]] bool has_room();
  bool make_room_for(const std::string& address_key);
  /// The one to give up first, of that address or of all; end() when each is being answered. Among strangers
  /// it is one of the address that has the most here, so that few addresses cannot crowd out many.
  Guests::iterator first_to_go(const std::string* address_key);
  void close_now();

  Loop& loop_;
  const Crews crews_;
  const ServerOptions& options_;
  FigureBook& figures_;
  std::vector<Door> doors_;  // their keys are their places in the list
  std::vector<std::uint16_t> ports_;
  std::atomic<bool> stopping_{false};
  const Conversation::Setting setting_;
  Guests guests_;
  Loop::Key next_key_;
  std::map<std::string, unsigned> per_address_;
};

}  // namespace counterfoil::net
