// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/config.h"

#include "app/config_reader.h"
#include "app/rule_reader.h"
#include "base/fd.h"
#include "base/limits.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace counterfoil::app {
namespace {

using consent::Business;

std::string under(const std::string& folder, const std::string& path) {
  if (path.empty() || path.front() == '/' || folder.empty()) return path;
  return folder + "/" + path;
}

void check_name(ConfigReader& in, std::string_view key, std::string_view name) {
  if (!consent::is_name(name))
    in.mistake(key, "must be 1 to " + std::to_string(limits::kNameBytesMax) + " letters, digits or - _ / .");
}

template <class Id>
void read_id(ConfigReader& in, std::string_view key, Id& to) {
  std::string text;
  in.text(key, text);
  check_name(in, key, text);
  to = Id(std::move(text));
}

template <class Id>
void read_ids(ConfigReader& in, std::string_view key, std::vector<Id>& to) {
  std::vector<std::string> texts;
  in.texts(key, texts);
  for (auto& text : texts) to.emplace_back(std::move(text));
}

// "24 months", "7 days", "3 years"; any other text is a condition in words.
void read_keep(const std::string& text, consent::RetentionClass& to) {
  int n = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
  if (n <= 0) return;
  if (unit == " days" || unit == " day") to.keep_days = n;
  if (unit == " months" || unit == " month") to.keep_months = n;
  if (unit == " years" || unit == " year") to.keep_months = n * 12;
}

void read_business(ConfigReader& in, Business& to) {
  in.text("id", to.id);
  in.text("name", to.name);
  in.text("legal_name", to.legal_name);
  in.text("tax_id", to.tax_id);
  in.text("address", to.address);
  in.text("privacy_contact", to.privacy_contact);
  in.text("dpo", to.dpo);
  in.child("authority", [&](ConfigReader& a) {
    a.text("name", to.authority_name);
    a.text("url", to.authority_url);
  });
  in.text("jurisdiction", to.jurisdiction);
  in.number("minimum_age", to.minimum_age, 13, 21);
  in.text("time_zone", to.time_zone);
  in.texts("languages", to.languages);
  in.text("colour", to.colour);
  std::string evidence;
  in.text("minimum_evidence", evidence);
  if (!evidence.empty()) {
    const auto known = consent::evidence_from_name(evidence);
    if (!known) in.mistake("minimum_evidence", "must be claimed, present or possessed");
    to.minimum_evidence = known.value_or(to.minimum_evidence);
  }
  std::string notice;
  in.text("notice", notice);
  if (!notice.empty()) check_name(in, "notice", notice);
  to.notice = consent::NoticeId(notice);
  in.text("look_ups", to.look_ups);
  in.text("sent", to.sent);
  in.text("inbound", to.inbound);
  in.need("id", to.id);
  in.need("name", to.name);
  in.need("time_zone", to.time_zone);
  if (to.languages.empty()) in.mistake("languages", "is missing");
  if (to.jurisdiction.size() != 2) in.mistake("jurisdiction", "must be a country code such as \"ES\"");
}

void read_promise(ConfigReader& in, consent::Promise& to) {
  in.number("per_day", to.per_day, 1, 24);
  in.number("days_per_week", to.days_per_week, 1, 7);
  in.hours("hours", to.from_minute, to.to_minute);
  in.weekdays("days", to.weekdays);
  in.flag("holidays", to.holidays);
  read_ids(in, "exceptions", to.exceptions);
}

void read_sender(ConfigReader& in, consent::Sender& to) {
  read_id(in, "id", to.id);
  std::string channel;
  in.text("channel", channel);
  const auto known = consent::channel_from_name(channel);
  if (!known) in.mistake("channel", "must be whatsapp, messenger, sms, email or voice");
  to.channel = known.value_or(consent::Channel::Sms);
  in.text("address", to.address);
  in.flag("two_way", to.two_way);
  in.flag("enabled", to.enabled);
}

void read_topic(ConfigReader& in, consent::Topic& to) {
  read_id(in, "id", to.id);
  std::string category = "marketing";
  in.text("category", category);
  const auto known = consent::category_from_name(category);
  if (!known) in.mistake("category", "must be marketing or utility");
  to.category = known.value_or(consent::Category::Marketing);
  in.local_text("title", to.title);
  in.local_text("line", to.line);
  in.text("retention", to.retention);
  in.flag("one_time", to.one_time);
}

void read_recipient(ConfigReader& in, consent::Recipient& to) {
  read_id(in, "id", to.id);
  in.text("name", to.name);
  in.text("role", to.role);
  if (to.role != "controller" && to.role != "processor" && to.role != "joint" && to.role != "separate")
    in.mistake("role", "must be controller (this same company), processor, joint or separate");
  in.texts("receives", to.receives);
  for (const auto& what : to.receives)
    if (what != "identity" && what != "consent") in.mistake("receives", "may list identity and consent");
  in.local_text("outside_eu", to.outside_eu);
  in.child("agreement", [&](ConfigReader& a) {
    consent::Recipient::Agreement agreement;
    a.date("signed", agreement.signed_on);
    a.text("purpose", agreement.purpose);
    a.text("scope", agreement.scope);
    a.date("review_by", agreement.review_by);
    to.agreement = std::move(agreement);
  });
}

// A link's name is one part of an address that people type from posters.
void read_link(ConfigReader& in, consent::OptInLink& to) {
  std::string id;
  in.text("id", id);
  if (!consent::is_link_name(id))
    in.mistake("id", "must be 1 to " + std::to_string(limits::kNameBytesMax) +
                         " of a-z 0-9 - _ . because it is typed from posters");
  to.id = consent::LinkId(std::move(id));
  in.local_text("place", to.place);
  std::string shop;
  in.text("shop", shop);
  to.shop = consent::ShopId(std::move(shop));
  in.text("poster", to.poster);
  in.flag("kiosk", to.kiosk);
  read_ids(in, "topics", to.topics);
}

void read_stop_way(ConfigReader& in, consent::StopWay& to) {
  std::string kind;
  in.text("kind", kind);
  if (kind == "keyword") {
    to.kind = consent::StopWay::Kind::Keyword;
  } else if (kind == "page") {
    to.kind = consent::StopWay::Kind::CloudPage;
  } else if (kind == "telephone") {
    to.kind = consent::StopWay::Kind::StaffedNumber;
  } else {
    in.mistake("kind",
               "must be keyword (where = a sender's id), page (an https address) or telephone (a number)");
  }
  in.text("where", to.where);
  in.need("where", to.where);
}

void check_exceptions(ConfigReader& in, const Business& business) {
  for (const auto& id : business.promise.exceptions)
    if (business.topic(id) == nullptr)
      in.mistake("exceptions", "names topic \"" + id.text() + "\", which is not configured");
}

template <class T>
void read_list(ConfigReader& in, std::string_view key, std::vector<T>& to, void (*read)(ConfigReader&, T&)) {
  in.each(key, [&](ConfigReader& item) { read(item, to.emplace_back()); });
}

// What is kept whether anybody thought of it or not.
void put_class(Business& business, std::string& name, const consent::RetentionClass& usual) {
  if (!name.empty()) return;
  name = usual.name;
  if (business.retention_class(name) == nullptr) business.retention.push_back(usual);
}

void put_classes(Business& business) {
  put_class(business, business.look_ups, {"lookups-13m", "look-up by staff", "13 months", 13, 0, "destroy"});
  put_class(business, business.sent, {"sent-13m", "message sent", "13 months", 13, 0, "destroy"});
  // No platform's window is open for longer.
  put_class(business, business.inbound, {"inbound-7d", "message", "7 days", 0, 7, "destroy"});
}

void read_parts(ConfigReader& in, Business& business) {
  in.child("business", [&](ConfigReader& b) { read_business(b, business); });
  in.each("shop", [&](ConfigReader& s) {
    auto& shop = business.shops.emplace_back();
    read_id(s, "id", shop.id);
    s.local_text("place", shop.place);
  });
  read_list(in, "sender", business.senders, read_sender);
  read_list(in, "topic", business.topics, read_topic);
  in.child("promise", [&](ConfigReader& p) {
    read_promise(p, business.promise);
    check_exceptions(p, business);
  });
  read_list(in, "recipient", business.recipients, read_recipient);
  read_list(in, "link", business.links, read_link);
  read_list(in, "stop_way", business.stop_ways, read_stop_way);
  in.each("retention", [&](ConfigReader& r) {
    auto& rc = business.retention.emplace_back();
    r.text("name", rc.name);
    r.need("name", rc.name);
    if (!rc.name.empty()) check_name(r, "name", rc.name);
    r.text("starts", rc.starts);
    r.text("keep", rc.keep);
    r.need("keep", rc.keep);
    read_keep(rc.keep, rc);
    r.text("then", rc.then);
  });
}

void read_endpoint(ConfigReader& in, std::string_view key, Endpoint& to) {
  in.child(key, [&](ConfigReader& e) {
    int port = to.port;
    e.text("address", to.address);
    e.number("port", port, 1, 65535);
    to.port = static_cast<std::uint16_t>(port);
  });
}

void read_box(ConfigReader& in, Config& to, const std::string& folder) {
  in.text("origin", to.origin);
  in.need("origin", to.origin);
  in.text("host", to.host);
  in.need("host", to.host);
  in.texts("other_hosts", to.other_hosts);
  in.text("certificate", to.certificate_path);
  in.text("key", to.key_path);
  in.need("certificate", to.certificate_path);
  in.need("key", to.key_path);
  to.certificate_path = under(folder, to.certificate_path);
  to.key_path = under(folder, to.key_path);
  in.text("board", to.board);
  in.text("anchor", to.anchor_path);
  to.anchor_path = under(folder, to.anchor_path);
  in.text("second_copy", to.second_copy_path);
  to.second_copy_path = under(folder, to.second_copy_path);
  in.flag("clock_trusted", to.clock_trusted);
  in.text("clock_control", to.clock_control_path);
  to.clock_control_path = under(folder, to.clock_control_path);
  in.flag("demo", to.demo);
  int redirect = 0;
  in.number("redirect_port", redirect, 0, 65535);
  to.redirect_port = static_cast<std::uint16_t>(redirect);
}

// Names that point nowhere are mistakes here, where the operator can see them.
void check_names(ConfigReader& in, const Business& business) {
  for (const auto& link : business.links)
    if (!link.shop.empty() && business.shop(link.shop) == nullptr)
      in.mistake("link", "\"" + link.id.text() + "\" names shop \"" + link.shop.text() +
                             "\", which is not configured");
  for (const auto& [key, name] :
       {std::pair{"look_ups", &business.look_ups}, std::pair{"sent", &business.sent},
        std::pair{"inbound", &business.inbound}}) {
    const auto* kept = business.retention_class(*name);
    if (kept == nullptr)
      in.mistake("business",
                 std::string(key) + " names retention class \"" + *name + "\", which is not configured");
    else if (kept->keep_months == 0 && kept->keep_days == 0)
      in.mistake("business", std::string(key) + " names \"" + *name +
                                 "\", which must be kept for days, months or years, not in words");
  }
  for (const auto& rc : business.retention) {
    // The day on which the proof of a yes ends must be known when it is filed.
    const auto* then = business.retention_class(rc.then);
    if (then != nullptr && then->keep_months == 0 && then->keep_days == 0)
      in.mistake("retention", "\"" + rc.name + "\" leads to \"" + rc.then +
                                  "\", which must be kept for days, months or years, not in words");
  }
  for (const auto& way : business.stop_ways) {
    const bool keyword = way.kind == consent::StopWay::Kind::Keyword;
    const bool known = std::any_of(business.senders.begin(), business.senders.end(), [&](const auto& sender) {
      return sender.id.text() == way.where && sender.two_way && sender.enabled;
    });
    if (keyword && !known)
      in.mistake("stop_way",
                 "a keyword needs a sender that is enabled and two_way; \"" + way.where + "\" is none");
  }
}

}  // namespace

