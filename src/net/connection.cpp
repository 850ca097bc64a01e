// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/connection.h"

#include "base/log.h"
#include "net/wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace counterfoil::net {
namespace {

constexpr std::size_t kReadBytes = 4096;
constexpr int kDrain_ms = 300;
constexpr std::size_t kDrainBytesMax = 256 * 1024;

}  // namespace

Connection::Connection(AcceptedSocket accepted, const ListenerOptions& door)
    : socket_(std::move(accepted.fd)), fd_(socket_.get()) {
  peer_.door = &door;
  peer_.address = std::move(accepted.peer.text);
  peer_.address_key = std::move(accepted.peer.key);
}

void Connection::shut_down() const {
  ::shutdown(fd_, SHUT_RDWR);
}

Deadline Connection::step(const Turn& turn, int ms) {
  return Deadline::in_ms(turn.only_stops ? std::min(ms, limits::kStopThreadDeadline_ms) : ms);
}

Deadline Connection::reading(const Turn& turn, int ms) const {
  return Deadline::sooner(step(turn, ms), turn_end_);
}

bool Connection::open_stream(const Turn& turn) {
  if (peer_.door->tls) {
    auto stream = peer_.door->tls->accept(std::move(socket_));
    if (!stream) {
      turn.service.figures().refused("tls_memory");
      return false;
    }
    stream_ = std::move(*stream);
  } else {
    stream_ = make_plain_stream(std::move(socket_));
  }
  return true;
}

Connection::After Connection::serve(const Turn& turn) {
  peer_.only_stops = turn.only_stops;
  turn_end_ = Deadline::in_ms(turn.options.turn_deadline_ms);
  if (!stream_ && !open_stream(turn)) return After::Close;
  if (!shaken_) {
    Status done = stream_->handshake(reading(turn, turn.options.handshake_deadline_ms));
    if (!done) {
      bool refused = done.error().code == Code::Refused;
      turn.service.figures().refused(refused ? "tls_peer" : "tls_handshake");
      // A refused peer should read the alert, not a reset.
      if (refused) {
        ::shutdown(fd_, SHUT_WR);
        drain();
      }
      return After::Close;
    }
    shaken_ = true;
    peer_.spki = stream_->peer_spki();
    // Browsers open connections ahead of need; those wait with the watcher, not in a thread.
    if (!stream_->buffered()) return turn.stopping() ? After::Close : After::Park;
  }
  for (;;) {
    if (one_request(turn) == After::Close) return After::Close;
    if (input_.empty() && !stream_->buffered()) return After::Park;
  }
}

Connection::After Connection::one_request(const Turn& turn) {
  std::size_t head_bytes = 0;
  bool gone = false;
  if (auto refusal = read_head(turn, head_bytes, gone))
    return write_outcome(turn, std::move(*refusal), false);
  if (gone) return After::Close;
  ++requests_;
  // Refusals count too, or a client that only collects them would keep its thread.
  const auto is_last = [&] {
    return turn.only_stops || requests_ >= turn.options.keep_alive_requests_max || turn_end_.passed() ||
           turn.stopping();
  };
  const std::string_view head = std::string_view(input_).substr(0, head_bytes);
  Admission admission = turn.service.admit(head, peer_, is_last());
  input_.erase(0, head_bytes);
  bool is_head = admission.head.method == Method::Head;
  if (admission.ended) return write_outcome(turn, std::move(*admission.ended), is_head);

  std::size_t body_bytes = admission.head.content_length;
  if (auto refusal = read_body(turn, body_bytes, gone))
    return write_outcome(turn, std::move(*refusal), is_head);
  if (gone) return After::Close;
  std::string body = input_.substr(0, body_bytes);
  input_.erase(0, body_bytes);
  bool close = !admission.head.keep_alive || is_last();
  Outcome outcome = turn.service.answer(std::move(admission), body, peer_, close);
  if (outcome.delay_ms > 0) turn.delay_ms(outcome.delay_ms);
  return write_outcome(turn, std::move(outcome), is_head);
}

std::optional<Outcome> Connection::read_head(const Turn& turn, std::size_t& head_bytes, bool& gone) {
  Deadline deadline = reading(turn, turn.options.head_deadline_ms);
  while (!find_head_end(input_, head_bytes)) {
    if (input_.size() > limits::kRequestHeadBytesMax) break;
    std::array<char, kReadBytes> buffer;
    auto got = stream_->read(buffer.data(), buffer.size(), deadline);
    if (!got && got.error().code == Code::Timeout && !input_.empty())
      return turn.service.refuse_unread(peer_, 408, "head_timeout");
    gone = !got || *got == 0;
    if (gone) return std::nullopt;
    input_.append(buffer.data(), *got);
  }
  if (head_bytes == 0 || head_bytes > limits::kRequestHeadBytesMax)
    return turn.service.refuse_unread(peer_, 431, "head_size");
  return std::nullopt;
}

std::optional<Outcome> Connection::read_body(const Turn& turn, std::size_t bytes, bool& gone) {
  Deadline deadline = reading(turn, turn.options.body_deadline_ms);
  while (input_.size() < bytes) {
    std::array<char, kReadBytes> buffer;
    auto got = stream_->read(buffer.data(), std::min(buffer.size(), bytes - input_.size()), deadline);
    if (!got && got.error().code == Code::Timeout)
      return turn.service.refuse_unread(peer_, 408, "body_timeout");
    gone = !got || *got == 0;
    if (gone) return std::nullopt;
    input_.append(buffer.data(), *got);
  }
  return std::nullopt;
}

Connection::After Connection::write_outcome(const Turn& turn, Outcome outcome, bool is_head) {
  bool close = outcome.close || turn.stopping();
  bool written = outcome.streaming
                     ? write_stream(turn, *outcome.streaming, is_head, close)
                     : bool(stream_->write(outcome.bytes, step(turn, turn.options.write_deadline_ms)));
  if (!written) return After::Close;
  if (!close) return After::Park;
  stream_->finish();
  if (outcome.unread_input) drain();
  return After::Close;
}

bool Connection::write_stream(const Turn& turn, const Response& response, bool is_head, bool close) {
  auto deadline = [&] { return step(turn, turn.options.write_deadline_ms); };
  if (!stream_->write(response_head(response, Framing::Chunked, close), deadline())) return false;
  if (is_head) return true;
  try {
    for (bool more = true; more;) {
      std::string piece;
      auto next = response.stream(piece);
      // Without the last chunk the peer knows that the answer is not whole.
      if (!next) return false;
      more = *next;
      if (!stream_->write(chunk(piece), deadline())) return false;
    }
  } catch (...) {
    log::error("net.stream_threw");
    return false;
  }
  return bool(stream_->write(kLastChunk, deadline()));
}

void Connection::drain() {
  // Closing a socket with unread bytes resets it, and the reset may overtake our answer.
  Deadline deadline = Deadline::in_ms(kDrain_ms);
  std::array<char, kReadBytes> sink;
  for (std::size_t total = 0; total < kDrainBytesMax;) {
    pollfd p{fd_, POLLIN, 0};
    if (::poll(&p, 1, deadline.left_ms()) <= 0) return;
    ssize_t got = ::recv(fd_, sink.data(), sink.size(), 0);
    if (got <= 0) return;
    total += static_cast<std::size_t>(got);
  }
}

}  // namespace counterfoil::net
