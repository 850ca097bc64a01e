// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One connection: its stream, what was read but not used, and the reading and writing of one request after
// another, each step under one deadline. Thread rule: one thread at a time; shut_down() from any.
#pragma once

#include "net/service.h"
#include "net/socket.h"

#include <chrono>

namespace counterfoil::net {

class Connection {
 public:
  Connection(AcceptedSocket accepted, const ListenerOptions& door);

  enum class After { Park, Close };
  /// How the thread that serves behaves.
  struct Turn {
    Service& service;
    const ServerOptions& options;
    bool only_stops = false;
    const std::function<bool()>& stopping;     // true: answer, then close
    const std::function<void(int)>& delay_ms;  // an interruptible wait
  };
  /// Handshake if it is due, then requests as long as there are bytes and the turn's deadline allows; a
  /// thread kept for stops answers one request and closes.
  After serve(const Turn& turn);
  /// Ends every wait on the socket.
  void shut_down() const;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::string& address_key() const { return peer_.address_key; }
  /// A person in the middle of a form has served requests behind them; strangers go first.
  [[nodiscard]] bool has_served() const { return requests_ > 0; }

  std::chrono::steady_clock::time_point parked_until;  // for the watcher

 private:
  bool open_stream(const Turn& turn);
  After one_request(const Turn& turn);
  [[nodiscard]] std::optional<Outcome> read_head(const Turn& turn, std::size_t& head_bytes, bool& gone);
  [[nodiscard]] std::optional<Outcome> read_body(const Turn& turn, std::size_t bytes, bool& gone);
  After write_outcome(const Turn& turn, Outcome outcome, bool is_head);
  bool write_stream(const Turn& turn, const Response& response, bool is_head, bool close);
  void drain();
  /// Deadline of one step: a thread kept for stops waits less.
  [[nodiscard]] static Deadline step(const Turn& turn, int ms);
  /// The same for what waits on the peer's bytes, which also ends with the turn.
  [[nodiscard]] Deadline reading(const Turn& turn, int ms) const;

  Fd socket_;  // until the stream takes it
  int fd_;
  Peer peer_;
  std::unique_ptr<Stream> stream_;  // made on the first bytes: silence costs no TLS memory
  bool shaken_ = false;
  std::string input_;
  Deadline turn_end_ = Deadline::in_ms(0);
  unsigned requests_ = 0;
};

}  // namespace counterfoil::net
