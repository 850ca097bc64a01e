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

/// Room for the anchor: a small record outside the SD card where the board has a place for it.
/// load() returns what store() last made durable. Fails with NotFound (never written), Io, Refused.
class ErasableAnchor {
 public:
  virtual ~ErasableAnchor() = default;
  virtual Result<SecretBytes> load() = 0;
  virtual Status store(ByteView record) = 0;
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
