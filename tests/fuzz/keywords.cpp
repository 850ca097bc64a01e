// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/keywords.h"

#include "base/limits.h"
#include "fuzz.h"

namespace {

using enum counterfoil::i18n::WishKind;

counterfoil::i18n::Wish wish(std::string_view text) {
  static const std::vector<counterfoil::i18n::TopicWords> topics = {
      {"offers", {"offers", "ofertas", "العروض"}}, {"news", {"news", "offers", ""}}};
  return counterfoil::i18n::classify(text, topics);
}

}  // namespace

CF_FUZZ(keywords) {
  using namespace counterfoil;
  const std::string text(as_text(input));
  const auto found = wish(text);
  fuzz::require((found.keyword == nullptr) == (found.kind == None), "a wish names its entry");
  fuzz::require(found.topic.empty() == (found.kind != StopTopic), "a stop of a topic names it");
  if (text.size() > limits::kMessageBytesMax)
    return fuzz::require(found.kind == None || found.kind == Human,
                         "a long message is for a person or nobody");
  if (text.size() + 16 > limits::kMessageBytesMax) return;
  fuzz::require(wish("\u200f #" + text + "! \n").kind == found.kind,
                "what stands around a message says nothing");
  const bool has_stop = found.kind == StopAll || found.kind == StopTopic || found.kind == Human;
  fuzz::require(wish(text + " qx tomorrow").kind == (has_stop ? Human : None), "a sentence is for a person");
  const auto stopped = wish(text + " stop").kind;
  fuzz::require(stopped == StopAll || stopped == StopTopic || stopped == Human, "no stop is passed over");
}
