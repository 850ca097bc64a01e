// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/members.h"

namespace counterfoil::api {

Members::Members(const json::Value& value, std::string at, std::optional<Refusal>& refusal)
    : object_(value.object()), at_(std::move(at)), refusal_(refusal) {
  if (object_ == nullptr && !refusal_) refusal_ = Refusal{400, "wrong_type", "this must be an object", at_};
}

std::string Members::place_of(std::string_view name) const {
  return at_ + "/" + std::string(name);
}

void Members::refuse(std::string_view name, std::string code, std::string message) {
  if (!refusal_) refusal_ = Refusal{400, std::move(code), std::move(message), place_of(name)};
}

void Members::refuse_type(std::string_view name, const json::Value* value, std::string_view wanted) {
  if (value == nullptr) return refuse(name, "missing", "this must be there");
  refuse(name, "wrong_type", "this must be " + std::string(wanted));
}

const json::Value* Members::value_if_there(std::string_view name) {
  asked_.emplace(name);
  if (object_ == nullptr) return nullptr;
  const auto at = object_->find(name);
  return at == object_->end() ? nullptr : &at->second;
}

std::optional<std::string> Members::text_if_there(std::string_view name) {
  const json::Value* value = value_if_there(name);
  if (value == nullptr) return std::nullopt;
  if (value->string() != nullptr) return *value->string();
  refuse_type(name, value, "a text");
  return std::nullopt;
}

std::string Members::text(std::string_view name) {
  const json::Value* value = value_if_there(name);
  if (value != nullptr && value->string() != nullptr) return *value->string();
  refuse_type(name, value, "a text");
  return {};
}

std::int64_t Members::integer(std::string_view name) {
  const json::Value* value = value_if_there(name);
  if (value != nullptr && value->integer() != nullptr) return *value->integer();
  refuse_type(name, value, "a whole number");
  return 0;
}

const json::Array& Members::list(std::string_view name) {
  static const json::Array kNone;
  const json::Value* value = value_if_there(name);
  if (value != nullptr && value->array() != nullptr) return *value->array();
  refuse_type(name, value, "a list");
  return kNone;
}

void Members::end() {
  if (object_ == nullptr || refusal_) return;
  for (const auto& [name, value] : *object_)
    // The name is not repeated: it may be anything, a number that somebody put there by mistake as well.
    if (!asked_.contains(name))
      refusal_ = Refusal{400, "unknown", "there is a member that nobody knows", at_};
}

}  // namespace counterfoil::api
