// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The control socket: how the command line talks to a running daemon. One canonical JSON line each way; the
// socket lies in the data folder (mode 0600) and only root and the daemon's own user are answered
// (SO_PEERCRED). Thread rule: the handler is called from several threads, one for each who asks;
// control_call() from any.
#pragma once

#include "base/fd.h"
#include "counterfoil/base/canonical_json.h"

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

namespace counterfoil::app {

/// How far a long command is; each call becomes a line {"progress":{…}} to the one who asked. False: nobody
/// waits for the answer any more, the command should stop.
using ControlProgress = std::function<bool(std::uint64_t done, std::uint64_t all)>;
using ControlHandler = std::function<Result<json::Value>(const json::Value& request, const ControlProgress&)>;

class ControlServer {
 public:
  /// Replaces a stale socket file. Fails with Io, Refused, Limit (path longer than a socket's may be).
  static Result<std::unique_ptr<ControlServer>> open(const std::string& path, ControlHandler handler);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  ControlServer(std::string path, Fd listener, Fd wake, ControlHandler handler);
  struct Answer {
    Fd peer;
    std::atomic<bool> done{false};
    std::thread thread;
  };
  void run();
  void begin(Fd peer);
  void answer(const Fd& peer);
  std::string path_;
  Fd listener_;
  Fd wake_;
  ControlHandler handler_;
  std::atomic<bool> stopping_{false};
  std::list<Answer> answers_;  // only thread_ touches it, and the destructor after its end
  std::thread thread_;
};

/// How the detail begins when none listens: a daemon's own NotFound is another matter.
inline constexpr std::string_view kNoDaemon = "no daemon listens";
/// Asks a running daemon. Fails with NotFound and kNoDaemon when none listens, Timeout (no line for
/// limits::kControlDeadline_ms), or with the daemon's own error.
Result<json::Value> control_call(const std::string& path, const json::Value& request,
                                 const ControlProgress& progress = {});

}  // namespace counterfoil::app
