// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a board provides. Each folder under board/ implements these; only app knows which board it runs on.
// Thread rule: each implementation is called from one thread at a time, except Clock (see clock.h)
// and ErasableAnchor::promise(), which any thread may call.
#pragma once

#include "counterfoil/base/bytes.h"
#include "counterfoil/base/clock.h"
#include "counterfoil/base/result.h"

#include <memory>
#include <string>

namespace counterfoil {

/// Room for the anchor: kAnchorBytes that can be overwritten in place, outside the SD card where the board
/// has a place for it. read() fails with NotFound (never written), Io, Refused; write() returns when the
/// bytes are durable, and makes the room when there is none.
class ErasableAnchor {
 public:
  static constexpr std::size_t kAnchorBytes = 2048;
  virtual ~ErasableAnchor() = default;
  /// Straight into bytes that will be wiped.
  virtual Result<SecretBytes> read(std::size_t at, std::size_t size) = 0;
  virtual Status write(std::size_t at, ByteView bytes) = 0;
  /// One word for the log: "file", "nvmem", "memory". Any thread.
  [[nodiscard]] virtual std::string kind() const = 0;
  /// What erasing a record here is worth, in words for the health page and certificates of erasure. Any
  /// thread.
  [[nodiscard]] virtual std::string promise() const = 0;
};

/// The one light of the box.
class Light {
 public:
  enum class Show { Off, Starting, Well, Attention, Broken };
  virtual ~Light() = default;
  virtual void show(Show what) = 0;
};

/// The one button of the box: how long it is being held, in milliseconds; 0 when up.
class Button {
 public:
  virtual ~Button() = default;
  virtual int held_ms() = 0;
};

/// Tells the supervisor that the daemon is alive. interval_ms is half of what the supervisor expects, so that
/// a late sign still comes in time; 0 where nobody watches.
class Watchdog {
 public:
  virtual ~Watchdog() = default;
  [[nodiscard]] virtual int interval_ms() const = 0;
  virtual void alive() = 0;
};

struct Board {
  std::string name;
  std::unique_ptr<Clock> clock;
  std::unique_ptr<ErasableAnchor> anchor;
  std::unique_ptr<Light> light;
  std::unique_ptr<Button> button;
  std::unique_ptr<Watchdog> watchdog;
};

}  // namespace counterfoil
