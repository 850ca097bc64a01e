// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/wire.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace counterfoil::net {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 23> kReasonPhrases = {{
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {303, "See Other"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
}};

std::string_view reason_phrase(int status) {
  for (const auto& [code, text] : kReasonPhrases)
    if (code == status) return text;
  return "";
}

void add_field_if_absent(Response& response, std::string_view name, std::string_view value) {
  if (!response.field(name)) response.fields.push_back({std::string(name), std::string(value)});
}

/// A value with a line end would start a field of its own.
bool is_clean_field(const NameValue& field) {
  auto bad = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  return std::none_of(field.name.begin(), field.name.end(), bad) &&
         std::none_of(field.value.begin(), field.value.end(), bad);
}

}  // namespace

void add_listener_fields(Response& response, ListenerKind listener) {
  add_field_if_absent(response, "Cache-Control", "no-store");
  add_field_if_absent(response, "X-Content-Type-Options", "nosniff");
  if (listener != ListenerKind::Customer && listener != ListenerKind::Staff) return;
  // No script at all, nothing from elsewhere, no frames (CSP Level 3).
  add_field_if_absent(response, "Content-Security-Policy",
                      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
                      "base-uri 'none'; frame-ancestors 'none'");
  // Manage links are secrets: no page tells another site, nor its own log, where a person came from.
  add_field_if_absent(response, "Referrer-Policy", "no-referrer");
  add_field_if_absent(response, "Cross-Origin-Opener-Policy", "same-origin");
  add_field_if_absent(response, "X-Robots-Tag", "noindex, nofollow");
  if (listener == ListenerKind::Customer)
    add_field_if_absent(response, "Strict-Transport-Security", "max-age=604800");
}

std::string response_head(const Response& response, Framing framing, bool close) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out += reason_phrase(response.status);
  out += "\r\n";
  for (const NameValue& field : response.fields) {
    if (!is_clean_field(field)) continue;
    out += field.name;
    out += ": ";
    out += field.value;
    out += "\r\n";
  }
  if (framing == Framing::Chunked)
    out += "Transfer-Encoding: chunked\r\n";
  else
    out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  if (close) out += "Connection: close\r\n";
  out += "\r\n";
  return out;
}

std::string response_bytes(const Response& response, bool is_head_request, bool close) {
  std::string out = response_head(response, Framing::Length, close);
  if (!is_head_request) out += response.body;
  return out;
}

std::string chunk(std::string_view piece) {
  if (piece.empty()) return {};
  std::array<char, 20> size{};
  auto [end, error] = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16);
  static_cast<void>(error);
  std::string out(size.data(), end);
  out += "\r\n";
  out += piece;
  out += "\r\n";
  return out;
}

}  // namespace counterfoil::net
