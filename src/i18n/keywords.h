// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a message means that somebody sent back: STOP, BAJA, توقف. A whole message that is a listed word is a
// wish; a stop word inside a sentence is for a person to read. The lists are keywords/*.txt, each entry with
// its source. Thread rule: any thread; pure, and nothing of a text is kept or logged.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::i18n {

enum class WishKind : std::uint8_t {
  None,
  StopAll,
  StopTopic,
  Start,  // no consent by itself: the grant it asks for still needs its evidence
  Help,
  Human,  // a person must read it: it holds a stop word, but says more
};
/// "none", "stop_all", "stop_topic", "start", "help", "human".
std::string_view wish_name(WishKind kind);

/// An entry of the lists, constant.
struct Keyword {
  WishKind kind = WishKind::None;  // StopAll, Start or Help
  std::string_view text;           // as it is written, "no más"
  std::string_view list;           // language or "platforms"
  std::string_view sources;        // keywords/platforms.txt names them
  bool native_checked = false;     // somebody who grew up with the language has read the entry
};
std::span<const Keyword> keywords();

/// What people call a topic, in all languages of the shop.
struct TopicWords {
  std::string id;
  std::vector<std::string> words;
};

struct Wish {
  WishKind kind = WishKind::None;
  std::string topic;                 // id, for StopTopic
  const Keyword* keyword = nullptr;  // what matched, if anything did
};

/// Compares without case, accents, width, Arabic and Armenian spelling variants, punctuation, emoji and
/// invisible marks; ñ and й stay letters of their own. Text that is not UTF-8 counts as punctuation. Longer
/// than limits::kMessageBytesMax, it is Human or None by its beginning. When memory runs out it is Human.
Wish classify(std::string_view text, std::span<const TopicWords> topics) noexcept;

}  // namespace counterfoil::i18n
