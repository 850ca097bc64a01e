// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// init, user, link, peer, status, verify: what an operator does to one box.
#include "app/control.h"
#include "app/daemon.h"
#include "as_owner.h"
#include "base/fd.h"
#include "base/limits.h"
#include "commands.h"
#include "crypto/certificate.h"
#include "pages/qr.h"

#include <grp.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>

namespace counterfoil::tool {
namespace {

// Reads a password from the terminal without echo, or from a pipe as its first line.
Result<std::string> read_password(const std::string& prompt) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  termios old{};
  if (terminal) {
    std::fputs((prompt + ": ").c_str(), stderr);
    ::tcgetattr(STDIN_FILENO, &old);
    termios silent = old;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string line;
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &old);
    std::fputs("\n", stderr);
  }
  if (!read || line.empty())
    return fail(Code::BadInput, "no password was given; type it, or pipe it in as one line");
  return line;
}

std::string text_of(const json::Value& value, std::string_view key) {
  return value.string_at(key).value_or("?");
}

bool is_true(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  const bool* flag = member == nullptr ? nullptr : member->boolean();
  return flag != nullptr && *flag;
}

int init(const Where& where) {
  const auto config = app::read_config(where.paths.config);
  if (!config) return complain(config.error());
  const auto owner = AsOwner::of(where.paths.data);
  if (!owner) return complain(owner.error());
  const auto made = app::Appliance::create(*config, where.paths);
  if (!made) return complain(made.error());
  std::printf("made %s for the log %s\n", where.paths.data.c_str(), config->origin.c_str());
  std::printf("keep %s safe and apart: without it nothing in the ledger can be read\n",
              where.paths.anchor(*config).c_str());
  for (const auto& reason : consent::missing_for_opt_in(config->business))
    std::printf("opt-in stays closed: %s\n", reason.sentence().c_str());
  std::printf("next: start counterfoild, then 'counterfoil user add NAME --role manager'\n");
  return 0;
}

// Null when no daemon shows one.
void print_certificate(const json::Value* facts) {
  if (facts == nullptr || facts->is_null()) return;
  if (facts->find("until") != nullptr)
    std::printf("  tls       until %s\n", text_of(*facts, "until").c_str());
  for (const auto& sentence : facts->strings_at("wrong").value_or(std::vector<std::string>()))
    std::printf("            wrong: %s\n", sentence.c_str());
}

int print_status(const Where& where, bool as_json) {
  const auto status = ask(where, {{"do", "status"}});
  if (!status) return complain(status.error());
  const bool well = is_true(*status, "well");
  if (as_json) {
    std::printf("%s\n", json::write(*status).value_or("{}").c_str());
    return well ? 0 : exit_status(Code::Corrupt);
  }
  const auto count = [&](std::string_view key) {
    return std::to_string(status->integer_at(key).value_or(0));
  };
  const bool is_waiting = status->integer_at("stops_waiting").value_or(0) != 0;
  std::printf("%s  %s\n", well ? "well   " : "TROUBLE", text_of(*status, "origin").c_str());
  if (!well) std::printf("  trouble   %s\n", text_of(*status, "trouble").c_str());
  std::printf("  events    %s\n  forms     %s\n", count("events").c_str(), count("submissions").c_str());
  std::printf("  clock     %s, %s\n", text_of(*status, "clock").c_str(), text_of(*status, "time").c_str());
  std::printf("  erasure   %s\n", text_of(*status, "anchor").c_str());
  std::printf("  keys      %s\n", text_of(*status, "second_copy").c_str());
  std::printf("  disk      %s bytes, write-ahead log %s bytes\n", count("ledger_bytes").c_str(),
              count("wal_bytes").c_str());
  print_certificate(status->find("certificate"));
  const std::string scrubbed_at = text_of(*status, "scrubbed_at");
  std::printf("  scrub     %s\n", scrubbed_at.empty()
                                      ? "none since the start"
                                      : (scrubbed_at + ", " + count("scrubbed") + " lines, sound").c_str());
  if (is_waiting) std::printf("  stops     %s wait in the spill file\n", count("stops_waiting").c_str());
  if (const auto* notices = status->find("erasure_notices")) {
    const auto open = notices->integer_at("open").value_or(0);
    const auto overdue = notices->integer_at("overdue").value_or(0);
    if (open > 0)
      std::printf("  notices   %lld of erasures wait for recipients, %lld for more than %lld days\n",
                  static_cast<long long>(open), static_cast<long long>(overdue),
                  static_cast<long long>(limits::kNoticeOverdue_days));
  }
  if (const auto closed = status->strings_at("closed"); closed && !closed->empty()) {
    std::printf("  opt-in    closed:\n");
    for (const auto& reason : *closed) std::printf("            %s\n", reason.c_str());
  } else {
    std::printf("  opt-in    open\n");
  }
  return well ? 0 : exit_status(Code::Corrupt);
}

