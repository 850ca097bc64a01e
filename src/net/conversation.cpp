// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/conversation.h"

#include "base/log.h"
#include "base/stack.h"
#include "net/wire.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace counterfoil::net {
namespace {

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kBurstBytes = 64 * 1024;  // moved for one connection before others have their turn
constexpr int kDrain_ms = 300;
constexpr std::size_t kDrainBytesMax = 256 * 1024;

}  // namespace

Conversation::Conversation(AcceptedSocket accepted, const ListenerOptions& door, const Setting& setting)
    : setting_(setting),
      socket_(std::move(accepted.fd)),
      fd_(socket_.get()),
      until_(Deadline::in_ms(setting.options.handshake_deadline_ms)) {
  peer_.door = &door;
  peer_.address = std::move(accepted.peer.text);
  peer_.address_key = std::move(accepted.peer.key);
}

void Conversation::shut_down() const {
  ::shutdown(fd_, SHUT_RDWR);
}

bool Conversation::is_unengaged() const {
  return state_ == State::Silent || state_ == State::Shaking || state_ == State::Idle;
}

Conversation::Patience Conversation::patience() const {
  switch (state_) {
    case State::Silent:
    case State::Idle:
      return is_stranger_ ? Patience::IdleStranger : Patience::Idle;
    case State::Shaking:
    case State::Head:
    case State::Body:
    case State::Slowed:
    case State::Writing:
    case State::Draining:
      return is_stranger_ ? Patience::SlowStranger : Patience::MidRequest;
    case State::Away:
      break;
  }
  return Patience::Away;
}

Conversation::Next Conversation::wait(State state, Want want, const Deadline& until) {
  if (state != state_) since_ = Deadline::in_ms(0);
  state_ = state;
  want_ = want;
  until_ = until;
  return Next::Wait;
}

Deadline Conversation::reading(int ms) const {
  return Deadline::sooner(Deadline::in_ms(ms), turn_end_);
}

bool Conversation::is_last() const {
  // Refusals count too, or a client that only collects them would keep its place.
  return requests_ >= setting_.options.keep_alive_requests_max || turn_end_.passed() || setting_.stopping;
}

// ---- steps ----

Conversation::Next Conversation::ready() {
  switch (state_) {
    case State::Silent:
      return first_bytes();
    case State::Shaking:
      return Next::Shake;
    case State::Idle:
      turn_end_ = Deadline::in_ms(setting_.options.turn_deadline_ms);
      begin_request();
      [[fallthrough]];
    case State::Head:
    case State::Body: {
      const Next next = read();
      burn_stack();
      return next;
    }
    case State::Writing:
      return write();
    case State::Draining:
      return drain();
    case State::Away:
    case State::Slowed:
      break;
  }
  return Next::Wait;
}

Conversation::Next Conversation::overdue() {
  switch (state_) {
    case State::Shaking:
      setting_.service.figures().refused("tls_handshake");
      return Next::Close;
    case State::Head:
      // A connection opened ahead of need, and never needed, is no news.
      return input_.empty() ? Next::Close : refuse(408, "head_timeout");
    case State::Body:
      return refuse(408, "body_timeout");
    case State::Slowed:
      return begin_answer();
    default:
      return Next::Close;
  }
}

Conversation::Next Conversation::first_bytes() {
  if (!peer_.door->tls) {
    stream_ = make_plain_stream(std::move(socket_));
    state_ = State::Idle;
    return ready();
  }
  const auto handshakes = setting_.service.count_handshake(peer_);
  handshakes_ = handshakes.lately;
  if (handshakes.in_second > setting_.options.handshakes_per_second_max) {
    setting_.service.figures().refused("handshake_rate");
    return Next::Close;
  }
  auto stream = peer_.door->tls->accept(std::move(socket_));
  if (!stream) {
    setting_.service.figures().refused(stream.error().code == Code::NotReady ? "tls_no_certificate"
                                                                             : "tls_memory");
    return Next::Close;
  }
  stream_ = std::move(*stream);
  wait(State::Shaking, Want::Nothing, until_);
  return Next::Shake;
}

Conversation::Next Conversation::shake() {
  const auto want = stream_->try_handshake();
  if (!want) {
    const bool refused = want.error().code == Code::Refused;
    setting_.service.figures().refused(refused ? "tls_peer" : "tls_handshake");
    if (!refused) return Next::Close;
    // A refused peer should read the alert, not a reset.
    ::shutdown(fd_, SHUT_WR);
    drainable_ = kDrainBytesMax;
    return wait(State::Draining, Want::Read, Deadline::in_ms(kDrain_ms));
  }
  if (*want != Want::Nothing) return wait(State::Shaking, *want, until_);
  peer_.spki = stream_->peer_spki();
  return rest();
}

Conversation::Next Conversation::rest() {
  wait(State::Idle, Want::Read, Deadline::in_ms(setting_.options.keep_alive_ms));
  return stream_->buffered() ? Next::Again : Next::Wait;
}

// ---- reading ----

void Conversation::begin_request() {
  wait(State::Head, Want::Read, reading(setting_.options.head_deadline_ms));
}

