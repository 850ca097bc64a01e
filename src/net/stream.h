// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One connection's bytes, with or without TLS: steps that never wait for the event loop, and the same by
// deadline for threads that may wait. Thread rule: a Stream belongs to one thread at a time.
#pragma once

#include "base/fd.h"
#include "counterfoil/base/bytes.h"
#include "counterfoil/base/result.h"
#include "net/deadline.h"

#include <memory>
#include <optional>
#include <string_view>

namespace counterfoil::net {

/// What a socket must be ready for before a step is tried again.
enum class Want { Nothing, Read, Write };

/// What one step came to; with Want::Nothing it is done.
struct Step {
  std::size_t bytes = 0;
  Want want = Want::Nothing;
};

/// Owns its socket, which must be non-blocking.
class Stream {
 public:
  virtual ~Stream() = default;

  /// Want::Nothing: the handshake is over. Fails with Refused (peer not acceptable), Io.
  virtual Result<Want> try_handshake() = 0;
  /// At least one byte, or 0 when the peer has closed. Fails with Io.
  virtual Result<Step> try_read(char* to, std::size_t bytes_max) = 0;
  /// Some of it. What was not taken for want of a ready socket must be offered again as it was. Fails with
  /// Io.
  virtual Result<Step> try_write(std::string_view bytes) = 0;
  /// True when try_read() would return bytes without the socket having more.
  [[nodiscard]] virtual bool buffered() const = 0;
  /// Tells the peer that nothing more will be written; reading goes on.
  virtual void finish() = 0;
  /// SPKI SHA-256 of the peer's certificate, if it showed one.
  [[nodiscard]] virtual std::optional<Hash> peer_spki() const = 0;
  [[nodiscard]] virtual int fd() const = 0;

  /// Fails with Timeout, Refused (peer not acceptable), Io.
  Status handshake(const Deadline& deadline);
  /// At least one byte, or 0 when the peer has closed. Fails with Timeout, Io.
  Result<std::size_t> read(char* to, std::size_t bytes_max, const Deadline& deadline);
  /// All of it. Fails with Timeout, Io.
  Status write(std::string_view bytes, const Deadline& deadline);
};

/// A stream without TLS, for the port that only redirects.
std::unique_ptr<Stream> make_plain_stream(Fd socket);

/// False when the deadline passed first. Want::Nothing waits for the deadline alone.
bool wait_socket(int fd, Want want, const Deadline& deadline);

/// True for the errno of a socket call that would have waited (on Linux EWOULDBLOCK is EAGAIN).
bool would_block(int error_number);

}  // namespace counterfoil::net
