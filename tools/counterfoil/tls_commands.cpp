// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// tls status, csr, install: the certificate that phones see.
#include "app/certificate_files.h"
#include "app/control.h"
#include "commands.h"

#include <cstdio>

namespace counterfoil::tool {
namespace {

// What time it is, by the daemon's clock or, when none runs, by the board's own.
struct Moment {
  Instant now = 0;
  ClockState clock = ClockState::Untrusted;
};

// The served certificate and the daemon's time; nothing when no daemon runs.
Result<std::optional<json::Value>> ask_daemon(const Where& where, const char* what) {
  auto answer = app::control_call(where.paths.control_socket(), json::Object{{"do", what}});
  if (answer) return std::optional<json::Value>(*std::move(answer));
  const bool is_absent = answer.error().detail.starts_with(app::kNoDaemon);
  if (is_absent && answer.error().code == Code::NotFound) return std::optional<json::Value>();
  return answer.error();
}

Result<Moment> moment_of(const Where& where, const app::Config& config,
                         const std::optional<json::Value>& daemon) {
  if (daemon) {
    CF_TRY(const auto now, daemon->integer_at("now"));
    CF_TRY(const auto clock, daemon->string_at("clock"));
    return Moment{now, clock_state_from_name(clock).value_or(ClockState::Untrusted)};
  }
  CF_TRY(const auto board, app::board_for(config, where.paths));
  return Moment{board.clock->now(), board.clock->state()};
}

std::string word_of(const json::Value& facts, std::string_view key) {
  return facts.string_at(key).value_or("?");
}

// What the daemon shows beside what it would show after its next start.
struct TlsReport {
  json::Value served;  // null when no daemon runs
  json::Value file;    // null when the pair cannot be read
  std::vector<std::string> wrong;
  [[nodiscard]] bool is_same() const {
    return !served.is_null() && !file.is_null() &&
           word_of(served, "fingerprint") == word_of(file, "fingerprint");
  }
};

Result<TlsReport> report_tls(const Where& where) {
  CF_TRY(const auto config, app::read_config(where.paths.config));
  CF_TRY(const auto daemon, ask_daemon(where, "tls.status"));
  CF_TRY(const auto moment, moment_of(where, config, daemon));
  TlsReport report;
  if (daemon)
    if (const auto* served = daemon->find("certificate")) report.served = *served;
  const auto identity = app::read_identity(config);
  if (identity) report.file = app::certificate_facts(identity->chain, config, moment.now, moment.clock);
  const json::Value& judged = report.served.is_null() ? report.file : report.served;
  report.wrong = judged.strings_at("wrong").value_or(std::vector<std::string>());
  if (!identity)
    report.wrong.push_back("the files: " + identity.error().message() +
                           (daemon ? "; the next start would let nobody in" : ""));
  if (daemon && identity && !report.is_same())
    report.wrong.emplace_back(
        "the files hold another certificate than the one being served; 'systemctl reload counterfoild' takes "
        "them, and its log says why when it cannot");
  return report;
}

void print_facts(const json::Value& facts) {
  std::string names;
  for (const auto& name : facts.strings_at("names").value_or(std::vector<std::string>()))
    names += (names.empty() ? "" : ", ") + name;
  const auto days = facts.integer_at("days_left");
  std::printf("  subject   %s\n  names     %s\n  issuer    %s\n", word_of(facts, "subject").c_str(),
              names.c_str(), word_of(facts, "issuer").c_str());
  std::printf("  valid     %s to %s%s\n", word_of(facts, "from").c_str(), word_of(facts, "until").c_str(),
              days ? (", " + std::to_string(*days) + (*days == 1 ? " day" : " days") + " left").c_str() : "");
  std::printf("  key       %s, SHA-256 %s\n", word_of(facts, "key").c_str(),
              word_of(facts, "spki_sha256").c_str());
}

int print_tls(const Where& where, bool as_json) {
  const auto report = report_tls(where);
  if (!report) return complain(report.error());
  const int status = report->wrong.empty() ? 0 : 1;
  if (as_json) {
    const json::Object all{{"file", report->file},
                           {"same", report->is_same()},
                           {"served", report->served},
                           {"well", report->wrong.empty()},
                           {"wrong", json::Array(report->wrong.begin(), report->wrong.end())}};
    std::printf("%s\n", json::write(all).value_or("{}").c_str());
    return status;
  }
  const bool is_served = !report->served.is_null();
  std::printf("%s  %s\n", status == 0 ? "well   " : "TROUBLE",
              is_served ? "the certificate being served" : "no daemon runs; the certificate in the files");
  const json::Value& facts = is_served ? report->served : report->file;
  if (facts.find("subject") != nullptr) print_facts(facts);
  for (const auto& sentence : report->wrong) std::printf("  wrong     %s\n", sentence.c_str());
  return status;
}

int print_request(const Where& where, bool host_only, bool new_key) {
  const auto config = app::read_config(where.paths.config);
  if (!config) return complain(config.error());
  const auto request = app::request_certificate(*config, host_only, new_key);
  if (!request) return complain(request.error());
  std::fputs(request->c_str(), stdout);
  std::fprintf(stderr,
               "counterfoil: give this to your authority, and what it answers to 'counterfoil tls install'.\n"
               "Its key waits in %s and never leaves the box.\n",
               app::pending_key_path(*config).c_str());
  return 0;
}

// The daemon takes the files and says that it shows them.
Status serve_installed(const Where& where, const app::Identity& identity) {
  CF_TRY(const auto answer, ask_daemon(where, "tls.reload"));
  if (!answer) return {};
  const auto* served = answer->find("certificate");
  if (served != nullptr && word_of(*served, "fingerprint") == hex(identity.chain.fingerprint())) return {};
  return fail(Code::Conflict, "the daemon shows another certificate; does it read the same configuration?");
}

Result<app::Identity> install_chain(const Where& where, const app::Config& config,
                                    const std::string& chain_path, const std::string& key_path) {
  CF_TRY(auto chain_pem, read_small_file(chain_path));
  auto identity = app::match_key(config, std::move(chain_pem), key_path);
  if (!identity) return fail(identity.error().code, chain_path + ": " + identity.error().message());
  CF_TRY(const auto daemon, ask_daemon(where, "tls.status"));
  CF_TRY(const auto moment, moment_of(where, config, daemon));
  CF_CHECK(app::judge_for_install(*identity, config, moment.now, moment.clock));
  if (moment.clock == ClockState::Untrusted)
    std::fputs("counterfoil: the clock is not trusted, so the dates were not judged\n", stderr);
  const auto old = app::read_identity(config);
  CF_CHECK(app::install_identity(config, *identity));
  const auto served = serve_installed(where, *identity);
  if (served) {
    app::end_request(config, *identity);
    return identity;
  }
  const bool is_back = old && app::install_identity(config, *old);
  return fail(served.error().code, "the daemon did not take it: " + served.error().message() +
                                       (is_back ? "; the old files are back in place" : ""));
}

int install_certificate(const Where& where, const std::string& chain_path, const std::string& key_path) {
  const auto config = app::read_config(where.paths.config);
  if (!config) return complain(config.error());
  const auto installed = install_chain(where, *config, chain_path, key_path);
  if (!installed) return complain(installed.error());
  std::printf("installed %s: %s, valid until %s\n", config->certificate_path.c_str(),
              installed->chain.leaf().subject.c_str(),
              rfc3339(installed->chain.leaf().validity.not_after).c_str());
  for (const auto& name : config->other_hosts)
    if (!crypto::is_named(installed->chain.leaf().names, name))
      std::printf("it is not for %s of other_hosts: whoever goes there is warned by the browser\n",
                  name.c_str());
  return 0;
}

}  // namespace

void add_tls_commands(CLI::App& app, Where& where, Action& action) {
  auto* tls = app.add_subcommand("tls", "the certificate that phones see")->require_subcommand(1);
  auto* status = tls->add_subcommand(
      "status",
      "what is served and until when, and whether the files hold the same; without a daemon, the files");
  status->footer(
      "Exit status: 0 well; 1 something is to be mended: 30 days before the end or less, ended, not for the\n"
      "configured host, files that cannot be read or are not what is served, or anything else that phones\n"
      "refuse. 'counterfoil --help' lists the others.");
  static bool as_json = false;
  status->add_flag("--json", as_json, "one JSON object");
  status->callback([&] { action = [&] { return print_tls(where, as_json); }; });

  auto* csr = tls->add_subcommand(
      "csr",
      "print a certificate request for the configured names; the same until its certificate is installed");
  static bool host_only = false;
  static bool new_key = false;
  csr->add_flag("--host-only", host_only,
                "ask for host alone: public authorities refuse .local and addresses");
  csr->add_flag("--new-key", new_key, "forget the key that waits for its certificate, and make another");
  csr->callback([&] { action = [&] { return print_request(where, host_only, new_key); }; });

  auto* install = tls->add_subcommand(
      "install", "judge a certificate, put it in place of the old one, and see the daemon serve it");
  static std::string chain;
  static std::string key;
  install->add_option("chain", chain, "PEM: the box's own certificate, then each one's issuer")->required();
  install->add_option("--key", key,
                      "its key, PEM; the one of 'counterfoil tls csr' or the one in use if left out");
  install->callback([&] { action = [&] { return install_certificate(where, chain, key); }; });
}

}  // namespace counterfoil::tool
