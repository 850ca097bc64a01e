// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The gate beside a reference that is slow and obvious: each rule stands alone and looks at the whole head.
#include "net/gate.h"

#include "fuzz.h"

#include <algorithm>
#include <regex>

namespace {

using namespace counterfoil;
using Lines = std::vector<std::string>;

struct Field {
  std::string name;  // lower case
  std::string value;
};

/// What an admitted head says.
struct Reading {
  std::string path;
  std::string host;
  std::size_t content_length = 0;
  bool keep_alive = true;
};

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

Lines split(const std::string& text, const std::string& mark) {
  Lines out;
  std::size_t from = 0;
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, from)) {
    out.push_back(text.substr(from, at - from));
    from = at + mark.size();
  }
  out.push_back(text.substr(from));
  return out;
}

bool only(const std::string& text, const std::string& allowed) {
  return text.find_first_not_of(allowed) == std::string::npos;
}

const std::string kDigits = "0123456789";
const std::string kToken = kDigits + "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const std::string kInTarget = kToken + "!$%&'()*+,./:;=?@[]_~";

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 32 && c != '\t') || byte == 127;
  });
}

bool has_encoded_control(const std::string& text) {
  static const std::regex control("%([01][0-9a-fA-F]|7[fF])");
  return std::regex_search(text, control);
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.erase(0, 1);
  return text;
}

/// The lines without the empty one at the end; nothing when that is not all there is.
std::optional<Lines> lines_of(const std::string& head) {
  Lines lines = split(head, "\r\n");
  if (lines.size() < 3 || !lines.back().empty()) return std::nullopt;
  lines.pop_back();
  if (!lines.back().empty()) return std::nullopt;
  lines.pop_back();
  for (const std::string& line : lines)
    if (line.empty() || has_control(line)) return std::nullopt;
  return lines;
}

std::optional<std::string> path_of(const std::string& target) {
  if (!target.starts_with('/') || !only(target, kInTarget) || has_encoded_control(target))
    return std::nullopt;
  const std::string raw = target.substr(0, target.find('?'));
  const auto path = net::percent_decode(raw);
  if (!path || !is_utf8(*path)) return std::nullopt;
  if (path->find('\\') != std::string::npos) return std::nullopt;
  Lines segments = split(*path, "/");
  if (segments.size() != split(raw, "/").size()) return std::nullopt;
  for (std::size_t i = 1; i < segments.size(); ++i) {
    const bool is_last = i + 1 == segments.size();
    if (segments[i] == "." || segments[i] == ".." || (segments[i].empty() && !is_last)) return std::nullopt;
  }
  const bool has_query = target.find('?') != std::string::npos;
  if (has_query && !net::parse_urlencoded(target.substr(target.find('?') + 1))) return std::nullopt;
  return *path;
}

std::optional<std::vector<Field>> fields_of(const Lines& lines) {
  if (lines.size() > limits::kRequestFieldsMax + 1) return std::nullopt;
  std::vector<Field> out;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(':');
    if (colon == std::string::npos || colon == 0 || !only(lines[i].substr(0, colon), kToken))
      return std::nullopt;
    const std::string value = trimmed(lines[i].substr(colon + 1));
    if (!is_utf8(value) || has_encoded_control(value)) return std::nullopt;
    out.push_back({lower(lines[i].substr(0, colon)), value});
  }
  return out;
}

std::vector<std::string> values(const std::vector<Field>& fields, const std::string& name) {
  std::vector<std::string> out;
  for (const Field& field : fields)
    if (field.name == name) out.push_back(field.value);
  return out;
}

bool is_refused_name(const std::string& name) {
  static const Lines names = {"transfer-encoding", "content-encoding", "range",   "expect",
                              "upgrade",           "forwarded",        "trailer", "http2-settings",
                              "proxy-connection",  "x-real-ip"};
  return name.starts_with("x-forwarded-") || std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<std::string> host_of(const std::string& value) {
  static const std::regex form("(?:\\[([0-9a-fA-F:.]{1,253})\\]|([0-9a-zA-Z.-]{1,253}))(?::[0-9]{0,5})?");
  std::smatch parts;
  if (value.size() > 300 || !std::regex_match(value, parts, form)) return std::nullopt;
  if (parts[1].matched) return lower(parts[1]);
  std::string name = lower(parts[2]);
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  return name;
}

std::optional<Reading> read_slowly(const std::string& head) {
  if (head.size() > limits::kRequestHeadBytesMax) return std::nullopt;
  const auto lines = lines_of(head);
  if (!lines || lines->front().size() > limits::kRequestLineBytesMax) return std::nullopt;
  const Lines words = split(lines->front(), " ");
  if (words.size() != 3 || words[0].empty() || !only(words[0], kToken) || words[2] != "HTTP/1.1")
    return std::nullopt;
  const auto path = path_of(words[1]);
  const auto fields = fields_of(*lines);
  if (!path || !fields) return std::nullopt;
  for (const Field& field : *fields)
    if (is_refused_name(field.name)) return std::nullopt;
  const auto hosts = values(*fields, "host");
  const auto host = hosts.size() == 1 ? host_of(hosts[0]) : std::nullopt;
  const auto lengths = values(*fields, "content-length");
  const auto types = values(*fields, "content-type");
  if (!host || lengths.size() > 1 || types.size() > 1) return std::nullopt;
  if (!types.empty() && lower(types[0]).starts_with("multipart/")) return std::nullopt;
  Reading out{*path, *host, 0, true};
  if (!lengths.empty()) {
    if (lengths[0].empty() || lengths[0].size() > 8 || !only(lengths[0], kDigits)) return std::nullopt;
    out.content_length = std::stoul(lengths[0]);
  }
  for (const std::string& value : values(*fields, "connection"))
    out.keep_alive = out.keep_alive && lower(value).find("close") == std::string::npos;
  return out;
}

}  // namespace

CF_FUZZ(gate) {
  const std::string head(as_text(input));
  const auto verdict = net::RequestGate::judge(head);
  const auto reading = read_slowly(head);
  fuzz::require(verdict.admitted == reading.has_value(),
                "the gate admits what the rules say, and nothing else");
  if (!reading) return;
  fuzz::require(verdict.head.path == reading->path, "the path is the same");
  fuzz::require(verdict.head.host == reading->host, "the host is the same");
  fuzz::require(verdict.head.content_length == reading->content_length, "the length is the same");
  fuzz::require(verdict.head.keep_alive == reading->keep_alive, "the end of the connection is the same");
}
