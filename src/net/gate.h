// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The request gate: judges a request's head before any library sees a byte of it.
// Both Debian versions of cpp-httplib accept hostile requests (decompression bombs, smuggled lengths,
// REMOTE_ADDR from the client); what is not admitted here never reaches it. Pure functions, no I/O: the
// event loop, the thread pool and the fuzzer call the same ones. Thread rule: any thread.
// Source: RFC 9110, RFC 9112.
#pragma once

#include "net/request.h"

namespace counterfoil::net {

/// Stops have their own quota: they are answered slowly beyond it, never refused.
enum class Priority { Normal, Stop };

/// Why a head is not enough: the status, and the machine reason for the error page.
struct HeadRefusal {
  int status = 401;
  std::string reason;
};

/// What a route allows. Filled by the router for one path; defaults are those of a public page.
struct RouteLimits {
  std::size_t body_bytes_max = limits::kRequestBodyBytesMax;
  unsigned requests_per_minute_max = 0;  // per address and route; 0 is no cap of its own
  Priority priority = Priority::Normal;
  bool waits = false;  // for the disk or a signature, as every post may: not in the threads of the pages
  Methods methods = {Method::Get, Method::Head};  // of this path; set by the router
  /// Looks at the head before the body is read, so that only those who may can make the box hold a long one.
  /// Called in the event loop: must be quick and must not throw. Empty: everybody may.
  std::function<std::optional<HeadRefusal>(const Request&)> admits{};
};

/// A head that passed: everything the parser and the handlers need from it.
struct JudgedHead {
  std::string method_text;
  std::optional<Method> method;  // nothing: a method the appliance does not speak, 405 by judge_route
  std::string target;            // as sent
  std::string path;              // decoded
  NameValues query;
  NameValues fields;
  std::string host;       // lower case, without port
  std::string authority;  // lower case, with port if sent
  std::size_t content_length = 0;
  bool has_content_length = false;
  bool keep_alive = true;
};

struct Verdict {
  bool admitted = false;
  int status = 0;      // HTTP status of the refusal
  std::string reason;  // machine reason of the refusal: "control_byte", "host_missing", ...
  std::string allow;   // Allow field of a 405
  JudgedHead head;     // complete when admitted; on refusal as far as it was understood

  [[nodiscard]] std::size_t content_length() const { return head.content_length; }
};

class RequestGate {
 public:
  /// Rules that hold for every route. `head` ends with the empty line (CRLF CRLF).
  static Verdict judge(std::string_view head);
  /// Rules of one route: methods (405), length (411, 413). Takes a verdict of judge(head).
  static Verdict judge_route(Verdict verdict, const RouteLimits& limits);
};

/// True when `bytes` hold a whole head; head_bytes is its length with the empty line.
bool find_head_end(std::string_view bytes, std::size_t& head_bytes);

}  // namespace counterfoil::net