// One line on a terminal that is written over; what the answer follows begins in its place.
app::ControlProgress progress_line(const char* what) {
  return [what](std::uint64_t done, std::uint64_t all) {
    if (::isatty(STDERR_FILENO) == 1)
      std::fprintf(stderr, "\r%s %llu of %llu\r", what, static_cast<unsigned long long>(done),
                   static_cast<unsigned long long>(all));
    return true;
  };
}

int verify(const Where& where) {
  const auto answer = ask(where, {{"do", "verify"}}, progress_line("verified"));
  if (::isatty(STDERR_FILENO) == 1) std::fputs("\033[K", stderr);
  if (!answer) {
    complain(answer.error());
    return answer.error().code == Code::Corrupt ? 1 : exit_status(answer.error().code);
  }
  std::printf("intact: %lld events\n", static_cast<long long>(answer->integer_at("events").value_or(0)));
  return 0;
}

int list_users(const Where& where) {
  const auto answer = ask(where, {{"do", "users"}});
  if (!answer) return complain(answer.error());
  for (const auto& user : rows_of(*answer, "users")) {
    const auto codes = static_cast<long long>(user.integer_at("recovery_codes").value_or(0));
    std::printf("%-32s %-8s ", text_of(user, "name").c_str(), text_of(user, "role").c_str());
    if (is_true(user, "second_factor"))
      std::printf("second factor set, %lld recovery codes unused\n", codes);
    else
      std::printf("no second factor: the next log-in sets it up\n");
  }
  return 0;
}

int reset_factor(const Where& where, const std::string& name) {
  const auto done = ask(where, {{"do", "user.reset-factor"}, {"name", name}});
  if (!done) return complain(done.error());
  std::printf("the next log-in of %s sets up a second factor anew; every session is ended\n", name.c_str());
  return 0;
}

int add_user(const Where& where, const std::string& name, const std::string& role) {
  const auto password = read_password("password for " + name);
  if (!password) return complain(password.error());
  const auto added =
      ask(where, {{"do", "user.add"}, {"name", name}, {"role", role}, {"password", *password}});
  if (!added) return complain(added.error());
  std::printf("added %s %s\n", role.c_str(), name.c_str());
  return 0;
}

int change_password(const Where& where, const std::string& name) {
  const auto password = read_password("new password for " + name);
  if (!password) return complain(password.error());
  const auto changed = ask(where, {{"do", "user.password"}, {"name", name}, {"password", *password}});
  if (!changed) return complain(changed.error());
  std::printf("changed the password of %s and ended every session\n", name.c_str());
  return 0;
}

int list_due(const Where& where) {
  const auto answer = ask(where, {{"do", "retention.due"}});
  if (!answer) return complain(answer.error());
  const auto* list = answer->find("due");
  if (list == nullptr || list->array() == nullptr || list->array()->empty()) {
    std::puts("nothing is due");
    return 0;
  }
  for (const auto& cohort : *list->array())
    std::printf("%-20s until %s\n", text_of(cohort, "class").c_str(), text_of(cohort, "until").c_str());
  return 0;
}

int report_retention(const Where& where) {
  const auto answer = ask(where, {{"do", "retention.report"}});
  if (!answer) return complain(answer.error());
  std::puts("deleted:");
  for (const auto& row : rows_of(*answer, "gone"))
    std::printf("  %s  %6lld lines by %-8s  line %lld of the log says so\n", text_of(row, "t").c_str(),
                static_cast<long long>(row.integer_at("lines").value_or(0)), text_of(row, "by").c_str(),
                static_cast<long long>(row.integer_at("tombstone").value_or(0)));
  std::puts("goes next:");
  for (const auto& row : rows_of(*answer, "next"))
    std::printf("  after %-10s  %6lld lines of %s\n", text_of(row, "until").c_str(),
                static_cast<long long>(row.integer_at("lines").value_or(0)), text_of(row, "class").c_str());
  return 0;
}