Conversation::Next Conversation::read() {
  std::array<char, kReadBytes> buffer;
  for (std::size_t taken = 0; taken < kBurstBytes;) {
    if (auto next = consume()) return *next;
    const auto got = stream_->try_read(buffer.data(), buffer.size());
    if (!got) return Next::Close;
    if (got->want != Want::Nothing) return wait(state_, got->want, until_);
    if (got->bytes == 0) return Next::Close;
    input_.append(buffer.data(), got->bytes);
    taken += got->bytes;
  }
  return Next::Again;
}

std::optional<Conversation::Next> Conversation::consume() {
  if (state_ == State::Body) {
    if (input_.size() < question_.admission.head.content_length) return std::nullopt;
    return ask();
  }
  std::size_t head_bytes = 0;
  const bool is_whole = find_head_end(input_, head_bytes);
  if (!is_whole && input_.size() <= limits::kRequestHeadBytesMax) return std::nullopt;
  if (!is_whole || head_bytes > limits::kRequestHeadBytesMax) return refuse(431, "head_size");
  return judge(head_bytes);
}

std::optional<Conversation::Next> Conversation::judge(std::size_t head_bytes) {
  ++requests_;
  const std::string_view head = std::string_view(input_).substr(0, head_bytes);
  question_.admission = setting_.service.admit(head, peer_, is_last());
  input_.erase(0, head_bytes);
  Admission& admission = question_.admission;
  is_head_ = admission.head.method == Method::Head;
  if (admission.ended) return answered(std::move(*admission.ended));
  wait(State::Body, Want::Read, reading(setting_.options.body_deadline_ms));
  return consume();
}

Conversation::Next Conversation::ask() {
  const std::size_t body_bytes = question_.admission.head.content_length;
  question_.body = input_.substr(0, body_bytes);
  question_.peer = peer_;
  question_.close = !question_.admission.head.keep_alive || is_last();
  input_.erase(0, body_bytes);
  is_stranger_ = false;
  wait(State::Away, Want::Nothing, Deadline::never());
  return Next::Ask;
}

Conversation::Next Conversation::refuse(int status, std::string_view reason) {
  is_head_ = false;
  return answered(setting_.service.refuse_unread(peer_, status, reason));
}

// ---- answering ----

Conversation::Next Conversation::answered(Outcome outcome) {
  close_ = outcome.close || setting_.stopping;
  drainable_ = outcome.unread_input ? kDrainBytesMax : 0;
  written_ = 0;
  output_ = std::move(outcome.bytes);
  if (outcome.streaming) {
    output_ = response_head(*outcome.streaming, Framing::Chunked, close_);
    if (!is_head_) more_ = std::move(outcome.streaming);
  }
  if (outcome.delay_ms > 0) return wait(State::Slowed, Want::Nothing, Deadline::in_ms(outcome.delay_ms));
  return begin_answer();
}

Conversation::Next Conversation::begin_answer() {
  wait(State::Writing, Want::Write, Deadline::in_ms(setting_.options.write_deadline_ms));
  return write();
}

Conversation::Next Conversation::write() {
  for (std::size_t put = 0; put < kBurstBytes;) {
    if (written_ == output_.size()) {
      if (!more_) return answer_sent();
      if (!pull_piece()) return Next::Close;
      continue;
    }
    const auto step = stream_->try_write(std::string_view(output_).substr(written_));
    if (!step) return Next::Close;
    if (step->want != Want::Nothing) return wait(State::Writing, step->want, until_);
    written_ += step->bytes;
    put += step->bytes;
  }
  return Next::Again;
}

/// False when the answer broke off: without the last chunk the peer knows that it is not whole.
bool Conversation::pull_piece() {
  std::string piece;
  try {
    const auto is_more = more_->stream(piece);
    if (!is_more) return false;
    output_ = chunk(piece);
    written_ = 0;
    if (!*is_more) {
      output_ += kLastChunk;
      more_.reset();
    }
  } catch (...) {
    log::error("net.stream_threw");
    return false;
  }
  until_ = Deadline::in_ms(setting_.options.write_deadline_ms);
  return true;
}

Conversation::Next Conversation::answer_sent() {
  output_ = {};
  if (close_) {
    stream_->finish();
    // Closing a socket with unread bytes resets it, and the reset may overtake our answer.
    if (drainable_ == 0) return Next::Close;
    return wait(State::Draining, Want::Read, Deadline::in_ms(kDrain_ms));
  }
  if (input_.empty() && !stream_->buffered()) return rest();
  begin_request();
  return Next::Again;
}

Conversation::Next Conversation::drain() {
  std::array<char, kReadBytes> sink;
  while (drainable_ > 0) {
    const ssize_t got = ::recv(fd_, sink.data(), sink.size(), 0);
    if (got < 0 && would_block(errno)) return wait(State::Draining, Want::Read, until_);
    if (got <= 0) break;
    drainable_ -= std::min(drainable_, static_cast<std::size_t>(got));
  }
  return Next::Close;
}

}  // namespace counterfoil::net
