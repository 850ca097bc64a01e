// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// decide, hold, restrict, erase: what an operator or a manager does about one person.
#include "commands.h"
#include "pages/qr.h"

#include <cstdio>
#include <iostream>

namespace counterfoil::tool {
namespace {

struct NumberArguments {
  std::string number;
  std::string region;
  std::string case_id;
  std::string until;
  std::string reason;
};

// A number on the command line stays in the shell's history and is in the list of processes meanwhile.
Result<std::string> number_of(const NumberArguments& person) {
  if (person.number != "-") return person.number;
  std::string line;
  if (!std::getline(std::cin, line) || line.empty())
    return fail(Code::BadInput, "no number was given; type it, or pipe it in as one line");
  return line;
}

// Asks for the command with the members that every command about a person has.
Result<json::Value> ask_about(const Where& where, const NumberArguments& person, json::Object request) {
  CF_TRY(auto number, number_of(person));
  request.emplace("number", std::move(number));
  request.emplace("region", person.region);
  return ask(where, request);
}

int tell_count(const Result<json::Value>& answer, const char* what) {
  if (!answer) return complain(answer.error());
  const auto count = answer->integer_at("submissions").value_or(0);
  std::printf("%s: %lld %s\n", what, static_cast<long long>(count), count == 1 ? "form" : "forms");
  return 0;
}

int set_hold(const Where& where, const NumberArguments& person) {
  const auto held =
      ask_about(where, person, {{"do", "hold.set"}, {"case", person.case_id}, {"until", person.until}});
  return tell_count(held, "held");
}

int clear_hold(const Where& where, const NumberArguments& person) {
  const auto cleared = ask_about(where, person, {{"do", "hold.clear"}, {"case", person.case_id}});
  return tell_count(cleared, "no longer held for this case");
}

int list_holds(const Where& where) {
  const auto answer = ask(where, {{"do", "hold.list"}});
  if (!answer) return complain(answer.error());
  const auto all = rows_of(*answer, "kept");
  if (all.empty()) std::puts("nothing is held or restricted");
  for (const auto& kept : all) {
    std::string what;
    for (const auto& hold : rows_of(kept, "holds")) {
      what += "  case " + hold.string_at("case").value_or("?");
      if (const auto until = hold.string_at("until")) what += " until " + *until;
    }
    if (const auto reason = kept.string_at("restricted")) what += "  restricted (" + *reason + ")";
    if (const auto asked = kept.string_at("erase_asked")) what += "  erasure asked " + *asked;
    std::printf("%s%s\n", kept.string_at("number").value_or("?").c_str(), what.c_str());
  }
  return 0;
}

int restrict_use(const Where& where, const NumberArguments& person, bool on) {
  const auto done = ask_about(where, person, {{"do", "restrict"}, {"on", on}, {"reason", person.reason}});
  return tell_count(done, on ? "kept, but not used" : "used again");
}

int erase(const Where& where, const NumberArguments& person) {
  const auto config = app::read_config(where.paths.config);
  if (!config) return complain(config.error());
  const auto erased = ask_about(where, person, {{"do", "erase"}, {"reason", person.reason}});
  if (!erased) return complain(erased.error());
  const auto* held = erased->find("held");
  if (held != nullptr && held->boolean() != nullptr && *held->boolean())
    std::puts("held for a legal claim: it is erased when the hold is over, and the page says so");
  const std::string url = customer_url(*config) + erased->string_at("certificate").value_or("");
  const auto code = pages::qr::terminal(url);
  if (code) std::printf("%s\n", code->c_str());
  std::printf("certificate, for the person: %s\n", url.c_str());
  return 0;
}

std::string text_or_none(const json::Value& value, std::string_view key) {
  return value.string_at(key).value_or("");
}

void print_reason(const json::Value& reason) {
  const std::string until = text_or_none(reason, "until");
  const std::string when = until.empty() ? "does not pass by waiting" : "until " + until;
  std::printf("  %-20s %-10s %s (%s)\n", text_or_none(reason, "code").c_str(),
              text_or_none(reason, "kind").c_str(), when.c_str(), text_or_none(reason, "reference").c_str());
}

void print_decision(const json::Value& decision) {
  const std::string verdict = text_or_none(decision, "verdict");
  const std::string next = text_or_none(decision, "next_allowed");
  if (verdict == "allow") std::puts("yes");
  if (verdict == "allow_later") std::printf("not now; from %s on\n", next.c_str());
  if (verdict == "deny") std::puts("no");
  for (const auto& reason : rows_of(decision, "reasons")) print_reason(reason);
  const auto* because = decision.find("because");
  if (because != nullptr && !because->is_null())
    std::printf("  because              said yes to %s on %s on %s by %s (%s); it ends on %s\n",
                text_or_none(*because, "topic").c_str(), text_or_none(*because, "channel").c_str(),
                text_or_none(*because, "given").c_str(), text_or_none(*because, "link").c_str(),
                text_or_none(*because, "evidence").c_str(), text_or_none(*because, "ends").c_str());
  if (const std::string must = joined(decision, "obligations"); !must.empty())
    std::printf("  the message must     %s\n", must.c_str());
  std::printf("  as of                %s, rules %s\n", text_or_none(decision, "as_of").c_str(),
              text_or_none(decision, "rules_version").c_str());
}

struct MessageArguments {
  std::string channel;
  std::string topic;
  std::string sender;
  std::string useful_until;
  std::string as_of;
  bool free_text = false;
  bool as_json = false;
};

int decide(const Where& where, const NumberArguments& person, const MessageArguments& message) {
  const auto decision = ask_about(where, person,
                                  {{"do", "decide"},
                                   {"channel", message.channel},
                                   {"topic", message.topic},
                                   {"sender", message.sender},
                                   {"form", message.free_text ? "free_text" : "template"},
                                   {"useful_until", message.useful_until},
                                   {"as_of", message.as_of}});
  if (!decision) return complain(decision.error());
  if (message.as_json)
    std::printf("%s\n", json::write(*decision).value_or("{}").c_str());
  else
    print_decision(*decision);
  return text_or_none(*decision, "verdict") == "allow" ? 0 : 1;
}

void add_number(CLI::App& command, NumberArguments& person) {
  command.add_option("number", person.number, "the phone number; - to type it or pipe it in")->required();
  command.add_option("--region", person.region, "country of a national spelling, SE; the shop's if left out");
}

void add_decide_command(CLI::App& app, Where& where, Action& action) {
  static NumberArguments person;
  static MessageArguments message;
  auto* command = app.add_subcommand(
      "decide", "may this person be messaged now, and why not? A look-up, which the person can see");
  add_number(*command, person);
  command->add_option("--channel", message.channel, "whatsapp, messenger, sms, email or voice")->required();
  command->add_option("--topic", message.topic, "a [[topic]] id of the configuration")->required();
  command->add_option("--sender", message.sender, "a [[sender]] id; the channel's if left out");
  command->add_option("--useful-until", message.useful_until,
                      "the message is of no use from then on, 2026-11-22T09:30:00Z");
  command->add_option("--as-of", message.as_of,
                      "the answer of another moment, 2026-11-22T09:30:00Z: by what was known then");
  command->add_flag("--free-text", message.free_text,
                    "words of your own; else a template that the platform has approved");
  command->add_flag("--json", message.as_json, "the Decision as the API answers it");
  command->callback([&] { action = [&] { return decide(where, person, message); }; });
}

void add_hold_commands(CLI::App& app, Where& where, Action& action) {
  static NumberArguments person;
  auto* hold = app.add_subcommand("hold", "records kept for a legal claim: nothing ends them meanwhile")
                   ->require_subcommand(1);
  auto* set = hold->add_subcommand("set", "hold all that names a number");
  auto* clear = hold->add_subcommand("clear", "the case is over; an erasure that waits goes on by itself");
  for (auto* command : {set, clear}) {
    add_number(*command, person);
    command->add_option("--case", person.case_id, "your name for the case; nobody's name")->required();
  }
  set->add_option("--until", person.until, "last day, 2027-06-30; until cleared if left out");
  set->callback([&] { action = [&] { return set_hold(where, person); }; });
  clear->callback([&] { action = [&] { return clear_hold(where, person); }; });
  auto* list = hold->add_subcommand("list", "list what is held or restricted, with masked numbers");
  list->callback([&] { action = [&] { return list_holds(where); }; });
}

void add_restrict_command(CLI::App& app, Where& where, Action& action) {
  static NumberArguments person;
  static bool off = false;
  auto* restrict =
      app.add_subcommand("restrict", "keep all that names a number, but do not use it (GDPR Art. 18)");
  add_number(*restrict, person);
  restrict->add_option("--reason", person.reason, "accuracy, claim, objection, unlawful or wish")->required();
  restrict->add_flag("--off", off, "use it again; only the person lifts what the person asked for");
  restrict->callback([&] { action = [&] { return restrict_use(where, person, !off); }; });
}

void add_erase_command(CLI::App& app, Where& where, Action& action) {
  static NumberArguments person;
  auto* erase_person = app.add_subcommand(
      "erase", "erase all that names a number, for somebody who showed that it is theirs; cannot be undone");
  add_number(*erase_person, person);
  erase_person->add_option("--reason", person.reason, "one word for your own record, asked-in-shop")
      ->required();
  erase_person->callback([&] { action = [&] { return erase(where, person); }; });
}

}  // namespace

void add_people_commands(CLI::App& app, Where& where, Action& action) {
  add_decide_command(app, where, action);
  add_hold_commands(app, where, action);
  add_restrict_command(app, where, action);
  add_erase_command(app, where, action);
}

}  // namespace counterfoil::tool
