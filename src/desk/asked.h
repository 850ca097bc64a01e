// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A message that somebody would like to send, as they say it. Thread rule: a value.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/consent/ids.h"
#include "counterfoil/consent/terms.h"

#include <optional>
#include <string>

namespace counterfoil::desk {

struct Asked {
  std::string number;  // as typed
  std::string region;  // of a national spelling; empty: the shop's
  consent::Channel channel = consent::Channel::WhatsApp;
  consent::TopicId topic;
  consent::SenderId sender{};             // empty: the one of the channel
  std::optional<Instant> useful_until{};  // it is of no use from then on
  bool free_text = false;                 // no template that the platform has approved
};

/// What a decision is about: this moment, unless it names another.
struct Moment {
  std::optional<Instant>
      as_of{};                // earlier: by what was known then, as far as it is kept; later: as things are
  bool before_stops = false;  // tells also what was before somebody stopped everything
};

}  // namespace counterfoil::desk
