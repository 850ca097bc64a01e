// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/request.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace counterfoil::net {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 3> kMethodNames = {
    {{Method::Get, "GET"}, {Method::Head, "HEAD"}, {Method::Post, "POST"}}};

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = ascii_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string_view> first_named(const NameValues& list, std::string_view name) {
  for (const NameValue& nv : list)
    if (nv.name == name) return nv.value;
  return std::nullopt;
}

std::optional<std::string_view> first_field(const NameValues& list, std::string_view name) {
  for (const NameValue& nv : list)
    if (equals_ignoring_case(nv.name, name)) return nv.value;
  return std::nullopt;
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

/// One name or value of a form.
Result<std::string> decode_form_text(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  auto decoded = percent_decode(spaced);
  if (!decoded) return fail(Code::BadInput, "form_encoding");
  if (!is_utf8(*decoded) || decoded->find('\0') != std::string::npos)
    return fail(Code::BadInput, "form_utf8");
  return std::move(*decoded);
}

}  // namespace

std::string_view method_name(Method method) {
  for (const auto& [value, name] : kMethodNames)
    if (value == method) return name;
  return "";
}

std::optional<Method> method_from_name(std::string_view name) {
  for (const auto& [value, text] : kMethodNames)
    if (text == name) return value;
  return std::nullopt;
}

std::string Methods::allow() const {
  std::string out;
  for (const auto& [value, name] : kMethodNames) {
    if (!has(value)) continue;
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

std::optional<std::string_view> Request::field(std::string_view name) const {
  return first_field(fields, name);
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  return first_named(query, name);
}

std::string_view Request::param(std::string_view name) const {
  return first_named(path_params, name).value_or("");
}

std::optional<std::string_view> Request::cookie(std::string_view name) const {
  if (listener != ListenerKind::Staff) return std::nullopt;
  std::optional<std::string_view> found;
  for (const NameValue& f : fields) {
    if (!equals_ignoring_case(f.name, "cookie")) continue;
    std::string_view rest = f.value;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      // Two cookies of one name mean that somebody else set one of them.
      if (found) return std::nullopt;
      found = pair.substr(equals + 1);
    }
  }
  return found;
}

bool Request::wants_json() const {
  if (listener == ListenerKind::Sync) return true;
  auto accept = field("accept");
  return accept && accept->find("application/json") != std::string_view::npos &&
         accept->find("text/html") == std::string_view::npos;
}

std::optional<std::string_view> Response::field(std::string_view name) const {
  return first_field(fields, name);
}

Response Response::of(std::string content_type, std::string body, int status) {
  Response r;
  r.status = status;
  r.fields.push_back({"Content-Type", std::move(content_type)});
  r.body = std::move(body);
  return r;
}

Response Response::html(std::string body, int status) {
  return of("text/html; charset=utf-8", std::move(body), status);
}

Response Response::json(std::string body, int status) {
  return of("application/json", std::move(body), status);
}

Response Response::json_line(const json::Object& object, int status) {
  const auto written = json::write(object);
  return written ? json(*written + "\n", status) : text("", 500);
}

Response Response::json_error(int status, std::string_view code, std::string_view message,
                              std::string_view at) {
  json::Object error{{"code", code}, {"message", message}};
  if (!at.empty()) error.emplace("at", at);
  return json_line({{"error", std::move(error)}}, status);
}

Response Response::text(std::string body, int status) {
  return of("text/plain; charset=utf-8", std::move(body), status);
}

Response Response::redirect(std::string local_path) {
  // "//host" and "/\host" are other hosts to a browser; control bytes would split the head.
  bool local = !local_path.empty() && local_path[0] == '/' &&
               (local_path.size() == 1 || (local_path[1] != '/' && local_path[1] != '\\')) &&
               std::all_of(local_path.begin(), local_path.end(), [](char c) { return c > ' ' && c < 0x7f; });
  Response r;
  r.status = 303;
  r.fields.push_back({"Location", local ? std::move(local_path) : "/"});
  return r;
}

std::optional<std::string_view> Form::find(std::string_view name) const {
  return first_named(fields_, name);
}

std::string_view Form::text(std::string_view name) const {
  return find(name).value_or("");
}

std::vector<std::string> Form::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const NameValue& nv : fields_)
    if (nv.name == name) out.push_back(nv.value);
  return out;
}

std::optional<std::uint64_t> decimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  return value;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return fail(Code::BadInput, "percent_encoding");
    int high = hex_digit(text[i + 1]);
    int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return fail(Code::BadInput, "percent_encoding");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                 c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

Result<NameValues> parse_urlencoded(std::string_view text, std::size_t fields_max) {
  NameValues out;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('&'), text.size());
    std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (out.size() == fields_max) return fail(Code::BadInput, "form_fields_limit");
    std::size_t equals = std::min(pair.find('='), pair.size());
    CF_TRY(std::string name, decode_form_text(pair.substr(0, equals)));
    CF_TRY(std::string value, decode_form_text(pair.substr(std::min(equals + 1, pair.size()))));
    if (name.empty()) return fail(Code::BadInput, "form_name");
    out.push_back({std::move(name), std::move(value)});
  }
  return out;
}

Result<Form> parse_form(const Request& request) {
  std::string_view type = request.field("content-type").value_or("");
  std::string_view essence = trimmed(type.substr(0, type.find(';')));
  if (!equals_ignoring_case(essence, "application/x-www-form-urlencoded"))
    return fail(Code::BadInput, "form_type");
  CF_TRY(NameValues fields, parse_urlencoded(request.body));
  return Form(std::move(fields));
}

FormRefusal form_refusal(const Error& error) {
  if (error.detail == "form_type") return {415, error.detail};
  if (error.detail == "form_fields_limit") return {413, error.detail};
  return {400, error.detail};
}

}  // namespace counterfoil::net
