// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// cpp-httplib behind a wall: it reads one complete, judged request from memory, dispatches it by method and
// writes the answer's bytes to memory. It never sees a socket, a thread of its own, or a field that the gate
// has not admitted: it is given the request line without its query, Host and Content-Length, which leaves
// decompression, header decoding, query and multipart parsing nothing to work on. Thread rule: one engine
// serves any number of threads.
#pragma once

#include "net/gate.h"

#include <memory>

namespace counterfoil::net {

class HttpEngine {
 public:
  static std::unique_ptr<HttpEngine> make();
  virtual ~HttpEngine() = default;

  struct Answer {
    std::string bytes;  // empty when `streaming` holds the answer
    std::optional<Response> streaming;
    bool agreed = true;  // false: the library read another request than the gate did; bytes are empty
  };
  /// `request` comes with everything but method, path and body, which the library's reading fills in after
  /// being compared with the gate's. `serve` is called at most once and must not throw.
  virtual Answer run(const JudgedHead& head, std::string_view body, Request request, bool close,
                     const std::function<Response(Request)>& serve) = 0;
};

}  // namespace counterfoil::net
