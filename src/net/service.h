// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The rules between a connection and the router, without sockets: a head in, an admission out; a judged
// request in, bytes out. Thread rule: any thread.
#pragma once

#include "net/httplib_adapter.h"
#include "net/rate_table.h"
#include "net/server.h"

#include <mutex>

namespace counterfoil::net {

/// Counters behind Server::figures(). Thread rule: any thread.
class FigureBook {
 public:
  void connection_opened();
  void connection_closed();
  void request_served();
  void stop_slowed();
  /// reason: one of the fixed machine reasons, so the table stays small.
  void refused(std::string_view reason);
  [[nodiscard]] ServerFigures read() const;

 private:
  mutable std::mutex mutex_;
  ServerFigures figures_;  // protected by mutex_
};

/// Who is asking, through which door.
struct Peer {
  const ListenerOptions* door = nullptr;
  std::string address;      // text, for handlers
  std::string address_key;  // what caps count by
  std::optional<Hash> spki;
};

struct Outcome {
  std::string bytes;                  // the whole answer, unless streaming
  std::optional<Response> streaming;  // head and pieces still to be written
  bool close = false;                 // nothing more is served on this connection
  bool unread_input = false;          // the peer may still be sending what was refused
  int delay_ms = 0;                   // wait before writing (a stop beyond the quota)
};

/// A head that may go on to its body, or the answer that ends it.
struct Admission {
  JudgedHead head;
  Request request;  // everything but method, path params and body
  RouteLimits limits;
  unsigned asked_lately = 1;  // requests of that address, with this one
  std::optional<Outcome> ended;
};

/// One whole, judged request with all that answering takes; it needs nothing of the connection any more.
struct Question {
  Admission admission;
  std::string body;  // exactly admission.head.content_length bytes
  Peer peer;
  bool close = false;  // the answer is the connection's last

  [[nodiscard]] bool is_stop() const { return admission.limits.priority == Priority::Stop; }
  /// Its answer may have to wait for the disk or a signature.
  [[nodiscard]] bool may_wait() const {
    return admission.limits.waits || admission.head.method == Method::Post;
  }
};

class Service {
 public:
  explicit Service(Clock& clock);
  struct Handshakes {
    unsigned in_second = 0;
    unsigned lately = 0;  // in this window of limits::kPlaceWindow_ms and the one before
  };
  /// How many handshakes of that address began, with one more.
  [[nodiscard]] Handshakes count_handshake(const Peer& peer);
  /// `head` ends with the empty line. `close`: this is the connection's last answer.
  [[nodiscard]] Admission admit(std::string_view head, const Peer& peer, bool close);
  [[nodiscard]] Outcome answer(Question question);
  /// Too many are waiting: 503.
  [[nodiscard]] Outcome turn_away(const Question& question);
  /// For what fails before there is a head to judge: 408 and 431.
  [[nodiscard]] Outcome refuse_unread(const Peer& peer, int status, std::string_view reason);
  FigureBook& figures() { return figures_; }

 private:
  struct Refusal {
    int status = 0;
    std::string_view reason;
    std::string field_name;  // Allow or Retry-After
    std::string field_value;
  };
  [[nodiscard]] std::optional<Refusal> judge_door(Admission& admission, Verdict& verdict, const Peer& peer);
  [[nodiscard]] Outcome refuse(const Request& request, const Refusal& refusal, const Peer& peer, bool is_head,
                               bool close);
  [[nodiscard]] int stop_delay_ms(const Peer& peer);

  RateTable per_second_;
  RateTable lately_;  // for places in lines
  RateTable per_minute_;
  RateTable per_hour_;
  FigureBook figures_;
  std::unique_ptr<HttpEngine> engine_;
};

}  // namespace counterfoil::net
