// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "i18n/po_file.h"

#include "counterfoil/base/bytes.h"

#include <algorithm>
#include <optional>

namespace counterfoil::i18n {
namespace {

bool is_id_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
}

/// The text between the quotes of one line, escapes resolved.
std::optional<std::string> unquote(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') return std::nullopt;
  quoted = quoted.substr(1, quoted.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '"') return std::nullopt;
    if (quoted[i] != '\\') {
      out += quoted[i];
      continue;
    }
    if (++i == quoted.size()) return std::nullopt;
    if (quoted[i] == 'n')
      out += '\n';
    else if (quoted[i] == '"' || quoted[i] == '\\')
      out += quoted[i];
    else
      return std::nullopt;
  }
  return out;
}

/// Collects lines into entries; one instance per file.
class PoReader {
 public:
  explicit PoReader(std::string_view name) { file_.name = name; }

  Status line(std::string_view text) {
    ++number_;
    if (text.empty()) return {};
    if (text.front() == '#') {
      CF_CHECK(finish_entry());
      fuzzy_ = fuzzy_ || (text.starts_with("#,") && text.find("fuzzy") != std::string_view::npos);
      return {};
    }
    if (text.front() == '"') return append(text);
    const std::size_t space = text.find(' ');
    const std::string_view keyword = text.substr(0, space);
    if (space == std::string_view::npos) return wrong("a keyword without a text");
    if (keyword == "msgctxt" || (keyword == "msgid" && !context_)) CF_CHECK(finish_entry());
    if (keyword == "msgctxt")
      field_ = &context_;
    else if (keyword == "msgid")
      field_ = &english_;
    else if (keyword == "msgstr")
      field_ = &translation_;
    else
      return wrong("only msgctxt, msgid and msgstr are understood");
    if (*field_) return wrong("the same keyword twice in one entry");
    if (first_line_ == 0) first_line_ = number_;
    field_->emplace();
    return append(text.substr(space + 1));
  }

  Result<PoFile> end() {
    CF_CHECK(finish_entry());
    if (file_.language.empty()) return fail(Code::BadInput, file_.name + ": no Language in the header");
    return std::move(file_);
  }

 private:
  Error wrong(const std::string& what) const {
    return fail(Code::BadInput, file_.name + ":" + std::to_string(number_) + ": " + what);
  }

  Status append(std::string_view quoted) {
    if (field_ == nullptr) return wrong("a text that belongs to nothing");
    const auto text = unquote(quoted);
    if (!text) return wrong("a text must stand in double quotes; escapes are \\n \\\" \\\\");
    **field_ += *text;
    return {};
  }

  Status finish_entry() {
    if (!context_ && !english_ && !translation_) return {};
    if (!english_ || !translation_) return wrong("the entry before this line is not complete");
    if (!context_) {
      if (!english_->empty()) return wrong("the entry before this line has no msgctxt");
      CF_CHECK(read_header(*translation_));
    } else {
      if (context_->empty() || !std::all_of(context_->begin(), context_->end(), is_id_char))
        return wrong("the id before this line holds more than letters, digits, dots and underscores");
      PoEntry entry{first_line_, fuzzy_, std::move(*english_), std::move(*translation_)};
      if (!file_.entries.emplace(*context_, std::move(entry)).second)
        return wrong("the id " + *context_ + " stands here twice");
    }
    context_.reset();
    english_.reset();
    translation_.reset();
    field_ = nullptr;
    fuzzy_ = false;
    first_line_ = 0;
    return {};
  }

  Status read_header(std::string_view header) {
    const auto value_of = [header](std::string_view key) {
      const std::size_t at = header.find(key);
      if (at == std::string_view::npos) return std::string_view();
      const std::string_view rest = header.substr(at + key.size());
      return rest.substr(0, rest.find('\n'));
    };
    file_.language = value_of("\nLanguage: ");
    file_.right_to_left = value_of("\nX-Direction: ") == "rtl";
    if (value_of("\nContent-Type: ") != "text/plain; charset=UTF-8")
      return wrong("the charset must be UTF-8");
    return {};
  }

  PoFile file_;
  std::size_t number_ = 0;
  std::size_t first_line_ = 0;
  bool fuzzy_ = false;
  std::optional<std::string> context_;
  std::optional<std::string> english_;
  std::optional<std::string> translation_;
  std::optional<std::string>* field_ = nullptr;
};

Error flaw(const PoFile& file, std::string_view id, const PoEntry& entry, const std::string& what) {
  return fail(Code::BadInput,
              file.name + ":" + std::to_string(entry.line) + ": " + std::string(id) + " " + what);
}

/// Texts go into HTML without further thought, and into records that are hashed.
Status check_text(const PoFile& file, std::string_view id, const PoEntry& entry, std::string_view text) {
  if (text.empty()) return flaw(file, id, entry, "is empty");
  if (!is_utf8(text)) return flaw(file, id, entry, "is not UTF-8");
  const auto is_unfit = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&' || c == '"';
  };
  if (std::any_of(text.begin(), text.end(), is_unfit))
    return flaw(file, id, entry, "holds a control character or one of < > & \"; use “ ” and plain words");
  if (!placeholders(text)) return flaw(file, id, entry, "has a brace that is no {placeholder}");
  return {};
}

}  // namespace

Result<PoFile> read_po(std::string_view name, std::string_view text) {
  PoReader reader(name);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    CF_CHECK(reader.line(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.end();
}

Result<std::set<std::string, std::less<>>> placeholders(std::string_view text) {
  std::set<std::string, std::less<>> names;
  while (true) {
    const std::size_t open = text.find_first_of("{}");
    if (open == std::string_view::npos) return names;
    const std::size_t close = text.find_first_of("{}", open + 1);
    if (text[open] != '{' || close == std::string_view::npos || text[close] != '}')
      return fail(Code::BadInput, "a brace that stands alone");
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto is_name_char = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_name_char))
      return fail(Code::BadInput, "a placeholder is small letters and underscores");
    names.emplace(name);
    text.remove_prefix(close + 1);
  }
}

Status check_source(const PoFile& source) {
  for (const auto& [id, entry] : source.entries) {
    CF_CHECK(check_text(source, id, entry, entry.english));
    if (!entry.translation.empty()) return flaw(source, id, entry, "has a msgstr, but English is the msgid");
  }
  return {};
}

Status check_translation(const PoFile& source, const PoFile& translation) {
  for (const auto& [id, entry] : translation.entries)
    if (!source.entries.contains(id)) return flaw(translation, id, entry, "is not in " + source.name);
  for (const auto& [id, original] : source.entries) {
    const auto found = translation.entries.find(id);
    if (found == translation.entries.end())
      return fail(Code::BadInput, translation.name + ": " + id + " is missing (“" + original.english + "”)");
    const PoEntry& entry = found->second;
    if (entry.fuzzy) return flaw(translation, id, entry, "is marked fuzzy");
    if (entry.english != original.english)
      return flaw(translation, id, entry, "translates an older English text");
    CF_CHECK(check_text(translation, id, entry, entry.english));
    CF_CHECK(check_text(translation, id, entry, entry.translation));
    if (*placeholders(original.english) != *placeholders(entry.translation))
      return flaw(translation, id, entry, "has other placeholders than the English text");
  }
  return {};
}

}  // namespace counterfoil::i18n
