// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Strong types for everything that is named by a short text or a number. Thread rule: value types.
#pragma once

#include "counterfoil/base/bytes.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace counterfoil::consent {

/// A name the operator chose: 1 to limits::kNameBytesMax characters of [A-Za-z0-9-_/.].
bool is_name(std::string_view s);
/// A name that is typed from posters and stands in an address: as many of [a-z0-9-_.], but not "." or "..".
bool is_link_name(std::string_view s);

/// Not checked here; the configuration reader and the body rules check.
template <class Tag>
class Name {
 public:
  Name() = default;
  explicit Name(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(const Name&) const = default;

 private:
  std::string text_;
};

using TopicId = Name<struct TopicTag>;          // 27560 purpose
using SenderId = Name<struct SenderTag>;        // a number or page the business writes from
using NoticeId = Name<struct NoticeTag>;        // 27560 privacy_notice, "N1"
using LinkId = Name<struct LinkTag>;            // an opt-in link: a poster, a place, a tablet
using ShopId = Name<struct ShopTag>;            // where the link hangs
using RecipientId = Name<struct RecipientTag>;  // GDPR Art. 4(9)
using UserId = Name<struct UserTag>;            // a member of the staff
using CaseId = Name<struct CaseTag>;            // a legal claim for which records are held

/// A subject is one submission: its own key, its own chain, its own link. Random, never
/// shown.
struct SubjectId {
  Handle bytes{};
  auto operator<=>(const SubjectId&) const = default;
};

/// Position of an event in the log, from 0.
struct Seq {
  std::uint64_t value = 0;
  auto operator<=>(const Seq&) const = default;
};

}  // namespace counterfoil::consent