int run_retention(const Where& where, bool clock_is_right) {
  const auto ran = ask(where, {{"do", "retention.run"}, {"clock_is_right", clock_is_right}});
  if (!ran && ran.error().code == Code::NotFound) {
    std::puts("nothing is due");
    return 0;
  }
  if (!ran) return complain(ran.error());
  std::puts("what is due is being deleted");
  return 0;
}

int shorten_retention(const Where& where, const std::string& name, bool really) {
  const auto done = ask(where, {{"do", "retention.shorten"}, {"class", name}, {"really", really}},
                        progress_line("looked at"));
  if (!done) return complain(done.error());
  const auto lines = static_cast<long long>(done->integer_at("lines").value_or(0));
  const auto submissions = static_cast<long long>(done->integer_at("submissions").value_or(0));
  if (lines == 0) {
    std::printf("nothing of %s is kept for longer than the configuration says\n", name.c_str());
  } else if (really) {
    std::printf("%lld lines of %lld submissions go sooner now; see counterfoil retention report\n", lines,
                submissions);
  } else {
    std::printf(
        "%lld lines of %lld submissions would go sooner, and what is past its time within the hour;\n"
        "nothing is changed yet: say it again with --really\n",
        lines, submissions);
  }
  return 0;
}

struct LinkArguments {
  std::string id, place, shop, poster = "A4", svg, png;
  std::vector<std::string> topics;
};

// Prints the code for the terminal and writes the files that were asked for.
int show_link(const Where& where, const LinkArguments& link) {
  const auto config = app::read_config(where.paths.config);
  if (!config) return complain(config.error());
  const std::string url = customer_url(*config) + "/o/" + link.id;
  const auto terminal = pages::qr::terminal(url);
  if (!terminal) return complain(terminal.error());
  std::printf("%s\n%s\n", terminal->c_str(), url.c_str());
  if (!link.svg.empty()) {
    const auto svg = pages::qr::svg_file(url);
    if (!svg) return complain(svg.error());
    if (const auto ok = write_file_durably(link.svg, as_bytes(*svg), 0644); !ok) return complain(ok.error());
  }
  if (!link.png.empty()) {
    const auto png = pages::qr::png(url);
    if (!png) return complain(png.error());
    if (const auto ok = write_file_durably(link.png, *png, 0644); !ok) return complain(ok.error());
  }
  return 0;
}

int show_known_link(const Where& where, const LinkArguments& link) {
  const auto answer = ask(where, {{"do", "links"}});
  if (!answer) return complain(answer.error());
  const auto links = answer->strings_at("links");
  if (!links) return complain(links.error());
  if (std::find(links->begin(), links->end(), link.id) == links->end())
    return complain(
        fail(Code::NotFound, "there is no link \"" + link.id + "\"; 'counterfoil link add' makes one"));
  return show_link(where, link);
}

int add_link(const Where& where, const LinkArguments& link) {
  const auto added = ask(where, {{"do", "link.add"},
                                 {"id", link.id},
                                 {"place", link.place.empty() ? link.id : link.place},
                                 {"shop", link.shop},
                                 {"poster", link.poster},
                                 {"topics", names(link.topics)}});
  if (!added) return complain(added.error());
  return show_link(where, link);
}

int add_peer(const Where& where, const std::string& name, const std::string& recipient,
             const std::string& certificate, const std::vector<std::string>& rights) {
  const auto pem = read_file(certificate, limits::kKeyFileBytesMax);
  if (!pem) return complain(pem.error());
  const auto key = crypto::spki_sha256_of_certificate(as_text(*pem));
  if (!key) return complain(key.error());
  const auto added = ask(where, {{"do", "peer.add"},
                                 {"name", name},
                                 {"recipient", recipient},
                                 {"key", base64url(*key)},
                                 {"rights", names(rights)}});
  if (!added) return complain(added.error());
  std::printf("peer %s may %s; pinned key %s\n", name.c_str(), rights.front().c_str(), hex(*key).c_str());
  return 0;
}

int print_log_key(const Where& where) {
  const auto answer = ask(where, {{"do", "log.key"}});
  if (!answer) return complain(answer.error());
  std::fputs(text_of(*answer, "pem").c_str(), stdout);
  return 0;
}

