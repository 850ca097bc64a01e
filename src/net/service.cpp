// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/service.h"

#include "base/limits.h"
#include "net/same_origin.h"
#include "net/wire.h"

#include <algorithm>

namespace counterfoil::net {
namespace {

constexpr std::int64_t kSecond_ms = 1'000;
constexpr std::int64_t kMinute_ms = 60'000;
constexpr std::int64_t kHour_ms = 3'600'000;
constexpr int kStopDelayStep_ms = 250;
constexpr std::string_view kBusyRetry_s = "2";

Outcome redirect_to_name(const JudgedHead& head, const ListenerOptions& door, bool close) {
  Response moved;
  moved.status = 301;
  // To the configured name, never to the one asked for: the Host field is the visitor's word.
  moved.with("Location", door.redirect_to + head.target);
  Outcome out;
  out.close = close;
  out.bytes = response_bytes(moved, head.method == Method::Head, close);
  return out;
}

}  // namespace

void FigureBook::connection_opened() {
  std::lock_guard lock(mutex_);
  ++figures_.connections;
  ++figures_.accepted;
}

void FigureBook::connection_closed() {
  std::lock_guard lock(mutex_);
  --figures_.connections;
}

void FigureBook::request_served() {
  std::lock_guard lock(mutex_);
  ++figures_.requests;
}

void FigureBook::stop_slowed() {
  std::lock_guard lock(mutex_);
  ++figures_.stops_slowed;
}

void FigureBook::refused(std::string_view reason) {
  std::lock_guard lock(mutex_);
  ++figures_.refused[std::string(reason)];
}

ServerFigures FigureBook::read() const {
  std::lock_guard lock(mutex_);
  return figures_;
}

Service::Service(Clock& clock)
    : per_second_(clock, kSecond_ms),
      lately_(clock, limits::kPlaceWindow_ms),
      per_minute_(clock, kMinute_ms),
      per_hour_(clock, kHour_ms),
      engine_(HttpEngine::make()) {}

Service::Handshakes Service::count_handshake(const Peer& peer) {
  constexpr std::string_view kWhat = "handshake";
  return {per_second_.count(peer.address_key, kWhat).now, lately_.count(peer.address_key, kWhat).lately};
}

Admission Service::admit(std::string_view head, const Peer& peer, bool close) {
  Admission admission;
  Verdict verdict = RequestGate::judge(head);
  Request& request = admission.request;
  request.method = verdict.head.method.value_or(Method::Get);
  request.path = verdict.head.path;
  request.query = verdict.head.query;
  request.fields = verdict.head.fields;
  request.host = verdict.head.host;
  request.authority = verdict.head.authority;
  request.address = peer.address;
  request.address_key = peer.address_key;
  request.listener = peer.door->kind;
  request.peer_spki = peer.spki;
  request.is_secure = peer.door->kind != ListenerKind::Redirect;

  admission.asked_lately = lately_.count(peer.address_key, "request").lately;
  bool understood = verdict.admitted;
  std::optional<Refusal> refusal;
  if (!understood)
    refusal = Refusal{verdict.status, verdict.reason, {}, {}};
  else
    refusal = judge_door(admission, verdict, peer);
  admission.head = std::move(verdict.head);
  const JudgedHead& judged = admission.head;
  bool is_head = judged.method == Method::Head;
  close = close || !judged.keep_alive;
  if (refusal) {
    // A body that nobody reads, or that has no length, would be taken for the next request; whoever posts to
    // the port that redirects has nothing more to do there.
    const bool may_have_body = !understood || judged.content_length > 0 || refusal->status == 411;
    close = close || may_have_body || peer.door->kind == ListenerKind::Redirect;
    admission.ended = refuse(request, *refusal, peer, is_head, close);
    admission.ended->unread_input = may_have_body;
  } else if (peer.door->kind == ListenerKind::Redirect) {
    admission.ended = redirect_to_name(judged, *peer.door, close);
  }
  return admission;
}

std::optional<Service::Refusal> Service::judge_door(Admission& admission, Verdict& verdict,
                                                    const Peer& peer) {
  const ListenerOptions& door = *peer.door;
  if (door.kind == ListenerKind::Redirect) {
    verdict = RequestGate::judge_route(std::move(verdict), RouteLimits{});
    if (verdict.admitted) return std::nullopt;
    return Refusal{verdict.status, verdict.reason, verdict.allow.empty() ? "" : "Allow", verdict.allow};
  }
  bool known = std::any_of(door.hosts.begin(), door.hosts.end(), [&](const std::string& name) {
    return equals_ignoring_case(name, verdict.head.host);
  });
  if (!known) return Refusal{421, "host_unknown", {}, {}};

  Router::Match match = door.router->find(verdict.head.method, verdict.head.path);
  if (!match.found) return Refusal{404, "unknown_path", {}, {}};
  admission.limits = match.limits;
  verdict = RequestGate::judge_route(std::move(verdict), match.limits);
  if (!verdict.admitted)
    return Refusal{verdict.status, verdict.reason, verdict.allow.empty() ? "" : "Allow", verdict.allow};

  bool is_stop = match.limits.priority == Priority::Stop;
  if (verdict.head.method == Method::Post && !is_same_origin(admission.request))
    return Refusal{403, "cross_site", {}, {}};
  if (match.limits.admits)
    if (auto why = match.limits.admits(admission.request)) return Refusal{why->status, why->reason, {}, {}};
  unsigned per_minute_max = match.limits.requests_per_minute_max;
  if (per_minute_max > 0 && !is_stop) {
    std::string what = verdict.head.method_text + " " + std::string(match.pattern);
    if (per_minute_.count(peer.address_key, what).now > per_minute_max)
      return Refusal{429, "rate", "Retry-After", std::to_string(per_minute_.retry_after_s())};
  }
  return std::nullopt;
}

Outcome Service::refuse(const Request& request, const Refusal& refusal, const Peer& peer, bool is_head,
                        bool close) {
  figures_.refused(refusal.reason);
  const Router* router = peer.door->router;
  Response page = router != nullptr ? router->error(request, refusal.status, refusal.reason)
                                    : Response::text(std::string(refusal.reason) + "\n", refusal.status);
  if (!refusal.field_name.empty()) page.with(refusal.field_name, refusal.field_value);
  page.stream = nullptr;
  add_listener_fields(page, peer.door->kind);
  Outcome out;
  out.close = close;
  out.bytes = response_bytes(page, is_head, close);
  return out;
}

Outcome Service::refuse_unread(const Peer& peer, int status, std::string_view reason) {
  Request request;
  request.listener = peer.door->kind;
  request.address = peer.address;
  Outcome out = refuse(request, Refusal{status, reason, {}, {}}, peer, false, true);
  out.unread_input = true;
  return out;
}

int Service::stop_delay_ms(const Peer& peer) {
  unsigned count = per_hour_.count(peer.address_key, "stop").now;
  if (count <= limits::kStopsPerAddressPerHour) return 0;
  figures_.stop_slowed();
  unsigned over = std::min(count - limits::kStopsPerAddressPerHour, 100U);
  return std::min(static_cast<int>(over) * kStopDelayStep_ms, limits::kStopDelay_ms_max);
}

Outcome Service::turn_away(const Question& question) {
  const bool is_head = question.admission.head.method == Method::Head;
  return refuse(question.admission.request, {503, "busy", "Retry-After", std::string(kBusyRetry_s)},
                question.peer, is_head, question.close);
}

Outcome Service::answer(Question question) {
  const JudgedHead& head = question.admission.head;
  const ListenerOptions& door = *question.peer.door;
  const bool is_head = head.method == Method::Head;
  const Request unrouted = question.admission.request;
  auto serve = [&](Request request) {
    figures_.request_served();
    Response response = door.router->dispatch(std::move(request));
    if (response.stream && door.kind != ListenerKind::Sync)
      response = door.router->error(unrouted, 500, "stream_not_allowed");
    add_listener_fields(response, door.kind);
    return response;
  };
  HttpEngine::Answer answer =
      engine_->run(head, question.body, std::move(question.admission.request), question.close, serve);
  if (!answer.agreed)
    return refuse(unrouted, {400, "parser_disagrees", {}, {}}, question.peer, is_head, true);
  Outcome out;
  out.close = question.close;
  out.bytes = std::move(answer.bytes);
  out.streaming = std::move(answer.streaming);
  // The stop is on record by now; only the answer waits.
  if (question.is_stop() && head.method == Method::Post) out.delay_ms = stop_delay_ms(question.peer);
  return out;
}

}  // namespace counterfoil::net
