// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/people.h"

#include "api/decisions.h"
#include "base/limits.h"

#include <charconv>

namespace counterfoil::api {
namespace {

// "<end, boot ms> <canonical number>", sealed for one client: the same number has another ref each time.
std::string seal_ref(const Door& door, const desk::Client& client, const consent::Address& address) {
  const std::int64_t end_ms = door.clock.boot_ms() + limits::kPersonRefLife_ms;
  const std::string plain = std::to_string(end_ms) + " " + address.value;
  return base64url(crypto::wrap(door.person_key, as_bytes(client.name), as_bytes(plain)));
}

std::optional<consent::Address> open_ref(const Door& door, const desk::Client& client, std::string_view ref) {
  const auto sealed = from_base64url(ref);
  if (!sealed) return std::nullopt;
  const auto plain = crypto::unwrap(door.person_key, as_bytes(client.name), *sealed);
  if (!plain) return std::nullopt;
  const std::string_view text = plain->text();
  const std::size_t space = text.find(' ');
  std::int64_t end_ms = 0;
  std::from_chars(text.data(), text.data() + space, end_ms);
  if (end_ms <= door.clock.boot_ms()) return std::nullopt;
  return consent::Address{consent::AddressKind::Phone, std::string(text.substr(space + 1)),
                          consent::Evidence::Claimed};
}

// The body as FORMAT.md writes it, but for who on the staff it was and what somebody wrote.
Result<json::Value> event_json(const consent::Event& event) {
  json::Object body;
  if (event.body) {
    CF_TRY(const auto text, consent::encode_body(*event.body));
    CF_TRY(const auto value, json::read(text));
    if (value.object() != nullptr) body = *value.object();
    for (const char* withheld : {"text", "user"}) body.erase(withheld);
  }
  return json::Value(json::Object{{"body", std::move(body)},
                                  {"clock", clock_state_name(event.clock)},
                                  {"seq", event.seq.value},
                                  {"t", rfc3339(event.t)},
                                  {"type", consent::event_name(event.type)}});
}

}  // namespace

net::Response post_person(Door& door, const desk::Client& client, const net::Request& request) {
  std::optional<Refusal> wrong;
  const auto body = json_body_of(request, wrong);
  if (wrong) return answer_of(*wrong);
  Members members(body, "", wrong);
  const std::string number = members.text("number");
  const std::string region = members.text_if_there("region").value_or("");
  members.end();
  if (wrong) return answer_of(*wrong);
  const auto address = door.desk.address(number, region);
  if (!address) return answer_of(wrong_message(address.error(), ""));
  return net::Response::json_line({{"person", seal_ref(door, client, *address)}});
}

net::Response get_timeline(Door& door, const desk::Client& client, const net::Request& request) {
  const auto address = open_ref(door, client, request.param("ref"));
  if (!address)
    return answer_of(
        Refusal{404, "NotFound", "this ref is over, or of another client; POST /v1/people makes one"});
  const auto events = door.desk.timeline(*address, client.id());
  if (!events) return answer_of(refusal_of(events.error()));
  json::Array out;
  for (const auto& event : *events) {
    auto value = event_json(event);
    if (!value) return answer_of(refusal_of(value.error()));
    out.push_back(*std::move(value));
  }
  return net::Response::json_line({{"events", std::move(out)}});
}

}  // namespace counterfoil::api