int rotate_key(const Where& where) {
  const auto answer = ask(where, {{"do", "key.rotate"}});
  if (!answer) return complain(answer.error());
  std::printf(
      "a new key signs the log from now on; the old one signs beside it until %s and is then destroyed\n"
      "Nobody needs another key: whoever has the first one follows the log to this one.\n",
      text_of(*answer, "until").c_str());
  return 0;
}

void add_key_commands(CLI::App& app, Where& where, Action& action) {
  auto* log_key = app.add_subcommand(
      "log-key",
      "print the log's public key for verifiers, and the lines by which later keys follow from it");
  log_key->callback([&] { action = [&] { return print_log_key(where); }; });
  auto* key = app.add_subcommand("key", "the key that signs the log")->require_subcommand(1);
  auto* rotate = key->add_subcommand(
      "rotate", "let a new key sign the log: once a year, or when somebody who could reach the box leaves");
  rotate->callback([&] { action = [&] { return rotate_key(where); }; });
}

void add_user_commands(CLI::App& app, Where& where, Action& action) {
  auto* user = app.add_subcommand("user", "people who may use the staff page")->require_subcommand(1);
  auto* user_add =
      user->add_subcommand("add", "add a user; the password is asked for, or piped in as one line");
  static std::string user_name;
  static std::string role = "staff";
  user_add->add_option("name", user_name, "2 to 32 of a-z 0-9 - _ .")->required();
  user_add->add_option("--role", role, "staff, manager or auditor")->capture_default_str();
  user_add->callback([&] { action = [&] { return add_user(where, user_name, role); }; });

  auto* user_password = user->add_subcommand("password", "give a user a new password and end every session");
  user_password->add_option("name", user_name, "the user")->required();
  user_password->callback([&] { action = [&] { return change_password(where, user_name); }; });
  auto* user_factor = user->add_subcommand(
      "reset-factor",
      "when telephone and recovery codes are lost: the next log-in sets up a second factor anew");
  user_factor->add_option("name", user_name, "the user")->required();
  user_factor->callback([&] { action = [&] { return reset_factor(where, user_name); }; });
  auto* user_list = user->add_subcommand("list", "list users, roles, and whether a second factor is set");
  user_list->callback([&] { action = [&] { return list_users(where); }; });
  auto* user_remove = user->add_subcommand("remove", "remove a user and end every session");
  user_remove->add_option("name", user_name, "the user; the last manager stays")->required();
  user_remove->callback([&] { action = [&] { return remove_named(where, "user", user_name); }; });
}

void add_link_commands(CLI::App& app, Where& where, Action& action) {
  auto* link = app.add_subcommand("link", "places where customers can say yes")->require_subcommand(1);
  auto* link_add = link->add_subcommand("add", "add an opt-in link and print its QR code");
  auto* link_show = link->add_subcommand("show", "print the QR code of a link that exists");
  static LinkArguments arguments;
  for (auto* command : {link_add, link_show}) {
    command->add_option("id", arguments.id, "short name, typed from posters: a-z 0-9 - _ .")->required();
    command->add_option("--svg", arguments.svg, "also write the code as an SVG file");
    command->add_option("--png", arguments.png, "also write the code as a PNG file");
  }
  link_add->add_option("--topic", arguments.topics, "a configured topic; repeat for more")->required();
  link_add->add_option("--place", arguments.place, "where it hangs, in words");
  link_add->add_option("--shop", arguments.shop, "a configured shop");
  link_add->add_option("--poster", arguments.poster, "A4, A5, table-tent, sticker, none")
      ->capture_default_str();
  link_add->callback([&] { action = [&] { return add_link(where, arguments); }; });
  link_show->callback([&] { action = [&] { return show_known_link(where, arguments); }; });
}

void add_peer_commands(CLI::App& app, Where& where, Action& action) {
  auto* peer =
      app.add_subcommand("peer", "backends that may connect to the sync port")->require_subcommand(1);
  auto* peer_add = peer->add_subcommand("add", "add a backend, pinned by the key of its client certificate");
  static std::string peer_name;
  static std::string recipient;
  static std::string certificate;
  static std::vector<std::string> rights = {"pull"};
  peer_add->add_option("name", peer_name, "your name for it")->required();
  peer_add->add_option("--recipient", recipient, "the [[recipient]] it stands for")->required();
  peer_add->add_option("--certificate", certificate, "its client certificate, PEM")->required();
  peer_add->add_option("--right", rights, "pull: the one right of this version")->capture_default_str();
  peer_add->callback(
      [&] { action = [&] { return add_peer(where, peer_name, recipient, certificate, rights); }; });

  auto* peer_remove = peer->add_subcommand("remove", "remove a backend: its key opens nothing any more");
  peer_remove->add_option("name", peer_name, "your name for it")->required();
  peer_remove->callback([&] { action = [&] { return remove_named(where, "peer", peer_name); }; });
}

