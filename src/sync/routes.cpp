// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "sync/routes.h"

#include "base/limits.h"
#include "base/log.h"

#include <algorithm>

namespace counterfoil::sync {
namespace {

net::Response refusal(const Error& error) {
  return net::Response::json_error(http_status(error.code), code_name(error.code), error.message());
}

Result<std::uint64_t> number(const net::Request& request, std::string_view name) {
  const auto value = net::decimal(request.query_value(name).value_or(""));
  if (!value) return fail(Code::BadInput, std::string(name) + " must be a whole number");
  return *value;
}

net::Response proof_answer(const Result<std::vector<Hash>>& proof) {
  if (!proof && proof.error().code == Code::BadInput)
    return net::Response::json_error(400, "range", proof.error().detail);
  if (!proof) return refusal(proof.error());
  json::Array list;
  for (const auto& hash : *proof) list.emplace_back(base64(hash));
  return net::Response::json_line({{"hashes", std::move(list)}});
}

class Routes {
 public:
  explicit Routes(desk::Desk& desk) : desk_(desk) {}

  net::Response checkpoint(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) -> net::Response {
      const auto note = log.checkpoint();
      return note ? net::Response::text(*note) : refusal(note.error());
    });
  }

  net::Response keys(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) {
      std::string text;
      for (const std::string& line : log.key_lines()) text += line + "\n";
      return net::Response::text(std::move(text));
    });
  }

  net::Response entries(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) -> net::Response {
      const auto start = number(request, "start");
      const auto end = number(request, "end");
      if (!start) return refusal(start.error());
      if (!end) return refusal(end.error());
      const auto size = log.signed_size();
      if (*start >= *end || *end > size || *end - *start > limits::kEntriesPerRequestMax)
        return net::Response::json_error(400, "range",
                                         "start < end <= " + std::to_string(size) + " and at most " +
                                             std::to_string(limits::kEntriesPerRequestMax) + " lines");
      return stream(*start, *end, request.query_value("identity") == "1", log);
    });
  }

  net::Response inclusion(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) -> net::Response {
      const auto index = number(request, "index");
      const auto size = number(request, "size");
      if (!index) return refusal(index.error());
      if (!size) return refusal(size.error());
      return proof_answer(log.inclusion(*index, *size));
    });
  }

  net::Response consistency(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) -> net::Response {
      const auto from = number(request, "from");
      const auto to = number(request, "to");
      if (!from) return refusal(from.error());
      if (!to) return refusal(to.error());
      return proof_answer(log.consistency(*from, *to));
    });
  }

  net::Response tile(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) -> net::Response {
      const auto n = net::decimal(request.param("n"));
      if (!n) return net::Response::json_error(400, "range", "a tile is named by a whole number");
      const auto hashes = log.leaf_tile(*n);
      if (!hashes) return refusal(hashes.error());
      return net::Response::of("application/octet-stream", std::string(as_text(*hashes)));
    });
  }

  net::Response erasures(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) -> net::Response {
      const auto notices = log.erasures();
      if (!notices) return refusal(notices.error());
      json::Array list;
      for (const auto& notice : *notices)
        list.emplace_back(json::Object{{"gone", notice.gone}, {"handle", notice.handle}});
      return net::Response::json_line({{"erasures", std::move(list)}});
    });
  }

  net::Response acknowledge(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) -> net::Response {
      const auto body = json::read(request.body);
      const auto handles = body ? body->strings_at("handles") : fail(Code::BadInput);
      if (!handles || handles->size() > limits::kNoticesPerAnswerMax)
        return net::Response::json_error(400, "bad_input",
                                         "say {\"handles\":[…]} in canonical JSON, at most " +
                                             std::to_string(limits::kNoticesPerAnswerMax));
      const auto known = log.acknowledge(*handles);
      return known ? net::Response::json_line({{"acknowledged", *known}}) : refusal(known.error());
    });
  }

  net::Response status(const net::Request& request) {
    return with_right(request, "pull", [&](const desk::LogView& log) {
      const auto health = log.health();
      return net::Response::json_line({{"clock", clock_state_name(health.clock)},
                                       {"disclosures", json::Object{{"consent", log.shows_consent()},
                                                                    {"identity", log.shows_identity()}}},
                                       {"origin", health.origin},
                                       {"read_only", health.read_only},
                                       {"size", log.signed_size()}});
    });
  }

 private:
  template <class Answer>
  net::Response with_right(const net::Request& request, std::string_view right, Answer answer) {
    if (!request.peer_spki)
      return net::Response::json_error(403, "no_certificate", "show the client certificate of a known peer");
    const auto peer = desk_.peer_by_key(*request.peer_spki);
    if (!peer)
      return net::Response::json_error(
          403, "unknown_peer",
          "this key belongs to no peer; an operator adds one with 'counterfoil peer add'");
    if (std::find(peer->rights.begin(), peer->rights.end(), right) == peer->rights.end())
      return net::Response::json_error(403, "no_right",
                                       "this peer does not have the right \"" + std::string(right) + "\"");
    return answer(desk_.log_view(*peer));
  }

  // Each piece is its own short read transaction, so that a slow peer pins no snapshot.
  static net::Response stream(std::uint64_t start, std::uint64_t end, bool identity,
                              const desk::LogView& log) {
    net::Response response = net::Response::of("application/x-ndjson", "");
    response.stream = [at = start, end, identity, log](std::string& piece) mutable -> Result<bool> {
      const std::uint64_t stop = std::min(end, at + limits::kEntriesPerPiece);
      CF_CHECK(log.entries(at, stop, identity, [&](std::string_view line) -> Status {
        piece += line;
        piece += '\n';
        return {};
      }));
      at = stop;
      return at < end;
    };
    return response;
  }

  desk::Desk& desk_;
};

}  // namespace

void add_routes(net::Router& router, desk::Desk& desk) {
  const auto routes = std::make_shared<Routes>(desk);
  const auto via = [&](net::Response (Routes::*member)(const net::Request&)) {
    return [routes, member](const net::Request& request) { return (routes.get()->*member)(request); };
  };
  router.get("/v1/log/checkpoint", via(&Routes::checkpoint));
  router.get("/v1/log/keys", via(&Routes::keys));
  router.get("/v1/log/entries", via(&Routes::entries));
  router.get("/v1/log/proof/inclusion", via(&Routes::inclusion));
  router.get("/v1/log/proof/consistency", via(&Routes::consistency));
  router.get("/v1/log/tile/0/{n}", via(&Routes::tile));
  router.get("/v1/status", via(&Routes::status));
  router.get("/v1/erasures", via(&Routes::erasures));
  net::RouteLimits handles;
  handles.body_bytes_max = limits::kControlMessageBytesMax;
  router.post("/v1/erasures/ack", via(&Routes::acknowledge), handles);
  router.set_error_page([](const net::Request&, int status, std::string_view reason) {
    return net::Response::json_error(status, reason, "see PROTOCOL.md for the requests this listener knows");
  });
}

}  // namespace counterfoil::sync
