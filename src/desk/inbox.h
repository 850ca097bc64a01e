// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a backend reports: what people write to the business, and how a platform rates its senders. Thread
// rule: values.
#pragma once

#include "counterfoil/base/clock.h"
#include "counterfoil/consent/ids.h"
#include "counterfoil/consent/terms.h"
#include "i18n/keywords.h"

#include <string>

namespace counterfoil::desk {

struct InboundMessage {
  std::string number;  // as the backend writes it
  std::string region;  // of a national spelling; empty: the shop's
  consent::Channel channel = consent::Channel::WhatsApp;
  consent::SenderId sender{};  // to which it came; empty: the one of the channel
  Instant at = 0;
  std::string text{};    // judged and dropped; empty: nothing that can be read
  std::string source{};  // who reports it, a name
};

/// What a message was taken for, which says what was done: StopAll has stopped everything, StopTopic has
/// taken the topic back, Human waits for a person. Start, Help and None change nothing.
struct Heard {
  i18n::WishKind wish = i18n::WishKind::None;
  consent::TopicId topic;  // for StopTopic
};

/// What a platform says of one of the shop's senders.
struct QualityReport {
  consent::Channel channel = consent::Channel::WhatsApp;
  consent::SenderId sender{};  // empty: the one of the channel
  consent::Quality rating = consent::Quality::High;
  Instant at = 0;
  std::string source{};  // who reports it, a name
};

/// A message that a person must read, since it may be a stop. One that nobody has read after kDoubtfulLife_s
/// is taken for one. It goes with an erasure.
struct DoubtfulMessage {
  std::string id;  // by which it is settled
  std::string masked_number;
  consent::Channel channel = consent::Channel::WhatsApp;
  Instant at = 0;
  std::string text;  // the beginning of a long one
};

}  // namespace counterfoil::desk
