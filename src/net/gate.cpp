// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/gate.h"

#include <algorithm>
#include <array>

namespace counterfoil::net {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

/// Fields that change how a message is framed, decoded or attributed; none is needed here.
struct RefusedField {
  std::string_view name;
  int status;
  std::string_view reason;
};
constexpr std::array<RefusedField, 10> kRefusedFields = {{
    {"transfer-encoding", 400, "transfer_encoding"},
    {"content-encoding", 415, "content_encoding"},
    {"range", 400, "range"},
    {"expect", 417, "expect"},
    {"upgrade", 400, "upgrade"},
    {"forwarded", 400, "forwarded"},
    {"trailer", 400, "trailer"},
    {"http2-settings", 400, "upgrade"},
    {"proxy-connection", 400, "forwarded"},
    {"x-real-ip", 400, "forwarded"},
}};
constexpr std::string_view kForwardedPrefix = "x-forwarded-";

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// %00 to %1F and %7F: bytes that a decoder behind the gate would turn into line ends.
bool has_encoded_control(std::string_view s) {
  for (std::size_t at = s.find('%'); at != std::string_view::npos; at = s.find('%', at + 1)) {
    if (at + 2 >= s.size()) return false;
    char high = s[at + 1];
    char low = s[at + 2];
    if ((high == '0' || high == '1') && is_hex(low)) return true;
    if (high == '7' && (low == 'f' || low == 'F')) return true;
  }
  return false;
}

bool has_bare_control(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    auto c = static_cast<unsigned char>(head[i]);
    if (c == '\r') {
      if (i + 1 >= head.size() || head[i + 1] != '\n') return true;
    } else if (c == '\n') {
      if (i == 0 || head[i - 1] != '\r') return true;
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      return true;
    }
  }
  return false;
}

class Judge {
 public:
  Verdict run(std::string_view bytes) {
    if (bytes.size() > limits::kRequestHeadBytesMax) return refuse(431, "head_size");
    if (!bytes.ends_with(kHeadEnd) || bytes.find(kHeadEnd) != bytes.size() - kHeadEnd.size())
      return refuse(400, "head_end");
    if (has_bare_control(bytes)) return refuse(400, "control_byte");
    // Behind the last field stands one CRLF; the empty line's own is dropped.
    std::string_view rest = bytes.substr(0, bytes.size() - kLineEnd.size());
    std::size_t line_end = rest.find(kLineEnd);
    if (!request_line(rest.substr(0, line_end))) return std::move(verdict_);
    rest.remove_prefix(line_end + kLineEnd.size());
    while (!rest.empty()) {
      std::size_t end = rest.find(kLineEnd);
      if (!field_line(rest.substr(0, end))) return std::move(verdict_);
      rest.remove_prefix(end + kLineEnd.size());
    }
    if (hosts_ != 1) return refuse(400, hosts_ == 0 ? "host_missing" : "host_repeated");
    verdict_.admitted = true;
    return std::move(verdict_);
  }

 private:
  bool no(int status, std::string_view reason) {
    verdict_.status = status;
    verdict_.reason = reason;
    return false;
  }
  Verdict refuse(int status, std::string_view reason) {
    no(status, reason);
    return std::move(verdict_);
  }

