// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/client.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>

namespace counterfoil::net {
namespace {

constexpr std::size_t kClientReadBytes = 16 * 1024;
constexpr std::size_t kAnswerHeadBytesMax = 32 * 1024;
constexpr std::size_t kChunkLineBytesMax = 256;

Result<Fd> connect_one(const addrinfo& to, const Deadline& deadline) {
  Fd fd(::socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno_error(errno, "socket");
  if (::connect(fd.get(), to.ai_addr, to.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno_error(errno, "connect");
    pollfd p{fd.get(), POLLOUT, 0};
    if (::poll(&p, 1, deadline.left_ms()) <= 0) return fail(Code::Timeout, "The server does not answer.");
    int error_number = 0;
    socklen_t bytes = sizeof error_number;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error_number, &bytes);
    if (error_number != 0) return errno_error(error_number, "connect");
  }
  int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

Result<Fd> connect_to(const std::string& host, std::uint16_t port, const Deadline& deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0 || found == nullptr)
    return fail(Code::NotFound, "There is no host of the name " + printable(host) + ".");
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  Result<Fd> last = fail(Code::Io);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    last = connect_one(*at, deadline);
    if (last) return last;
  }
  return fail(last.error().code, "Cannot reach " + printable(host) + " at port " + std::to_string(port) +
                                     ": " + last.error().message());
}

bool is_printable(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

class SmallClient final : public HttpsClient {
 public:
  SmallClient(HttpsClientOptions options, std::shared_ptr<TlsClient> tls)
      : host_(std::move(options.host)),
        port_(options.port),
        connect_deadline_ms_(options.connect_deadline_ms),
        read_deadline_ms_(options.read_deadline_ms),
        exchange_deadline_ms_(options.exchange_deadline_ms),
        tls_(std::move(tls)) {}

  Result<HttpAnswer> get(std::string_view target, std::size_t body_bytes_max, const BodySink& sink) override {
    bool reused = stream_ != nullptr;
    auto answer = exchange("GET", target, {}, {}, {}, body_bytes_max, sink);
    // A kept connection may have been closed while idle; nothing was answered yet, and a GET changes nothing.
    if (!answer && reused && !answered_ && answer.error().code == Code::Io)
      return exchange("GET", target, {}, {}, {}, body_bytes_max, sink);
    return answer;
  }

  Result<HttpAnswer> post(std::string_view target, std::string_view content_type, std::string_view body,
                          std::size_t body_bytes_max, const NameValues& extra_fields) override {
    return exchange("POST", target, content_type, body, extra_fields, body_bytes_max, {});
  }

 private:
  Result<HttpAnswer> exchange(std::string_view method, std::string_view target, std::string_view content_type,
                              std::string_view body, const NameValues& extra_fields,
                              std::size_t body_bytes_max, const BodySink& sink) {
    answered_ = false;
    auto answer = exchange_once(method, target, content_type, body, extra_fields, body_bytes_max, sink);
    if (!answer || !keep_) {
      stream_.reset();
      input_.clear();
    }
    return answer;
  }

  Result<HttpAnswer> exchange_once(std::string_view method, std::string_view target,
                                   std::string_view content_type, std::string_view body,
                                   const NameValues& extra_fields, std::size_t body_bytes_max,
                                   const BodySink& sink) {
    if (!target.starts_with('/') || !is_printable(target) || target.find(' ') != std::string_view::npos)
      return fail(Code::BadInput, "The request target is not a path.");
    if (!stream_) CF_CHECK(connect());
    bool is_literal_v6 = host_.find(':') != std::string::npos;
    std::string text(method);
    text.append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
    text += is_literal_v6 ? "[" + host_ + "]" : host_;
    text += ":" + std::to_string(port_) + "\r\n";
    for (const NameValue& field : extra_fields) text += field.name + ": " + field.value + "\r\n";
    if (method != "GET") {
      text.append("Content-Type: ").append(content_type);
      text += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    }
    text += "\r\n";
    text += body;
    CF_CHECK(stream_->write(text, read_deadline()));
    began_ = std::chrono::steady_clock::now();
    received_bytes_ = 0;
    CF_TRY(HttpAnswer answer, read_head());
    bool to_sink = sink && answer.status >= 200 && answer.status < 300;
    BodySink collect = [&](std::string_view piece) -> Status {
      answer.body += piece;
      return {};
    };
    CF_CHECK(read_body(answer, body_bytes_max, to_sink ? sink : collect));
    return answer;
  }

  Status connect() {
    Deadline deadline = Deadline::in_ms(connect_deadline_ms_);
    CF_TRY(Fd socket, connect_to(host_, port_, deadline));
    CF_TRY(auto stream, tls_->connect(std::move(socket)));
    const Status shaken = stream->handshake(deadline);
    if (!shaken && shaken.error().code == Code::Io)
      return fail(Code::Io, "Port " + std::to_string(port_) + " of " + printable(host_) +
                                " does not speak the TLS of a box; is it the right port? (" +
                                shaken.error().message() + ")");
    CF_CHECK(shaken);
    stream_ = std::move(stream);
    input_.clear();
    return {};
  }

  [[nodiscard]] Deadline read_deadline() const { return Deadline::in_ms(read_deadline_ms_); }

  /// A server that sends, but so slowly that it would never be done, must not hold us.
  [[nodiscard]] Status check_pace() const {
    const auto allowed = std::chrono::milliseconds(exchange_deadline_ms_ +
                                                   received_bytes_ * 1000 / limits::kExchangeMin_bytes_per_s);
    if (std::chrono::steady_clock::now() - began_ <= allowed) return {};
    return fail(Code::Timeout, "The server answers too slowly.");
  }

  /// Reads more into input_; the end of the stream is an error here.
  Status more() {
    std::array<char, kClientReadBytes> buffer;
    CF_TRY(std::size_t got, stream_->read(buffer.data(), buffer.size(), read_deadline()));
    if (got == 0) return fail(Code::Io, "The server closed the connection in the middle of an answer.");
    input_.append(buffer.data(), got);
    received_bytes_ += static_cast<std::int64_t>(got);
    return check_pace();
  }

  /// One line without its end, taken from input_.
  Result<std::string> line(std::size_t bytes_max) {
    std::size_t end = 0;
    while ((end = input_.find("\r\n")) == std::string::npos) {
      if (input_.size() > bytes_max) return fail(Code::BadInput, "The server's answer is not HTTP.");
      CF_CHECK(more());
    }
    std::string out = input_.substr(0, end);
    input_.erase(0, end + 2);
    return out;
  }

  Result<HttpAnswer> read_head() {
    HttpAnswer answer;
    CF_TRY(std::string status, line(kAnswerHeadBytesMax));
    answered_ = true;
    bool good =
        status.size() >= 12 && status.starts_with("HTTP/1.1 ") &&
        std::from_chars(status.data() + 9, status.data() + 12, answer.status).ptr == status.data() + 12;
    if (!good) return fail(Code::BadInput, "The server's answer is not HTTP.");
    for (std::size_t total = status.size();;) {
      CF_TRY(std::string field, line(kAnswerHeadBytesMax));
      if (field.empty()) break;
      total += field.size();
      std::size_t colon = field.find(':');
      if (colon == std::string::npos || total > kAnswerHeadBytesMax)
        return fail(Code::BadInput, "The server's answer is not HTTP.");
      std::size_t value = field.find_first_not_of(" \t", colon + 1);
      answer.fields.push_back(
          {field.substr(0, colon), value == std::string::npos ? "" : field.substr(value)});
    }
    keep_ = !equals_ignoring_case(answer.field("connection").value_or(""), "close");
    return answer;
  }

  Status read_body(const HttpAnswer& answer, std::size_t bytes_max, const BodySink& sink) {
    if (answer.status == 204 || answer.status == 304) return {};
    if (equals_ignoring_case(answer.field("transfer-encoding").value_or(""), "chunked"))
      return read_chunks(bytes_max, sink);
    auto length = answer.field("content-length");
    std::size_t bytes = 0;
    if (!length || std::from_chars(length->data(), length->data() + length->size(), bytes).ptr !=
                       length->data() + length->size())
      return fail(Code::BadInput, "The server's answer has no length.");
    if (bytes > bytes_max) return fail(Code::Limit, "The server's answer is larger than expected.");
    return pass_on(bytes, sink);
  }

  Status pass_on(std::size_t bytes, const BodySink& sink) {
    while (bytes > 0) {
      if (input_.empty()) CF_CHECK(more());
      std::size_t n = std::min(bytes, input_.size());
      CF_CHECK(sink(std::string_view(input_).substr(0, n)));
      input_.erase(0, n);
      bytes -= n;
    }
    return {};
  }

  Status read_chunks(std::size_t bytes_max, const BodySink& sink) {
    for (std::size_t total = 0;;) {
      CF_TRY(std::string size_line, line(kChunkLineBytesMax));
      std::size_t bytes = 0;
      auto [end, error] = std::from_chars(size_line.data(), size_line.data() + size_line.size(), bytes, 16);
      bool good = error == std::errc() && (end == size_line.data() + size_line.size() || *end == ';');
      if (!good) return fail(Code::BadInput, "The server's answer is cut wrongly.");
      if (bytes > bytes_max - total) return fail(Code::Limit, "The server's answer is larger than expected.");
      total += bytes;
      CF_CHECK(pass_on(bytes, sink));
      CF_TRY(std::string after, line(kChunkLineBytesMax));
      if (!after.empty()) return fail(Code::BadInput, "The server's answer is cut wrongly.");
      if (bytes == 0) return {};
    }
  }

  const std::string host_;
  const std::uint16_t port_;
  const int connect_deadline_ms_;
  const int read_deadline_ms_;
  const int exchange_deadline_ms_;
  const std::shared_ptr<TlsClient> tls_;
  std::unique_ptr<Stream> stream_;
  std::string input_;                            // read, not used
  std::chrono::steady_clock::time_point began_;  // of the wait for the current answer
  std::int64_t received_bytes_ = 0;              // of the current answer
  bool keep_ = false;                            // the last answer leaves the connection open
  bool answered_ = false;                        // the current request got at least a status line
};

}  // namespace

std::optional<std::string_view> HttpAnswer::field(std::string_view name) const {
  for (const NameValue& f : fields)
    if (equals_ignoring_case(f.name, name)) return f.value;
  return std::nullopt;
}

Result<std::unique_ptr<HttpsClient>> HttpsClient::open(HttpsClientOptions options) {
  if (options.tls.server_name.empty()) options.tls.server_name = options.host;
  CF_TRY(auto tls, TlsClient::open(std::move(options.tls)));
  return std::unique_ptr<HttpsClient>(std::make_unique<SmallClient>(std::move(options), std::move(tls)));
}

}  // namespace counterfoil::net
