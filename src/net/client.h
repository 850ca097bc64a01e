// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A small HTTPS client for `counterfoil pull` and tests: one connection, HTTP/1.1, mutual TLS, answers by
// Content-Length or chunked, each with a limit. Thread rule: one thread at a time. Reconnects by itself when
// the server closed an idle connection (a GET is then sent again, a POST is not).
#pragma once

#include "net/request.h"
#include "net/tls.h"

namespace counterfoil::net {

struct HttpsClientOptions {
  std::string host;  // DNS name or IP address to connect to
  std::uint16_t port = 443;
  TlsClient::Options tls;                                       // server_name empty: host is used
  int connect_deadline_ms = limits::kClientConnectDeadline_ms;  // resolve, connect, handshake
  int read_deadline_ms = limits::kClientReadDeadline_ms;        // each wait for more of an answer
  int exchange_deadline_ms = limits::kExchange_ms;  // a whole answer, plus limits::kExchangeMin_bytes_per_s
};

struct HttpAnswer {
  int status = 0;
  NameValues fields;
  std::string body;  // empty when a sink took it
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
};

/// Takes the pieces of a 2xx answer's body in order; an error aborts the transfer and is returned.
using BodySink = std::function<Status(std::string_view piece)>;

class HttpsClient {
 public:
  /// Fails with BadInput, Crypto; connects at the first request.
  static Result<std::unique_ptr<HttpsClient>> open(HttpsClientOptions options);
  virtual ~HttpsClient() = default;
  /// Fails with Io, Timeout, Refused (not the pinned server, or it refused our certificate), Limit (body
  /// larger than body_bytes_max), BadInput (not an HTTP answer). An HTTP error status is an answer.
  virtual Result<HttpAnswer> get(std::string_view target, std::size_t body_bytes_max,
                                 const BodySink& sink = {}) = 0;
  virtual Result<HttpAnswer> post(std::string_view target, std::string_view content_type,
                                  std::string_view body, std::size_t body_bytes_max,
                                  const NameValues& extra_fields = {}) = 0;
};

}  // namespace counterfoil::net
