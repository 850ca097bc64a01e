// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// backup and restore: what an operator does before and after a card dies.
#include "as_owner.h"
#include "commands.h"

#include <cstdio>

namespace counterfoil::tool {
namespace {

int backup(const Where& where, const std::string& to) {
  const auto owner = AsOwner::of(where.paths.data);
  if (!owner) return complain(owner.error());
  const auto saved = ledger::Ledger::backup(where.paths.data, to);
  if (!saved) return complain(saved.error());
  std::printf("ledger.db and desk.db are in %s; they open only with the newest keys.db and the anchor\n",
              to.c_str());
  return 0;
}

int restore(const Where& where, const std::string& from) {
  const auto config = app::read_config(where.paths.config);
  if (!config) return complain(config.error());
  const auto owner = AsOwner::of(where.paths.data);
  if (!owner) return complain(owner.error());
  const auto done = app::Appliance::restore(*config, where.paths, from);
  if (!done) return complain(done.error());
  std::printf("restored %llu events of %llu forms; the log goes on as %s\n",
              static_cast<unsigned long long>(done->events),
              static_cast<unsigned long long>(done->submissions), done->origin.c_str());
  if (done->keyless > 0)
    std::printf("%llu lines of the copy stay closed: their keys are gone, erased or expired since\n",
                static_cast<unsigned long long>(done->keyless));
  std::puts(
      "The new log has a key of its own: give 'counterfoil log-key' to the head office and beside the "
      "poster.\n"
      "Nobody may be messaged yet, because stops that came after the copy are not in it. Record them again\n"
      "(from the head office, the shop's phone, the staff), then run: counterfoil restore --stops-are-in");
  return 0;
}

int put_back_keys(const Where& where, const std::string& from) {
  const auto owner = AsOwner::of(where.paths.data);
  if (!owner) return complain(owner.error());
  const auto done = ledger::Ledger::put_back_keys(where.paths.data, from);
  if (!done) return complain(done.error());
  std::puts(
      "keys.db is back; start counterfoild. If somebody came after the copy was made, 'counterfoil status'\n"
      "says how many keys are missing, and nobody may be messaged until a 'counterfoil restore'.");
  return 0;
}

int vouch(const Where& where) {
  const auto done = ask(where, {{"do", "restore.vouch"}});
  if (!done) return complain(done.error());
  std::puts(
      "decisions are answered again, and within the hour the schedule deletes what is due. A legal hold "
      "that\n"
      "was set after the copy is not in it: set it again now, 'counterfoil hold set'");
  return 0;
}

}  // namespace

void add_backup_commands(CLI::App& app, Where& where, Action& action) {
  static std::string folder;
  auto* save = app.add_subcommand("backup", "copy ledger.db and desk.db, also while the daemon runs");
  save->add_option("FOLDER", folder, "on another disk; an earlier backup there is replaced")->required();
  save->callback([&] { action = [&] { return backup(where, folder); }; });

  auto* restore_command =
      app.add_subcommand("restore", "start a new log from a backup and the newest keys.db");
  static bool stops_are_in = false;
  static std::string keys_from;
  auto* from = restore_command->add_option("FOLDER", folder,
                                           "what 'counterfoil backup' wrote, or the data folder "
                                           "itself when only its ledger.db was put back");
  auto* flag = restore_command->add_flag("--stops-are-in", stops_are_in,
                                         "all stops that came after the copy have been recorded again");
  auto* keys = restore_command->add_option(
      "--keys", keys_from, "only put back a lost keys.db, from the folder of its second copy");
  from->excludes(flag);
  keys->excludes(from)->excludes(flag);
  restore_command->callback([&] {
    if (!stops_are_in && folder.empty() && keys_from.empty())
      throw CLI::ValidationError("restore", "name the folder of the backup, or say --keys or --stops-are-in");
    if (!keys_from.empty()) {
      action = [&] { return put_back_keys(where, keys_from); };
      return;
    }
    action = [&] { return stops_are_in ? vouch(where) : restore(where, folder); };
  });
}

}  // namespace counterfoil::tool
