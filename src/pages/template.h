// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Templates: values in, HTML out, everything escaped that was not made by this module.
// A template is mustache with one addition: [[id]] is the catalogue's text of that id (i18n refuses texts
// that would need escaping). Keys that end in "_html" carry Html and are written {{{key_html}}}; all others
// are escaped and written {{key}}; a test holds the templates to that. kainjow's mustache is behind this
// wall. Thread rule: value types; render() from any thread.
#pragma once

#include "counterfoil/base/result.h"
#include "i18n/i18n.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::pages {

/// Text that may stand inside an HTML element or a double-quoted attribute as it is.
class Html {
 public:
  Html() = default;
  /// Escapes & < > " '.
  static Html escaped(std::string_view plain);
  /// Only for markup that this program composed itself from escaped parts.
  static Html trusted(std::string markup);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

/// The catalogue's text with its arguments escaped and isolated (<bdi>), so that a number or a name keeps its
/// direction inside a sentence of the other one.
Html phrase(i18n::Language language, std::string_view id, i18n::Args args = {});

/// What a template sees. An empty text counts as false, so {{#key}}…{{/key}} shows only what is there.
class Values {
 public:
  Values& text(std::string_view key, std::string_view plain);
  Values& html(std::string_view key, Html markup);
  Values& flag(std::string_view key, bool on);
  Values& list(std::string_view key, std::vector<Values> items);
  /// A section that is shown once with these values.
  Values& group(std::string_view key, Values inner);

 private:
  friend struct TemplateData;
  std::map<std::string, std::string, std::less<>> texts_;
  std::map<std::string, bool, std::less<>> flags_;
  std::map<std::string, std::vector<Values>, std::less<>> lists_;
};

/// Fills templates/<name>.mustache; {{> part:other}} includes another one. Fails with Internal when the
/// template is not there or not well-formed: a mistake in the program, found by the tests.
Result<Html> render(i18n::Language language, std::string_view name, const Values& values);

}  // namespace counterfoil::pages