Result<Config> parse_config(std::string_view toml, const std::string& folder) {
  Config config;
  CF_TRY(config.rules, built_in_rules());
  std::vector<std::string> errors;
  try {
    const toml::table table = toml::parse(toml);
    ConfigReader in(table, "", errors);
    in.child("box", [&](ConfigReader& box) { read_box(box, config, folder); });
    in.child("listen", [&](ConfigReader& listen) {
      read_endpoint(listen, "customer", config.customer);
      read_endpoint(listen, "staff", config.staff);
      read_endpoint(listen, "sync", config.sync);
    });
    read_parts(in, config.business);
    read_rules(in, config.rules, config.rule_decisions);
    in.finish();
    if (config.origin.empty() && errors.empty())
      in.mistake("box", "is missing: it holds origin, host, certificate and key");
    if (config.business.id.empty() && errors.empty()) in.mistake("business", "is missing");
    put_classes(config.business);
    if (errors.empty()) check_names(in, config.business);
  } catch (const toml::parse_error& e) {
    errors.push_back("line " + std::to_string(e.source().begin.line) + ": " + std::string(e.description()));
  }
  if (errors.empty()) return config;
  std::string all;
  for (const auto& error : errors) all += (all.empty() ? "" : "\n") + error;
  return fail(Code::BadInput, all);
}

Result<Config> read_config(const std::string& path) {
  const auto bytes = read_file(path, limits::kConfigBytesMax);
  if (!bytes)
    return fail(bytes.error().code,
                "the configuration: " + bytes.error().message() + "; --config FILE says where it is");
  const auto slash = path.rfind('/');
  auto config = parse_config(as_text(*bytes), slash == std::string::npos ? "." : path.substr(0, slash));
  if (!config) return fail(config.error().code, path + ":\n" + config.error().message());
  return config;
}

}  // namespace counterfoil::app
