// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// counterfoil: the operator's command line.
#include "app/daemon.h"
#include "base/log.h"
#include "commands.h"
#include "usage.h"

#include <cstdio>

namespace {

std::string exit_table() {
  std::string out = "Exit status: 0 done, 1 checked and not intact, not well, or not allowed now";
  for (int i = 0; i <= static_cast<int>(counterfoil::Code::Internal); ++i) {
    const auto code = static_cast<counterfoil::Code>(i);
    out += "\n  " + std::to_string(counterfoil::exit_status(code)) + "  " +
           std::string(counterfoil::code_sentence(code));
  }
  return out;
}

int run(int argc, char** argv) {
  using namespace counterfoil;  // NOLINT(google-build-using-namespace): this function only
  CLI::App app(
      "counterfoil: the command line of the consent and opt-out appliance.\n"
      "A first box: counterfoil init, then start counterfoild, then counterfoil user add.",
      "counterfoil");
  app.footer("Exit status: 'counterfoil --help' lists them.");  // what every subcommand inherits
  app.set_version_flag("--version", "counterfoil " CF_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  tool::Where where;
  app.add_option("--config", where.paths.config, "the configuration")->capture_default_str();
  app.add_option("--data", where.paths.data, "the data folder")->capture_default_str();
  tool::Action action;
  tool::add_operator_commands(app, where, action);
  tool::add_client_commands(app, where, action);
  tool::add_people_commands(app, where, action);
  tool::add_tls_commands(app, where, action);
  tool::add_rule_commands(app, where, action);
  tool::add_pull_commands(app, action);
  tool::add_classify_command(app, action);
  tool::add_demo_command(app, action);
  app.footer(exit_table());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return tool::answer_usage(app, e);
  }
  log::start(log::Level::Warning);
  return action ? action() : 2;
}

}  // namespace

int main(int argc, char** argv) {
  // The tool opens the same secrets as the daemon when none runs.
  if (const auto hardened = counterfoil::app::harden_process(); !hardened)
    return counterfoil::tool::complain(hardened.error());
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return counterfoil::tool::complain(counterfoil::fail(counterfoil::Code::Internal, error.what()));
  }
}