  bool request_line(std::string_view line) {
    JudgedHead& head = verdict_.head;
    if (line.size() > limits::kRequestLineBytesMax) return no(414, "line_size");
    std::size_t first = line.find(' ');
    std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == 0 || last == first) return no(400, "request_line");
    std::string_view method = line.substr(0, first);
    std::string_view version = line.substr(last + 1);
    if (!std::all_of(method.begin(), method.end(), [](char c) { return is_alnum(c) || c == '-'; }))
      return no(400, "method_name");
    if (!version.starts_with("HTTP/")) return no(400, "request_line");
    if (version != "HTTP/1.1") return no(505, "version");
    head.method_text = method;
    head.method = method_from_name(method);
    return target(line.substr(first + 1, last - first - 1));
  }

  bool target(std::string_view target) {
    JudgedHead& head = verdict_.head;
    if (target.empty() || target[0] != '/') return no(400, "target_form");
    for (char c : target) {
      bool visible = c > ' ' && c < 0x7f;
      if (!visible || std::string_view("\"#<>\\^`{|}").find(c) != std::string_view::npos)
        return no(400, "target_byte");
    }
    if (has_encoded_control(target)) return no(400, "encoded_control");
    std::size_t question = std::min(target.find('?'), target.size());
    std::string_view raw_path = target.substr(0, question);
    auto path = percent_decode(raw_path);
    if (!path) return no(400, "percent_encoding");
    if (!is_utf8(*path)) return no(400, "target_utf8");
    // An encoded separator would give the path other segments than the route table sees.
    if (path->find('\\') != std::string::npos ||
        std::count(path->begin(), path->end(), '/') != std::count(raw_path.begin(), raw_path.end(), '/'))
      return no(400, "encoded_separator");
    if (has_dot_segment(*path)) return no(400, "dot_segment");
    auto query = parse_urlencoded(target.substr(std::min(question + 1, target.size())));
    if (!query) return no(400, "query");
    head.target = target;
    head.path = std::move(*path);
    head.query = std::move(*query);
    return true;
  }

  static bool has_dot_segment(std::string_view path) {
    while (!path.empty()) {
      path.remove_prefix(1);  // the slash
      std::size_t end = std::min(path.find('/'), path.size());
      std::string_view segment = path.substr(0, end);
      bool is_last = end == path.size();
      if (segment == "." || segment == ".." || (segment.empty() && !is_last)) return true;
      path.remove_prefix(end);
    }
    return false;
  }

  bool field_line(std::string_view line) {
    JudgedHead& head = verdict_.head;
    if (head.fields.size() == limits::kRequestFieldsMax) return no(431, "fields_limit");
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return no(400, "field_line");
    std::string_view name = line.substr(0, colon);
    // No '_': cpp-httplib keeps REMOTE_ADDR and its like among the fields. No space: no folded lines.
    if (!std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '-'; }))
      return no(400, "field_name");
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    if (!is_utf8(value)) return no(400, "field_utf8");
    if (has_encoded_control(value)) return no(400, "encoded_control");
    head.fields.push_back({std::string(name), std::string(value)});
    return known_field(lower(name), value);
  }

  bool known_field(std::string_view name, std::string_view value) {
    JudgedHead& head = verdict_.head;
    if (name.starts_with(kForwardedPrefix)) return no(400, "forwarded");
    for (const RefusedField& refused : kRefusedFields)
      if (name == refused.name) return no(refused.status, refused.reason);
    if (name == "content-length") return content_length(value);
    if (name == "host") return host(value);
    if (name == "content-type") {
      if (++content_types_ > 1) return no(400, "content_type_repeated");
      // cpp-httplib would parse it, and nothing here takes files.
      if (lower(value).starts_with("multipart/")) return no(415, "multipart");
    }
    if (name == "connection" && lower(value).find("close") != std::string::npos) head.keep_alive = false;
    return true;
  }

  bool content_length(std::string_view value) {
    JudgedHead& head = verdict_.head;
    if (head.has_content_length) return no(400, "content_length_repeated");
    if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos)
      return no(400, "content_length");
    if (value.size() > 8) return no(413, "content_length_digits");
    head.has_content_length = true;
    for (char c : value) head.content_length = head.content_length * 10 + static_cast<std::size_t>(c - '0');
    return true;
  }

  bool host(std::string_view value) {
    JudgedHead& head = verdict_.head;
    ++hosts_;
    if (hosts_ > 1) return no(400, "host_repeated");
    std::string_view name = value;
    std::string_view port;
    std::size_t name_end = value.starts_with('[') ? value.find(']') : value.find(':');
    if (value.starts_with('[')) {
      if (name_end == std::string_view::npos) return no(400, "host");
      ++name_end;
    }
    if (name_end < value.size()) {
      if (value[name_end] != ':') return no(400, "host");
      name = value.substr(0, name_end);
      port = value.substr(name_end + 1);
      if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos)
        return no(400, "host");
    }
    bool is_literal = name.starts_with('[');
    std::string_view inner = is_literal ? name.substr(1, name.size() - 2) : name;
    bool good = !inner.empty() && inner.size() <= 253 && std::all_of(inner.begin(), inner.end(), [&](char c) {
      return is_literal ? is_hex(c) || c == ':' || c == '.' : is_alnum(c) || c == '-' || c == '.';
    });
    if (!good) return no(400, "host");
    head.host = lower(inner);
    if (!is_literal && head.host.size() > 1 && head.host.back() == '.') head.host.pop_back();
    head.authority = lower(value);
    return true;
  }

  Verdict verdict_;
  unsigned hosts_ = 0;
  unsigned content_types_ = 0;
};

Verdict turn_away(Verdict verdict, int status, std::string_view reason) {
  verdict.admitted = false;
  verdict.status = status;
  verdict.reason = reason;
  return verdict;
}

}  // namespace

bool find_head_end(std::string_view bytes, std::size_t& head_bytes) {
  std::size_t at = bytes.find(kHeadEnd);
  if (at == std::string_view::npos) return false;
  head_bytes = at + kHeadEnd.size();
  return true;
}

Verdict RequestGate::judge(std::string_view head) {
  return Judge().run(head);
}

Verdict RequestGate::judge_route(Verdict verdict, const RouteLimits& limits) {
  if (!verdict.admitted) return verdict;
  const JudgedHead& head = verdict.head;
  if (!head.method || !limits.methods.has(*head.method)) {
    verdict.allow = limits.methods.allow();
    return turn_away(std::move(verdict), 405, "method");
  }
  bool has_body = *head.method == Method::Post;
  if (has_body && !head.has_content_length) return turn_away(std::move(verdict), 411, "length_required");
  if (!has_body && head.content_length > 0) return turn_away(std::move(verdict), 400, "body_not_expected");
  if (head.content_length > limits.body_bytes_max) return turn_away(std::move(verdict), 413, "body_size");
  return verdict;
}

}  // namespace counterfoil::net
