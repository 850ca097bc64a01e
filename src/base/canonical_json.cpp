// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/base/canonical_json.h"

#include "counterfoil/base/bytes.h"

#include <array>
#include <charconv>

namespace counterfoil::json {
namespace {

constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

// ---- writer ----

void write_u16_escape(std::string& out, unsigned unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(unit >> shift) & 15U];
}

// Which bytes are written as they stand: one look instead of four comparisons for each byte of every line.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0x20; c < 0x7F; ++c) out[c] = c != '"' && c != '\\';
  return out;
}();

// Length of the start of s that is written as it stands.
std::size_t plain_run(std::string_view s) {
  std::size_t n = 0;
  while (n < s.size() && kPlain[static_cast<std::uint8_t>(s[n])]) ++n;
  return n;
}

// RFC 8259 section 7: the letter of a short escape, or 0.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

void write_code_point(std::string& out, unsigned point) {
  if (point < 0x10000) return write_u16_escape(out, point);
  write_u16_escape(out, 0xD800 + ((point - 0x10000) >> 10));
  write_u16_escape(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
}

Status write_value(std::string& out, const Value& value);

Status write_array(std::string& out, const Array& array) {
  out += '[';
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i > 0) out += ',';
    CF_CHECK(write_value(out, array[i]));
  }
  out += ']';
  return {};
}

Status write_object(std::string& out, const Object& object) {
  out += '{';
  bool first = true;
  for (const auto& [key, member] : object) {
    if (!first) out += ',';
    first = false;
    CF_CHECK(append_string(out, key));
    out += ':';
    CF_CHECK(write_value(out, member));
  }
  out += '}';
  return {};
}

Status write_value(std::string& out, const Value& value) {
  if (const auto* s = value.string()) return append_string(out, *s);
  if (const auto* a = value.array()) return write_array(out, *a);
  if (const auto* o = value.object()) return write_object(out, *o);
  if (const auto* b = value.boolean()) {
    out += *b ? "true" : "false";
  } else if (const auto* i = value.integer()) {
    if (*i > kIntegerMax || *i < -kIntegerMax)
      return fail(Code::BadInput, "canonical JSON: integer beyond 2^53");
    out += std::to_string(*i);
  } else {
    out += "null";
  }
  return {};
}

// ---- reader ----

class Reader {
 public:
  Reader(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

  Result<Value> document() {
    if (text_.size() > limits_.bytes_max) return fail(Code::Limit, "canonical JSON: longer than allowed");
    CF_TRY(Value v, value(1));
    if (at_ != text_.size()) return bad("bytes after the end");
    return v;
  }

 private:
  [[nodiscard]] Error bad(std::string_view why) const {
    return fail(Code::BadInput, "canonical JSON: " + std::string(why) + " at byte " + std::to_string(at_));
  }
  bool take(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  Result<Value> value(unsigned depth) {
    if (depth > limits_.depth_max) return fail(Code::Limit, "canonical JSON: nested too deeply");
    if (++values_ > limits_.values_max) return fail(Code::Limit, "canonical JSON: too many values");
    if (at_ >= text_.size()) return bad("ends too early");
    switch (text_[at_]) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"': {
        CF_TRY(std::string s, string());
        return Value(std::move(s));
      }
      default:
        break;
    }
    if (take("null")) return Value();
    if (take("true")) return Value(true);
    if (take("false")) return Value(false);
    return integer();
  }

  Result<Value> integer() {
    const std::size_t begin = at_;
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    const std::size_t digits = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    const std::size_t count = at_ - digits;
    if (count == 0 || count > 16) return bad("not a value");
    if (text_[digits] == '0' && (count > 1 || digits != begin)) return bad("not the shortest integer");
    std::int64_t number = 0;
    std::from_chars(text_.data() + begin, text_.data() + at_, number);
    if (number > kIntegerMax || number < -kIntegerMax) return bad("integer beyond 2^53");
    return Value(number);
  }

