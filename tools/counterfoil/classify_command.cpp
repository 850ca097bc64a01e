// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// classify: what a message means that somebody sent back.
#include "base/limits.h"
#include "commands.h"
#include "i18n/keywords.h"

#include <unistd.h>

#include <cstdio>

namespace counterfoil::tool {
namespace {

/// "offers=offers,ofertas"
Result<i18n::TopicWords> topic_of(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == 0 || equals >= argument.size() - 1)
    return fail(Code::BadInput, "a topic is its id and its words: offers=offers,ofertas");
  i18n::TopicWords topic{argument.substr(0, equals), {}};
  for (std::size_t at = equals; at < argument.size(); at = argument.find(',', at + 1))
    topic.words.push_back(argument.substr(at + 1, argument.find(',', at + 1) - at - 1));
  return topic;
}

/// One byte beyond the limit tells that a message is long.
std::string read_message() {
  if (::isatty(STDIN_FILENO) == 1) std::fputs("type the message, then Enter and Ctrl-D\n", stderr);
  std::string message(limits::kMessageBytesMax + 1, '\0');
  message.resize(std::fread(message.data(), 1, message.size(), stdin));
  return message;
}

json::Value facts_of(const i18n::Wish& wish) {
  json::Object facts{{"wish", i18n::wish_name(wish.kind)}};
  if (!wish.topic.empty()) facts.emplace("topic", wish.topic);
  if (wish.keyword != nullptr)
    facts.emplace("entry", json::Object{{"list", wish.keyword->list},
                                        {"native_checked", wish.keyword->native_checked},
                                        {"sources", wish.keyword->sources},
                                        {"text", wish.keyword->text}});
  return facts;
}

void print_wish(const i18n::Wish& wish) {
  std::printf("%s%s%s\n", std::string(i18n::wish_name(wish.kind)).c_str(), wish.topic.empty() ? "" : " ",
              printable(wish.topic).c_str());
  if (wish.keyword == nullptr) return;
  std::printf("entry    %s  (list %s)\nsources  %s\nchecked  %s\n", std::string(wish.keyword->text).c_str(),
              std::string(wish.keyword->list).c_str(), std::string(wish.keyword->sources).c_str(),
              wish.keyword->native_checked ? "by native speakers" : "not by native speakers");
}

int classify(const std::vector<std::string>& arguments, bool as_json) {
  std::vector<i18n::TopicWords> topics;
  for (const std::string& argument : arguments) {
    auto topic = topic_of(argument);
    if (!topic) return complain(topic.error());
    topics.push_back(*std::move(topic));
  }
  const auto wish = i18n::classify(read_message(), topics);
  if (!as_json) {
    print_wish(wish);
    return 0;
  }
  const auto line = json::write(facts_of(wish));
  if (!line) return complain(line.error());
  std::printf("%s\n", line->c_str());
  return 0;
}

}  // namespace

void add_classify_command(CLI::App& app, Action& action) {
  static std::vector<std::string> topics;
  static bool as_json = false;
  auto* command = app.add_subcommand(
      "classify", "say whether a message stops, starts or asks for help; reads it from standard input");
  command->add_option("--topic", topics,
                      "a topic that \"STOP offers\" may name: offers=offers,ofertas; repeat");
  command->add_flag("--json", as_json, "one JSON object");
  command->footer(
      "  echo 'STOP ofertas' | counterfoil classify --topic offers=offers,ofertas\n"
      "prints the wish, the entry of the lists that it rests on, where that is from, and whether native\n"
      "speakers have checked it. The wish is one of\n"
      "  stop_all, stop_topic, start, help   the whole message is a listed word\n"
      "  human                               a sentence that holds a stop word: a person must read it\n"
      "  none                                nothing of all that\n"
      "The message is never an argument, because shells remember those; it is judged and dropped.\n"
      "Exit status: 0 whatever the wish is. 'counterfoil --help' lists the others.");
  command->callback([&] { action = [&] { return classify(topics, as_json); }; });
}

}  // namespace counterfoil::tool
