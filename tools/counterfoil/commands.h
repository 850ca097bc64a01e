// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The subcommands of counterfoil; each file adds its own to the command line. Thread rule: one thread.
#pragma once

#include "app/appliance.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace counterfoil::tool {

/// Where the box is, common to all commands that talk to it.
struct Where {
  app::Paths paths{"/etc/counterfoil/counterfoil.toml", "/var/lib/counterfoil"};
};

/// Set by the subcommand that was chosen; returns the exit status.
using Action = std::function<int()>;

void add_operator_commands(CLI::App& app, Where& where,
                           Action& action);  // init, user, link, peer, status, verify
void add_client_commands(CLI::App& app, Where& where, Action& action);  // client add, list, remove
void add_people_commands(CLI::App& app, Where& where, Action& action);  // decide, hold, restrict, erase
void add_backup_commands(CLI::App& app, Where& where, Action& action);  // backup, restore
void add_tls_commands(CLI::App& app, Where& where, Action& action);     // tls status, csr, install
void add_rule_commands(CLI::App& app, Where& where, Action& action);    // rules list, explain, check
void add_pull_commands(CLI::App& app, Action& action);                  // pull, show
void add_classify_command(CLI::App& app, Action& action);               // classify
void add_demo_command(CLI::App& app, Action& action);                   // demo

/// A key, a certificate or another small text file. Fails as read_text_file does.
Result<std::string> read_small_file(const std::string& path);
json::Array names(const std::vector<std::string>& items);
/// The rows of a list in an answer; none when there is no such list.
json::Array rows_of(const json::Value& answer, std::string_view key);
/// "user", "peer" or "client"; says so and returns the exit status.
int remove_named(const Where& where, const std::string& what, const std::string& name);
/// "a, b" of a list of texts in an answer.
std::string joined(const json::Value& value, std::string_view key);
/// Prints "counterfoil: …" and returns the code's exit status.
int complain(const Error& error);
/// "https://host[:port]", where customers find the box.
std::string customer_url(const app::Config& config);
/// Asks the running daemon, or opens the folder itself when none runs.
Result<json::Value> ask(const Where& where, const json::Object& request,
                        const app::ControlProgress& progress = {});

}  // namespace counterfoil::tool
