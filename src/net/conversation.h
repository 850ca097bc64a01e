// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The state of one connection, from its first byte to its last: handshake, head, body, answer, next request,
// each under its deadline. It never waits; each step says what comes next, and whoever drives it (the loop,
// or a thread that may wait) does that and calls the next step. Thread rule: one thread at a time;
// shut_down() from any.
#pragma once

#include "net/service.h"
#include "net/socket.h"

#include <atomic>

namespace counterfoil::net {

class Conversation {
 public:
  /// What all conversations of a server share.
  struct Setting {
    Service& service;
    const ServerOptions& options;
    const std::atomic<bool>& stopping;  // answer, then close
  };

  /// What its driver does now.
  enum class Next {
    Wait,   // until the socket is what wants() says: ready(), or until() has passed: overdue()
    Again,  // ready(), after the others had their turn
    Shake,  // shake(), where a millisecond of computing holds nobody up
    Turn,   // ready(), until it waits and is_idle(), where waiting holds nobody up
    Ask,    // have take_question() answered, then answered()
    Close,
  };

  Conversation(AcceptedSocket accepted, const ListenerOptions& door, const Setting& setting);

  Next ready();
  Next overdue();
  Next shake();
  Next answered(Outcome outcome);

  [[nodiscard]] Question take_question() { return std::move(question_); }
  [[nodiscard]] Want wants() const { return want_; }
  [[nodiscard]] const Deadline& until() const { return until_; }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::string& address_key() const { return peer_.address_key; }
  [[nodiscard]] ListenerKind door() const { return peer_.door->kind; }
  /// Between two requests, with nothing read of the next.
  [[nodiscard]] bool is_idle() const { return state_ == State::Idle; }
  /// How many handshakes its address had begun lately, with its own.
  [[nodiscard]] unsigned handshakes() const { return handshakes_; }
  /// Nothing asked so far: a stop of the server need not wait for it.
  [[nodiscard]] bool is_unengaged() const;

  /// Whom the server gives up first when places are short: strangers before people it has served, and
  /// those with half a request or answer last. What is being answered stays. Among strangers it counts only
  /// where their addresses have as many places each.
  enum class Patience { IdleStranger, SlowStranger, Idle, MidRequest, Away };
  [[nodiscard]] Patience patience() const;
  /// Since when it has been so.
  [[nodiscard]] const Deadline& since() const { return since_; }

  /// Ends every wait on the socket.
  void shut_down() const;

 private:
  enum class State { Silent, Shaking, Idle, Head, Body, Away, Slowed, Writing, Draining };

  Next wait(State state, Want want, const Deadline& until);
  Next first_bytes();
  Next rest();
  void begin_request();
  Next read();
  /// Nothing when more bytes are needed first.
  std::optional<Next> consume();
  std::optional<Next> judge(std::size_t head_bytes);
  Next ask();
  Next refuse(int status, std::string_view reason);
  Next begin_answer();
  Next write();
  bool pull_piece();
  Next answer_sent();
  Next drain();
  [[nodiscard]] bool is_last() const;
  /// Deadline of what waits for the peer's bytes, which also ends with the turn.
  [[nodiscard]] Deadline reading(int ms) const;

  const Setting& setting_;
  Fd socket_;  // until the stream takes it
  const int fd_;
  Peer peer_;
  std::unique_ptr<Stream> stream_;  // made on the first bytes: silence costs no TLS memory

  State state_ = State::Silent;
  Want want_ = Want::Read;
  Deadline until_;
  Deadline since_ = Deadline::in_ms(0);
  Deadline turn_end_ = Deadline::never();
  unsigned handshakes_ = 0;
  unsigned requests_ = 0;
  bool is_stranger_ = true;  // none of its requests has passed the gate

  std::string input_;             // read and not used
  Question question_;             // its body is still to come, or it waits to be taken
  std::string output_;            // what is being written
  std::size_t written_ = 0;       // of output_
  std::optional<Response> more_;  // pieces that follow output_
  bool is_head_ = false;          // the answer has no body
  bool close_ = false;            // after the answer
  std::size_t drainable_ = 0;     // bytes to read and forget before closing
};

}  // namespace counterfoil::net
