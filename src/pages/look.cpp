// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/look.h"

#include "crypto/crypto.h"
#include "desk/words.h"
#include "pages/assets.h"
#include "pages/colour.h"
#include "phone/phone.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace counterfoil::pages {
namespace {

constexpr std::size_t kStyleHashDigits = 16;

std::optional<i18n::Language> offered(std::span<const i18n::Language> languages, std::string_view code) {
  const auto found = i18n::Language::find(code);
  if (!found) return std::nullopt;
  if (std::find(languages.begin(), languages.end(), *found) == languages.end()) return std::nullopt;
  return *found;
}

const consent::Sender* sender_of(const consent::Business& business, std::string_view id) {
  for (const consent::Sender& sender : business.senders)
    if (sender.id.text() == id) return &sender;
  return nullptr;
}

std::string digits_of(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c >= '0' && c <= '9') out += c;
  return out;
}

// Where a tap on the words leads: the message is written already.
std::string address_of(const View& view, const consent::StopWay& way) {
  if (way.kind == consent::StopWay::Kind::CloudPage) return way.where;
  if (way.kind == consent::StopWay::Kind::StaffedNumber) return "tel:+" + digits_of(way.where);
  const consent::Sender* sender = sender_of(view.business(), way.where);
  if (sender == nullptr) return {};
  const std::string word = net::percent_encode(view.tr("wa.stop"));
  const std::string number = digits_of(sender->address);
  return sender->channel == consent::Channel::Sms ? "sms:+" + number + "?body=" + word
                                                  : "https://wa.me/" + number + "?text=" + word;
}

/// One <option>, in two halves.
struct CountryOption {
  std::string region;
  std::string before;
  std::string after;
};

std::vector<CountryOption> make_countries(const View& view) {
  struct Named {
    std::string name;
    phone::Region region;
  };
  std::vector<Named> named;
  for (phone::Region& region : phone::regions())
    if (i18n::has("country." + region.code))
      named.push_back({i18n::country_name(view.language, region.code), std::move(region)});
  std::sort(named.begin(), named.end(), [](const Named& a, const Named& b) { return a.name < b.name; });
  std::vector<CountryOption> out;
  for (const Named& one : named) {
    const std::string words =
        view.tr("form.country_option", {{"country", one.name}, {"calling_code", one.region.calling_code}});
    out.push_back({one.region.code, "<option value=\"" + one.region.code + "\"",
                   ">" + Html::escaped(words).text() + "</option>\n"});
  }
  return out;
}

/// Made once for each language: every form has the list, and it never changes.
const std::vector<CountryOption>& countries_of(const View& view) {
  static std::mutex mutex;
  static std::map<std::string, std::vector<CountryOption>, std::less<>> lists;
  const std::lock_guard lock(mutex);
  const auto known = lists.find(view.language.code());
  if (known != lists.end()) return known->second;
  return lists.emplace(view.language.code(), make_countries(view)).first->second;
}

}  // namespace

Result<Look> make_look(const consent::Business& business, std::string customer_url, bool demo) {
  CF_TRY(i18n::TimeZone zone, i18n::TimeZone::find(business.time_zone));
  Look look{&business, {}, zone, std::move(customer_url), demo, {}, {}};
  for (const std::string& code : business.languages)
    if (const auto language = i18n::Language::find(code)) look.languages.push_back(*language);
  if (look.languages.empty()) look.languages.push_back(i18n::Language::english());
  look.style = theme_css(business.colour) + std::string(asset("style.css"));
  look.style_path =
      "/style-" + hex(crypto::sha256(as_bytes(look.style))).substr(0, kStyleHashDigits) + ".css";
  return look;
}

View customer_view(const Look& look, const net::Request& request, std::string_view asked,
                   std::string_view known) {
  View view{&look, look.languages.front(), request.path};
  if (asked.empty()) asked = request.query_value("lang").value_or("");
  if (const auto wanted = offered(look.languages, asked))
    view.language = *wanted;
  else if (const auto of_link = offered(look.languages, known))
    view.language = *of_link;
  else
    view.language = i18n::negotiate(request.field("Accept-Language").value_or(""), look.languages,
                                    look.languages.front());
  return view;
}

View staff_view(const Look& look, const net::Request& request) {
  View view{&look, look.languages.front(), request.path};
  const auto all = i18n::Language::all();
  if (const auto wanted = offered(all, request.query_value("lang").value_or("")))
    view.language = *wanted;
  else
    view.language =
        i18n::negotiate(request.field("Accept-Language").value_or(""), all, look.languages.front());
  return view;
}

std::string date_words(const View& view, Instant t) {
  return i18n::format_date(view.language, view.look->zone.to_local(t));
}

std::string time_words(const View& view, Instant t) {
  return i18n::format_time(view.language, view.look->zone.to_local(t));
}

std::string period_words(const View& view, const consent::RetentionClass& kept) {
  return desk::period_words(view.language, kept);
}

std::string topic_words(const View& view, const consent::TopicId& id) {
  const consent::Topic* topic = view.business().topic(id);
  return topic == nullptr ? id.text() : consent::local(topic->title, view.language.code(), view.business());
}

std::string channel_words(const View& view, consent::Channel channel) {
  return desk::channel_words(view.language, channel);
}

std::string place_words(const View& view, const consent::ShopId& id) {
  return desk::place_words(view.language, view.business(), id);
}

std::string topic_list(const View& view, std::span<const consent::TopicId> topics) {
  return desk::topic_list(view.language, view.business(), topics);
}

std::string channel_list(const View& view, std::span<const consent::Channel> channels) {
  return desk::channel_list(view.language, channels);
}

std::vector<HomeStop> home_stops(const View& view) {
  std::vector<HomeStop> out;
  for (const consent::StopWay& way : view.business().stop_ways) {
    std::string address = address_of(view, way);
    if (!address.empty())
      out.push_back({desk::stop_way_words(view.language, view.business(), way), std::move(address)});
  }
  return out;
}

std::string home_stop_words(const View& view) {
  std::vector<std::string> words;
  for (const HomeStop& stop : home_stops(view)) words.push_back(stop.words);
  return i18n::join_or(view.language, words);
}

Html country_options(const View& view, std::string_view selected) {
  std::string out;
  for (const CountryOption& option : countries_of(view))
    out += option.before + (option.region == selected ? " selected" : "") + option.after;
  return Html::trusted(std::move(out));
}

}  // namespace counterfoil::pages
