// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "consent/members.h"

namespace counterfoil::consent {

const json::Value* Members::take(std::string_view key) {
  const auto at = object_.find(key);
  if (at == object_.end()) return nullptr;
  ++taken_;
  return &at->second;
}

Error Members::bad(std::string_view key, std::string_view why) const {
  return fail(Code::BadInput, what_ + ": " + std::string(key) + " " + std::string(why));
}

Result<std::string> Members::text(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr || value->string() == nullptr) return bad(key, "must be a text");
  return *value->string();
}

Result<std::string> Members::text_or_none(std::string_view key) {
  if (!object_.contains(key)) return std::string();
  CF_TRY(std::string found, text(key));
  if (found.empty()) return bad(key, "must be left out when there is none");
  return found;
}

Result<std::int64_t> Members::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const json::Value* value = take(key);
  if (value == nullptr || value->integer() == nullptr) return bad(key, "must be an integer");
  const std::int64_t number = *value->integer();
  if (number < least || number > most) return bad(key, "is out of range");
  return number;
}

Result<std::optional<Instant>> Members::instant_or_none(std::string_view key) {
  if (!object_.contains(key)) return std::optional<Instant>();
  CF_TRY(const Instant found, integer(key, 0, kIntegerMax));
  return std::optional<Instant>(found);
}

Result<bool> Members::boolean(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr || value->boolean() == nullptr) return bad(key, "must be true or false");
  return *value->boolean();
}

Result<std::vector<std::string>> Members::texts(std::string_view key) {
  CF_TRY(const json::Array* items, array(key));
  std::vector<std::string> out;
  out.reserve(items->size());
  for (const json::Value& item : *items) {
    if (item.string() == nullptr) return bad(key, "must be a list of texts");
    if (!out.empty() && !(out.back() < *item.string())) return bad(key, "must be sorted and unique");
    out.push_back(*item.string());
  }
  return out;
}

Result<const json::Object*> Members::object(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr || value->object() == nullptr) return bad(key, "must be an object");
  return value->object();
}

Result<const json::Array*> Members::array(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr || value->array() == nullptr) return bad(key, "must be a list");
  return value->array();
}

Status Members::done() const {
  if (taken_ != object_.size())
    return fail(Code::BadInput, what_ + ": has a member this version does not know");
  return {};
}

}  // namespace counterfoil::consent