  Result<unsigned> four_digits() {
    unsigned unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ >= text_.size()) return bad("ends too early");
      const char c = text_[at_];
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0) return bad("not a lower-case escape");
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return unit;
  }

  static void append_utf8(std::string& out, unsigned point) {
    auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0 | (point >> 6));
      put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
      put(0xE0 | (point >> 12));
      put(0x80 | ((point >> 6) & 0x3F));
      put(0x80 | (point & 0x3F));
    } else {
      put(0xF0 | (point >> 18));
      put(0x80 | ((point >> 12) & 0x3F));
      put(0x80 | ((point >> 6) & 0x3F));
      put(0x80 | (point & 0x3F));
    }
  }

  Status unicode_escape(std::string& out) {
    CF_TRY(unsigned point, four_digits());
    if (point >= 0xDC00 && point <= 0xDFFF) return bad("lone surrogate");
    if (point >= 0xD800 && point <= 0xDBFF) {
      if (!take("\\u")) return bad("lone surrogate");
      CF_TRY(const unsigned low, four_digits());
      if (low < 0xDC00 || low > 0xDFFF) return bad("lone surrogate");
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    } else {
      const bool named = point == '\b' || point == '\f' || point == '\n' || point == '\r' || point == '\t';
      if (named || (point >= 0x20 && point < 0x7F)) return bad("needless escape");
    }
    append_utf8(out, point);
    return {};
  }

  Status escape(std::string& out) {
    if (at_ >= text_.size()) return bad("ends too early");
    switch (text_[at_++]) {
      case '"':
        out += '"';
        return {};
      case '\\':
        out += '\\';
        return {};
      case 'b':
        out += '\b';
        return {};
      case 'f':
        out += '\f';
        return {};
      case 'n':
        out += '\n';
        return {};
      case 'r':
        out += '\r';
        return {};
      case 't':
        out += '\t';
        return {};
      case 'u':
        return unicode_escape(out);
      default:
        return bad("unknown escape");
    }
  }

  Result<std::string> string() {
    if (!take("\"")) return bad("expected a string");
    std::string out;
    for (;;) {
      if (at_ >= text_.size()) return bad("string without end");
      const char c = text_[at_];
      const auto byte = static_cast<unsigned char>(c);  // a plain char is signed on some machines only
      if (byte < 0x20 || byte >= 0x7F) return bad("byte that must be escaped");
      ++at_;
      if (c == '"') return out;
      if (c == '\\') {
        CF_CHECK(escape(out));
      } else {
        out += c;
      }
    }
  }

  Result<Value> array(unsigned depth) {
    ++at_;
    Array out;
    if (take("]")) return Value(std::move(out));
    for (;;) {
      CF_TRY(Value v, value(depth + 1));
      out.push_back(std::move(v));
      if (take("]")) return Value(std::move(out));
      if (!take(",")) return bad("expected , or ]");
    }
  }

  Result<Value> object(unsigned depth) {
    ++at_;
    Object out;
    if (take("}")) return Value(std::move(out));
    for (;;) {
      CF_TRY(std::string key, string());
      if (!out.empty() && !(out.rbegin()->first < key)) return bad("keys not sorted or not unique");
      if (!take(":")) return bad("expected :");
      CF_TRY(Value v, value(depth + 1));
      out.emplace_hint(out.end(), std::move(key), std::move(v));
      if (take("}")) return Value(std::move(out));
      if (!take(",")) return bad("expected , or }");
    }
  }

  std::string_view text_;
  const Limits& limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

Error missing(std::string_view key, std::string_view kind) {
  return fail(Code::BadInput, "\"" + std::string(key) + "\" must be " + std::string(kind));
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  const Object* o = object();
  if (o == nullptr) return nullptr;
  const auto it = o->find(key);
  return it == o->end() ? nullptr : &it->second;
}

Result<std::string> Value::string_at(std::string_view key) const {
  const Value* v = find(key);
  if (v == nullptr || v->string() == nullptr) return missing(key, "a string");
  return *v->string();
}

Result<std::int64_t> Value::integer_at(std::string_view key) const {
  const Value* v = find(key);
  if (v == nullptr || v->integer() == nullptr) return missing(key, "an integer");
  return *v->integer();
}

Result<std::vector<std::string>> Value::strings_at(std::string_view key) const {
  const Value* v = find(key);
  if (v == nullptr || v->array() == nullptr) return missing(key, "a list of strings");
  std::vector<std::string> out;
  for (const Value& item : *v->array()) {
    if (item.string() == nullptr) return missing(key, "a list of strings");
    out.push_back(*item.string());
  }
  return out;
}

Status append_string(std::string& out, std::string_view s) {
  out += '"';
  for (bool checked = false;;) {
    const std::size_t run = plain_run(s);
    out.append(s.substr(0, run));
    s.remove_prefix(run);
    if (s.empty()) break;
    if (const char letter = short_escape(s.front())) {
      out += '\\';
      out += letter;
      s.remove_prefix(1);
      continue;
    }
    if (!checked && !is_utf8(s)) return fail(Code::BadInput, "canonical JSON: a string is not UTF-8");
    checked = true;
    write_code_point(out, next_code_point(s));
  }
  out += '"';
  return {};
}

Result<std::string> write(const Value& value) {
  std::string out;
  CF_CHECK(write_value(out, value));
  return out;
}

Result<Value> read(std::string_view text, const Limits& limits) {
  return Reader(text, limits).document();
}

}  // namespace counterfoil::json
