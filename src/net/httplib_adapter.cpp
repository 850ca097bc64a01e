// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The only file that includes <httplib.h>. The macros come from pkg-config: Debian's shared library was built
// with them, and without them its classes would have another size.
#include "net/httplib_adapter.h"

#include <httplib.h>

#include <algorithm>
#include <cstring>

namespace counterfoil::net {
namespace {

/// A request in memory, an answer to memory.
class MemoryStream final : public httplib::Stream {
 public:
  MemoryStream(std::string head, std::string_view body) : head_(std::move(head)), body_(body) {}
  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t bytes_max) override {
    std::string_view rest =
        at_ < head_.size() ? std::string_view(head_).substr(at_) : body_.substr(at_ - head_.size());
    std::size_t n = std::min(bytes_max, rest.size());
    std::memcpy(to, rest.data(), n);
    at_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, std::size_t bytes) override {
    written_.append(from, bytes);
    return static_cast<ssize_t>(bytes);
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  [[nodiscard]] socket_t socket() const override { return INVALID_SOCKET; }
  std::string take_written() { return std::move(written_); }

 private:
  const std::string head_;
  const std::string_view body_;
  std::size_t at_ = 0;
  std::string written_;
};

/// What the handlers registered once need to know about the request at hand.
struct Exchange {
  const JudgedHead& head;
  std::string_view body;
  Request request;
  const std::function<Response(Request)>& serve;
  HttpEngine::Answer answer;
  bool served = false;
};
// The library calls its handlers in the thread that called process_request.
thread_local Exchange* current_exchange = nullptr;

void fill_answer(const httplib::Request& read, std::string read_body, httplib::Response& out) {
  Exchange& exchange = *current_exchange;
  if (exchange.served) return;
  exchange.served = true;
  const JudgedHead& head = exchange.head;
  bool same = read.method == head.method_text && read.path == head.path && read_body == exchange.body;
  if (!same) {
    exchange.answer.agreed = false;
    return;
  }
  exchange.request.method = *head.method;
  exchange.request.path = read.path;
  exchange.request.body = std::move(read_body);
  Response response = exchange.serve(std::move(exchange.request));
  if (response.stream) {
    exchange.answer.streaming = std::move(response);
    return;
  }
  out.status = response.status;
  for (const NameValue& field : response.fields) out.set_header(field.name, field.value);
  out.body = std::move(response.body);
}

class HttplibEngine final : public HttpEngine, private httplib::Server {
 public:
  HttplibEngine() {
    auto plain = [](const httplib::Request& q, httplib::Response& r) { fill_answer(q, q.body, r); };
    // With a reader the library leaves the body alone; otherwise it parses forms itself, with limits of its
    // own.
    auto with_body = [](const httplib::Request& q, httplib::Response& r,
                        const httplib::ContentReader& reader) {
      std::string body;
      reader([&](const char* data, std::size_t bytes) {
        body.append(data, bytes);
        return true;
      });
      fill_answer(q, std::move(body), r);
    };
    Get(".*", plain);  // HEAD comes this way too
    Post(".*", with_body);
    // The library's own handler puts what() into a header.
    set_exception_handler([](const httplib::Request&, httplib::Response& r, auto&&...) { r.status = 500; });
    set_post_routing_handler([](const httplib::Request&, httplib::Response& r) {
      r.headers.erase("Keep-Alive");
      r.headers.erase("Accept-Ranges");
    });
  }

  Answer run(const JudgedHead& head, std::string_view body, Request request, bool close,
             const std::function<Response(Request)>& serve) override {
    // The gate has read the query; the library would refuse a second question mark in it.
    const std::string raw_path = head.target.substr(0, head.target.find('?'));
    std::string text = head.method_text + " " + raw_path + " HTTP/1.1\r\nHost: " + head.authority + "\r\n";
    if (head.has_content_length) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    text += "\r\n";
    MemoryStream stream(std::move(text), body);
    Exchange exchange{head, body, std::move(request), serve, {}};
    current_exchange = &exchange;
    try {
      process(*this, stream, close);
    } catch (...) {
      exchange.answer.agreed = false;
    }
    current_exchange = nullptr;
    // Not served means that the library refused on its own what the gate had admitted.
    if (!exchange.served) exchange.answer.agreed = false;
    if (exchange.answer.agreed && !exchange.answer.streaming) exchange.answer.bytes = stream.take_written();
    return std::move(exchange.answer);
  }

 private:
  /// Debian 12 and 13 carry versions whose signatures differ.
  template <class Self>
  static void process(Self& self, MemoryStream& stream, bool close) {
    bool closed = false;
    auto no_set_up = [](httplib::Request&) {};
    if constexpr (requires { self.process_request(stream, close, closed, no_set_up); })
      self.process_request(stream, close, closed, no_set_up);  // 0.11
    else
      self.process_request(stream, std::string(), 0, std::string(), 0, close, closed, no_set_up);  // 0.18
  }
};

}  // namespace

std::unique_ptr<HttpEngine> HttpEngine::make() {
  return std::make_unique<HttplibEngine>();
}

}  // namespace counterfoil::net
