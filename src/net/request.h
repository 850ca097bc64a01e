// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What a handler gets and gives: one request that the gate has judged, one answer.
// "A judged request in, bytes out" is the contract between the transport and the pages; nothing here knows
// sockets, TLS or cpp-httplib. Thread rule: value types. Source: RFC 9110, RFC 9112, WHATWG URL (forms).
#pragma once

#include "base/limits.h"
#include "counterfoil/base/bytes.h"
#include "counterfoil/base/canonical_json.h"
#include "counterfoil/base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace counterfoil::net {

/// Which door a request came through; each has its own address, port and route table.
enum class ListenerKind { Customer, Staff, Sync, Redirect };

/// Methods the appliance speaks; anything else never reaches a handler.
enum class Method : unsigned { Get = 1, Head = 2, Post = 4 };
std::string_view method_name(Method method);
/// Nothing when the name is not one of the three (names are case-sensitive, RFC 9110 section 9.1).
std::optional<Method> method_from_name(std::string_view name);

/// A set of methods, for route tables and the Allow field.
class Methods {
 public:
  constexpr Methods() = default;
  constexpr Methods(std::initializer_list<Method> of) {
    for (Method m : of) bits_ |= static_cast<unsigned>(m);
  }
  constexpr void add(Method m) { bits_ |= static_cast<unsigned>(m); }
  [[nodiscard]] constexpr bool has(Method m) const { return (bits_ & static_cast<unsigned>(m)) != 0; }
  /// "GET, HEAD, POST"
  [[nodiscard]] std::string allow() const;
  bool operator==(const Methods&) const = default;

 private:
  unsigned bits_ = 0;
};

struct NameValue {
  std::string name;
  std::string value;
  bool operator==(const NameValue&) const = default;
};
using NameValues = std::vector<NameValue>;

struct Request {
  Method method = Method::Get;
  std::string path;        // percent-decoded UTF-8, starts with '/', no dot or empty segments
  NameValues query;        // decoded, order kept, repeated names kept
  NameValues fields;       // header fields as sent, order kept
  NameValues path_params;  // values of {name} segments of the matched route
  std::string body;
  std::string address;      // the peer's IP address in text; never logged, never stored in clear
  std::string address_key;  // what caps count by: IPv6 networks of /64 are one; as secret as the address
  ListenerKind listener = ListenerKind::Customer;
  std::string host;               // lower case, without port; one of the listener's own names
  std::string authority;          // the Host field as sent, lower case, port included
  std::optional<Hash> peer_spki;  // SHA-256 of the client certificate's SPKI, sync listener only
  bool is_secure = false;         // came over TLS

  /// First field of that name (case-insensitive), or nothing.
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
  /// First query parameter of that name, or nothing.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  /// Value of a {name} segment; empty when the route has none of that name.
  [[nodiscard]] std::string_view param(std::string_view name) const;
  /// Value of a cookie (staff listener only; elsewhere and when sent twice: nothing).
  [[nodiscard]] std::optional<std::string_view> cookie(std::string_view name) const;
  /// True when the Accept field names application/json and not text/html, or on the sync listener.
  [[nodiscard]] bool wants_json() const;
};

struct Response {
  int status = 200;
  NameValues fields;
  std::string body;
  /// Streaming answer, sent chunked; allowed on the sync listener only (elsewhere it becomes a 500).
  /// Called until it returns false: sets the next piece (may be empty) and says whether there may be more.
  /// An error ends the connection without the last chunk, so that the peer sees a broken answer.
  std::function<Result<bool>(std::string& piece)> stream;

  Response& with(std::string name, std::string value) {
    fields.push_back({std::move(name), std::move(value)});
    return *this;
  }
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;

  static Response html(std::string body, int status = 200);
  static Response json(std::string body, int status = 200);
  /// One line of canonical JSON.
  static Response json_line(const json::Object& object, int status = 200);
  /// {"error":{"at":…,"code":…,"message":…}} as a line; at is left out where it is empty.
  static Response json_error(int status, std::string_view code, std::string_view message,
                             std::string_view at = {});
  static Response text(std::string body, int status = 200);
  /// Any other type, for example "image/svg+xml".
  static Response of(std::string content_type, std::string body, int status = 200);
  /// 303 See Other to a path on this host; anything that is not a local path becomes "/".
  static Response redirect(std::string local_path);
};

/// Fields of a posted form in the order sent; names and values are UTF-8 without NUL.
class Form {
 public:
  explicit Form(NameValues fields) : fields_(std::move(fields)) {}
  /// First value of that name, or nothing.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// First value of that name, or empty text.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  /// All values of that name in order (check boxes).
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;

 private:
  NameValues fields_;
};

/// A failed form reading: the HTTP status to answer with, and the machine reason ("form_type", ...).
struct FormRefusal {
  int status = 400;
  std::string reason;
};
/// Reads application/x-www-form-urlencoded and nothing else. Fails with BadInput; the detail is the machine
/// reason, and form_refusal() gives the status: form_type (415), form_fields_limit (413), form_encoding,
/// form_utf8, form_name (400).
Result<Form> parse_form(const Request& request);
FormRefusal form_refusal(const Error& error);

/// Strict decoder for "a=b&c=d": '+' is a space, every '%' needs two digits, the result is UTF-8 without
/// NUL. Fails with BadInput; the detail is the machine reason.
Result<NameValues> parse_urlencoded(std::string_view text, std::size_t fields_max = limits::kFormFieldsMax);
/// Decodes %XX; '+' stays. Fails with BadInput on a cut or ill-formed escape.
Result<std::string> percent_decode(std::string_view text);
/// A whole number without sign or leading zeros.
std::optional<std::uint64_t> decimal(std::string_view text);
/// Encodes everything but unreserved characters (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);
/// ASCII case-insensitive comparison, as field names and host names need it.
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace counterfoil::net
