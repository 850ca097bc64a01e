// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/template.h"

#include "pages/assets.h"

#include <kainjow/mustache.hpp>

#include <algorithm>
#include <cassert>
#include <exception>

namespace counterfoil::pages {

using kainjow::mustache::data;
using kainjow::mustache::mustache;
using kainjow::mustache::partial;

struct TemplateData {
  static data of(const Values& values) {
    data out(data::type::object);
    for (const auto& [key, text] : values.texts_) {
      // A false value hides its section and does not let the key of an outer section shine through.
      if (text.empty())
        out.set(key, data(data::type::bool_false));
      else
        out.set(key, data(text));
    }
    for (const auto& [key, on] : values.flags_)
      out.set(key, data(on ? data::type::bool_true : data::type::bool_false));
    for (const auto& [key, items] : values.lists_) {
      data list(data::type::list);
      for (const Values& item : items) list.push_back(of(item));
      out.set(key, list);
    }
    return out;
  }
};

namespace {

constexpr std::string_view kTemplateSuffix = ".mustache";
// Values and included templates share one name space in mustache; the prefix keeps them apart.
constexpr std::string_view kPartialPrefix = "part:";

/// Replaces every [[id]] by its text.
std::string with_words(i18n::Language language, std::string_view source) {
  std::string out;
  out.reserve(source.size() + source.size() / 2);
  for (std::size_t at = 0; at < source.size();) {
    const std::size_t open = source.find("[[", at);
    const std::size_t close = open == source.npos ? source.npos : source.find("]]", open);
    if (close == source.npos) {
      out += source.substr(at);
      break;
    }
    out += source.substr(at, open - at);
    out += i18n::tr(language, source.substr(open + 2, close - open - 2));
    at = close + 2;
  }
  return out;
}

void add_partials(i18n::Language language, data& values) {
  for (const Asset& file : embedded()) {
    if (!file.name.ends_with(kTemplateSuffix)) continue;
    const std::string_view text = file.text;
    values.set(std::string(kPartialPrefix) +
                   std::string(file.name.substr(0, file.name.size() - kTemplateSuffix.size())),
               data(partial([language, text] { return with_words(language, text); })));
  }
}

std::string isolated(std::string_view plain) {
  return "<bdi>" + Html::escaped(plain).text() + "</bdi>";
}

/// Arguments that are safe in HTML; `kept` owns the texts the views point to.
std::vector<i18n::Arg> safe_args(i18n::Args args, std::vector<std::string>& kept) {
  kept.reserve(args.size());
  std::vector<i18n::Arg> out;
  for (const auto& [name, value] : args) {
    kept.push_back(isolated(value));
    out.emplace_back(name, kept.back());
  }
  return out;
}

}  // namespace

std::string_view asset(std::string_view name) {
  const auto all = embedded();
  const auto it = std::find_if(all.begin(), all.end(), [&](const Asset& a) { return a.name == name; });
  return it == all.end() ? std::string_view() : it->text;
}

Html Html::escaped(std::string_view plain) {
  Html out;
  out.text_.reserve(plain.size());
  for (const char c : plain) {
    switch (c) {
      case '&':
        out.text_ += "&amp;";
        break;
      case '<':
        out.text_ += "&lt;";
        break;
      case '>':
        out.text_ += "&gt;";
        break;
      case '"':
        out.text_ += "&quot;";
        break;
      case '\'':
        out.text_ += "&#39;";
        break;
      default:
        out.text_ += c;
    }
  }
  return out;
}

Html Html::trusted(std::string markup) {
  Html out;
  out.text_ = std::move(markup);
  return out;
}

Html phrase(i18n::Language language, std::string_view id, i18n::Args args) {
  std::vector<std::string> kept;
  return Html::trusted(i18n::tr(language, id, std::span<const i18n::Arg>(safe_args(args, kept))));
}

Values& Values::text(std::string_view key, std::string_view plain) {
  assert(!key.ends_with("_html"));
  texts_.insert_or_assign(std::string(key), std::string(plain));
  return *this;
}

Values& Values::html(std::string_view key, Html markup) {
  assert(key.ends_with("_html"));
  texts_.insert_or_assign(std::string(key), markup.text());
  return *this;
}

Values& Values::flag(std::string_view key, bool on) {
  flags_.insert_or_assign(std::string(key), on);
  return *this;
}

Values& Values::list(std::string_view key, std::vector<Values> items) {
  lists_.insert_or_assign(std::string(key), std::move(items));
  return *this;
}

Values& Values::group(std::string_view key, Values inner) {
  std::vector<Values> one;
  one.push_back(std::move(inner));
  return list(key, std::move(one));
}

Result<Html> render(i18n::Language language, std::string_view name, const Values& values) {
  const std::string_view source = asset(std::string(name) + std::string(kTemplateSuffix));
  if (source.empty()) return fail(Code::Internal, "no template " + std::string(name));
  try {
    mustache page(with_words(language, source));
    data all = TemplateData::of(values);
    add_partials(language, all);
    std::string out = page.render(all);
    if (!page.is_valid())
      return fail(Code::Internal, "template " + std::string(name) + " is not well-formed");
    return Html::trusted(std::move(out));
  } catch (const std::exception&) {
    return fail(Code::Internal, "template " + std::string(name) + " could not be filled");
  }
}

}  // namespace counterfoil::pages
