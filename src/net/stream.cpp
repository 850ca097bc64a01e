// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace counterfoil::net {
namespace {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Fd socket) : socket_(std::move(socket)) {}

  Result<Want> try_handshake() override { return Want::Nothing; }

  Result<Step> try_read(char* to, std::size_t bytes_max) override {
    return step(::recv(socket_.get(), to, bytes_max, 0), Want::Read);
  }

  Result<Step> try_write(std::string_view bytes) override {
    return step(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), Want::Write);
  }

  [[nodiscard]] bool buffered() const override { return false; }
  void finish() override { ::shutdown(socket_.get(), SHUT_WR); }
  [[nodiscard]] std::optional<Hash> peer_spki() const override { return std::nullopt; }
  [[nodiscard]] int fd() const override { return socket_.get(); }

 private:
  static Result<Step> step(ssize_t moved, Want otherwise) {
    if (moved >= 0) return Step{static_cast<std::size_t>(moved), Want::Nothing};
    if (would_block(errno)) return Step{0, otherwise};
    return fail(Code::Io, "connection lost");
  }

  Fd socket_;
};

}  // namespace

Status Stream::handshake(const Deadline& deadline) {
  for (;;) {
    CF_TRY(const Want want, try_handshake());
    if (want == Want::Nothing) return {};
    if (!wait_socket(fd(), want, deadline)) return fail(Code::Timeout);
  }
}

Result<std::size_t> Stream::read(char* to, std::size_t bytes_max, const Deadline& deadline) {
  for (;;) {
    CF_TRY(const Step step, try_read(to, bytes_max));
    if (step.want == Want::Nothing) return step.bytes;
    if (!wait_socket(fd(), step.want, deadline)) return fail(Code::Timeout);
  }
}

Status Stream::write(std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    CF_TRY(const Step step, try_write(bytes));
    bytes.remove_prefix(step.bytes);
    if (step.want != Want::Nothing && !wait_socket(fd(), step.want, deadline)) return fail(Code::Timeout);
  }
  return {};
}

std::unique_ptr<Stream> make_plain_stream(Fd socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

bool wait_socket(int fd, Want want, const Deadline& deadline) {
  const short events = want == Want::Read ? POLLIN : POLLOUT;
  // poll(2) leaves a negative descriptor out.
  pollfd p{want == Want::Nothing ? -1 : fd, events, 0};
  while (!deadline.passed()) {
    const int rc = ::poll(&p, 1, deadline.left_ms());
    if (rc > 0) return true;
    if (rc < 0 && errno != EINTR) return false;
  }
  return false;
}

bool would_block(int error_number) {
  return error_number == EAGAIN || error_number == EINTR;
}

}  // namespace counterfoil::net
