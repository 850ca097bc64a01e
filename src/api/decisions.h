// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// POST /v1/decide: up to limits::kQuestionsMax questions, answered whole. POST /v1/messages: the same about
// one message, which goes now when the answer is yes, and is noted before it does. Thread rule: any thread.
#pragma once

#include "api/door.h"

namespace counterfoil::api {

/// What a refusal says of a channel or a time that is none.
inline constexpr const char* kChannels = "channels are whatsapp, messenger, sms, email and voice";
inline constexpr const char* kTimes = "a time is written 2026-11-22T09:30:00Z";

/// What every message has but a number: channel and topic, and region, sender, form and useful_until if they
/// like.
void read_message(Members& members, desk::Asked& asked);
/// What the desk does not know of a message, at its place.
Refusal wrong_message(const Error& error, const std::string& at);

net::Response post_decide(Door& door, const desk::Client& client, const net::Request& request);
net::Response post_message(Door& door, const desk::Client& client, const net::Request& request);

}  // namespace counterfoil::api
