// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/keywords.h"

#include "base/limits.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

namespace counterfoil::i18n {
namespace {

/// Words of letters and digits with one space between them, spelled in one way.
using Folded = std::u32string;

constexpr char32_t kLatinEnd = 0x0250;

/// Stands inside a word and is none of its letters: tatweel stretches it, three Armenian marks tell an order,
/// a cry and a question.
bool is_inside_mark(char32_t c) {
  return c == 0x0640 || c == 0x055b || c == 0x055c || c == 0x055e;
}

/// The mark makes another letter of what it stands on, as on every keyboard of the language: ñ, й.
bool makes_a_letter(char32_t base, char32_t mark) {
  return (base == U'n' && mark == 0x0303) || (base == 0x0438 && mark == 0x0306);
}

/// What keyboards and habits write in several ways.
char32_t one_spelling(char32_t before, char32_t c) {
  switch (c) {
    case 0x0671:
      return 0x0627;  // alef wasla: alef
    case 0x0649:      // alef maksura
    case 0x06cc:
      return 0x064a;  // and Persian yeh: yeh
    case 0x06a9:
      return 0x0643;  // Persian keheh: kaf
    case 0x0629:
      return 0x0647;  // teh marbuta: heh
    // The ligature և was taken apart as ech and yiwn, but its capitals are ech and vew.
    case 0x0582:
      return before == 0x0565 ? 0x057e : c;
    default:
      return c;
  }
}

/// Without the spaces of words that are spelled letter by letter ("s t o p").
Folded joined(const Folded& words) {
  const auto is_space = [&](std::size_t at) { return at >= words.size() || words[at] == U' '; };
  const auto is_single = [&](std::size_t at) {
    return !is_space(at) && is_space(at - 1) && is_space(at + 1);
  };
  Folded out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool is_inside =
        is_space(i) && is_single(i - 1) && is_single(i + 1) && (is_single(i - 3) || is_single(i + 3));
    if (!is_inside) out += words[i];
  }
  return out;
}

Folded fold(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* caseless = icu::Normalizer2::getNFKCCasefoldInstance(status);  // drops what is invisible, too
  const auto* apart = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) throw std::runtime_error("the Unicode tables are missing");
  const auto typed = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  const auto plain = apart->normalize(caseless->normalize(typed, status), status);
  if (U_FAILURE(status)) throw std::bad_alloc();
  Folded out;
  for (std::int32_t i = 0; i < plain.length(); i = plain.moveIndex32(i, 1)) {
    const UChar32 c = plain.char32At(i);
    const char32_t letter = static_cast<char32_t>(c);
    const char32_t before = out.empty() ? U' ' : out.back();
    const bool is_kept_mark = makes_a_letter(before, letter);
    if (is_inside_mark(letter) || (u_getCombiningClass(c) != 0 && !is_kept_mark)) continue;
    if (is_kept_mark || u_isUAlphabetic(c) != 0 || u_isdigit(c) != 0) {
      out += one_spelling(before, letter);
    } else if (before != U' ') {
      out += U' ';
    }
  }
  if (out.ends_with(U' ')) out.pop_back();
  return joined(out);
}

struct Entry {
  Folded text;
  const Keyword* keyword;
  [[nodiscard]] bool is_stop() const { return keyword->kind == WishKind::StopAll; }
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = [] {
    std::vector<Entry> out;
    for (const Keyword& keyword : keywords()) out.push_back({fold(keyword.text), &keyword});
    return out;
  }();
  return all;
}

/// Between the ends of words, so that END is not in "weekend"; but other scripts than Latin write small words
/// and endings onto a word.
bool holds(const Folded& said, const Folded& key) {
  const auto ends = [&](std::size_t at) { return at >= said.size() || said[at] == U' '; };
  for (auto at = said.find(key); at != Folded::npos; at = said.find(key, at + 1))
    if (key.front() >= kLatinEnd || (ends(at - 1) && ends(at + key.size()))) return true;
  return false;
}

/// "STOP offers": a stop word, then one of a topic's words and nothing else.
Wish stop_of_topic(const Folded& said, std::span<const TopicWords> topics) {
  Wish found;
  for (const Entry& entry : entries()) {
    if (!entry.is_stop() || !said.starts_with(entry.text + U' ')) continue;
    const Folded rest = said.substr(entry.text.size() + 1);
    for (const TopicWords& topic : topics) {
      const auto is_meant = [&](const std::string& word) { return fold(word) == rest; };
      if (std::ranges::none_of(topic.words, is_meant)) continue;
      const bool is_doubtful = found.kind == WishKind::StopTopic && found.topic != topic.id;
      if (is_doubtful) return {WishKind::Human, {}, entry.keyword};
      found = {WishKind::StopTopic, topic.id, entry.keyword};
    }
  }
  return found;
}

Wish judge(std::string_view text, std::span<const TopicWords> topics) {
  const Folded said = fold(text.substr(0, limits::kMessageBytesMax));
  if (text.size() <= limits::kMessageBytesMax) {
    const auto whole = std::ranges::find(entries(), said, &Entry::text);
    if (whole != entries().end()) return {whole->keyword->kind, {}, whole->keyword};
    if (auto topic = stop_of_topic(said, topics); topic.kind != WishKind::None) return topic;
  }
  const auto inside = std::ranges::find_if(
      entries(), [&](const Entry& entry) { return entry.is_stop() && holds(said, entry.text); });
  if (inside != entries().end()) return {WishKind::Human, {}, inside->keyword};
  return {};
}

}  // namespace

std::string_view wish_name(WishKind kind) {
  switch (kind) {
    case WishKind::None:
      return "none";
    case WishKind::StopAll:
      return "stop_all";
    case WishKind::StopTopic:
      return "stop_topic";
    case WishKind::Start:
      return "start";
    case WishKind::Help:
      return "help";
    case WishKind::Human:
      return "human";
  }
  return "none";
}

Wish classify(std::string_view text, std::span<const TopicWords> topics) noexcept {
  try {
    return judge(text, topics);
  } catch (const std::exception&) {
    return {WishKind::Human, {}, nullptr};  // it may have been a stop
  }
}

}  // namespace counterfoil::i18n
