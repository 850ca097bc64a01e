// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// client add, list, remove: programs that ask over the API.
#include "commands.h"

#include <cstdio>

namespace counterfoil::tool {
namespace {

// The token alone goes to standard output, so that it can be piped into a place for secrets.
int add(const Where& where, const std::string& name, const std::vector<std::string>& scopes) {
  const auto added = ask(where, {{"do", "client.add"}, {"name", name}, {"scopes", names(scopes)}});
  if (!added) return complain(added.error());
  std::fputs("this token is shown once; the box keeps a hash of it:\n", stderr);
  std::printf("%s\n", added->string_at("token").value_or("").c_str());
  return 0;
}

int list(const Where& where) {
  const auto answer = ask(where, {{"do", "clients"}});
  if (!answer) return complain(answer.error());
  const auto clients = rows_of(*answer, "clients");
  if (clients.empty()) std::puts("no program may ask; 'counterfoil client add' lets one in");
  for (const auto& client : clients)
    std::printf("%-32s %s\n", client.string_at("name").value_or("?").c_str(),
                joined(client, "scopes").c_str());
  return 0;
}

}  // namespace

void add_client_commands(CLI::App& app, Where& where, Action& action) {
  static std::string name;
  static std::vector<std::string> scopes;
  auto* client = app.add_subcommand("client", "programs that may ask over the API")->require_subcommand(1);
  auto* add_command = client->add_subcommand("add", "let a program in; prints its token, once");
  auto* list_command = client->add_subcommand("list", "who is let in, and what for");
  auto* remove_command = client->add_subcommand("remove", "its token opens nothing any more");
  for (auto* command : {add_command, remove_command})
    command->add_option("name", name, "your name for it; look-ups name it, so nobody's own name")->required();
  add_command
      ->add_option("--scope", scopes,
                   "decide: may this person be messaged? Every number is a look-up that the person can see; "
                   "scrub: the same about a list, which the log notes with its length; "
                   "timeline: what somebody said and was sent, a look-up as well; "
                   "write: ask, and note that the message goes; "
                   "report: what a platform says of somebody")
      ->required();
  add_command->callback([&] { action = [&] { return add(where, name, scopes); }; });
  list_command->callback([&] { action = [&] { return list(where); }; });
  remove_command->callback([&] { action = [&] { return remove_named(where, "client", name); }; });
}

}  // namespace counterfoil::tool