void add_retention_commands(CLI::App& app, Where& where, Action& action) {
  auto* retention = app.add_subcommand("retention", "records whose time is over")->require_subcommand(1);
  auto* due = retention->add_subcommand("due", "list what is due and still there");
  due->callback([&] { action = [&] { return list_due(where); }; });
  auto* report = retention->add_subcommand("report", "what was deleted when, and what goes next");
  report->callback([&] { action = [&] { return report_retention(where); }; });
  auto* run = retention->add_subcommand("run", "delete now what is due; it happens by itself every hour");
  static bool clock_is_right = false;
  run->add_flag("--clock-is-right", clock_is_right,
                "you looked at the clock: after more than a day off, nothing is deleted before somebody did");
  run->callback([&] { action = [&] { return run_retention(where, clock_is_right); }; });
  auto* shorten = retention->add_subcommand(
      "shorten", "after you set a class to a shorter time: let what is filed already go sooner as well");
  static std::string name;
  static bool really = false;
  shorten->add_option("class", name, "a [[retention]] name of the configuration")->required();
  shorten->add_flag("--really", really, "do it; without, it is only counted");
  shorten->callback([&] { action = [&] { return shorten_retention(where, name, really); }; });
}

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  return read_text_file(path, limits::kKeyFileBytesMax);
}

std::string customer_url(const app::Config& config) {
  return "https://" + config.host +
         (config.customer.port == 443 ? "" : ":" + std::to_string(config.customer.port));
}

json::Array names(const std::vector<std::string>& items) {
  json::Array out;
  for (const auto& item : items) out.emplace_back(item);
  return out;
}

std::string joined(const json::Value& value, std::string_view key) {
  std::string out;
  for (const auto& item : value.strings_at(key).value_or(std::vector<std::string>()))
    out += (out.empty() ? "" : ", ") + item;
  return out;
}

json::Array rows_of(const json::Value& answer, std::string_view key) {
  const auto* list = answer.find(key);
  return list == nullptr || list->array() == nullptr ? json::Array() : *list->array();
}

int remove_named(const Where& where, const std::string& what, const std::string& name) {
  const auto removed = ask(where, {{"do", what + ".remove"}, {"name", name}});
  if (!removed) return complain(removed.error());
  std::printf("removed %s %s\n", what.c_str(), name.c_str());
  return 0;
}

int complain(const Error& error) {
  std::fprintf(stderr, "counterfoil: %s\n", error.message().c_str());
  return exit_status(error.code);
}

Result<json::Value> ask(const Where& where, const json::Object& request,
                        const app::ControlProgress& progress) {
  auto answer = app::control_call(where.paths.control_socket(), request, progress);
  if (answer || answer.error().code != Code::NotFound || !answer.error().detail.starts_with(app::kNoDaemon))
    return answer;
  CF_TRY(auto config, app::read_config(where.paths.config));
  CF_TRY(const auto owner, AsOwner::of(where.paths.data));
  CF_TRY(const auto box, app::Appliance::open(std::move(config), where.paths));
  CF_CHECK(box->ledger().wait_ready(limits::kControlDeadline_ms));
  return box->command(request, progress);
}

void add_operator_commands(CLI::App& app, Where& where, Action& action) {
  auto* init_command =
      app.add_subcommand("init", "make the data folder: keys, anchor, the first line of the log");
  init_command->callback([&] { action = [&] { return init(where); }; });

  add_user_commands(app, where, action);
  add_link_commands(app, where, action);
  add_peer_commands(app, where, action);
  add_retention_commands(app, where, action);
  add_backup_commands(app, where, action);
  add_key_commands(app, where, action);

  auto* status = app.add_subcommand("status", "is the box healthy?");
  static bool as_json = false;
  status->add_flag("--json", as_json, "one JSON object");
  status->callback([&] { action = [&] { return print_status(where, as_json); }; });

  auto* verify_command = app.add_subcommand("verify", "read the whole ledger again and prove it intact");
  verify_command->callback([&] { action = [&] { return verify(where); }; });
}

}  // namespace counterfoil::tool
