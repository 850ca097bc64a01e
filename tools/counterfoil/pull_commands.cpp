// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// pull and show: what a backend developer does with a box's log.
#include "base/fd.h"
#include "base/limits.h"
#include "commands.h"
#include "show.h"
#include "sync/pull.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>

namespace counterfoil::tool {
namespace {

struct PullArguments {
  std::string url, folder, key, server_ca, certificate, client_key, origin;
  bool identity = false;
  bool acknowledge = false;
};

struct Target {
  std::string host;
  std::uint16_t port = 9443;
};

// "https://host[:port]" or "host[:port]"; IPv6 in brackets.
Result<Target> parse_target(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  const auto wrong = [&](const std::string& why) {
    return fail(Code::BadInput, printable(url) + ": " + why + "; say https://HOST:PORT");
  };
  std::string text = url;
  if (text.rfind(kScheme, 0) == 0) text.erase(0, kScheme.size());
  while (!text.empty() && text.back() == '/') text.pop_back();
  if (text.find("://") != std::string::npos) return wrong("the sync port speaks HTTPS only");
  if (text.find_first_of("/?#@") != std::string::npos) return wrong("only the host and the port are needed");
  Target target;
  const auto colon = text.rfind(':');
  const auto bracket = text.rfind(']');
  const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  target.host = has_port ? text.substr(0, colon) : text;
  if (has_port) {
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, target.port);
    if (read.ec != std::errc() || read.ptr != end || target.port == 0)
      return wrong("the port must be 1 to 65535");
  }
  if (target.host.size() > 2 && target.host.front() == '[')
    target.host = target.host.substr(1, target.host.size() - 2);
  if (target.host.empty()) return wrong("the host is missing");
  return target;
}

// A PEM file of the kind that the option needs; four files are easily swapped.
Result<SecretBytes> read_pem(const std::string& option, const std::string& path, std::string_view kind) {
  auto bytes = read_file(path, limits::kKeyFileBytesMax);
  if (!bytes) return fail(bytes.error().code, option + ": " + bytes.error().message());
  SecretBytes pem(*std::move(bytes));
  if (pem.text().find(std::string(kind) + "-----") != std::string_view::npos) return pem;
  constexpr std::string_view kBegin = "-----BEGIN ";
  std::string found = "no PEM text at all";
  if (const auto at = pem.text().find(kBegin); at != std::string_view::npos) {
    const auto rest = pem.text().substr(at + kBegin.size());
    found = "a " + printable(rest.substr(0, std::min<std::size_t>(rest.find("-----"), 40)));
  }
  return fail(Code::BadInput,
              option + ": " + path + " must hold a " + std::string(kind) + " in PEM, but holds " + found);
}

Result<sync::PullOptions> options_from(const PullArguments& arguments) {
  sync::PullOptions options;
  CF_TRY(auto target, parse_target(arguments.url));
  options.server.host = target.host;
  options.server.port = target.port;
  auto& tls = options.server.tls;
  CF_TRY(const auto log_key, read_pem("--key", arguments.key, "PUBLIC KEY"));
  CF_TRY(const auto authority, read_pem("--ca", arguments.server_ca, "CERTIFICATE"));
  CF_TRY(const auto certificate, read_pem("--certificate", arguments.certificate, "CERTIFICATE"));
  CF_TRY(tls.identity.key_pem, read_pem("--client-key", arguments.client_key, "PRIVATE KEY"));
  options.log_key_pem = log_key.text();
  tls.ca_pem = authority.text();
  tls.identity.certificate_pem = certificate.text();
  options.origin = arguments.origin;
  options.folder = arguments.folder;
  options.identity = arguments.identity;
  options.acknowledge = arguments.acknowledge;
  return options;
}

int print_findings(const std::vector<proof::Finding>& findings) {
  for (const auto& finding : findings)
    std::printf("NOT INTACT  %s  %s\n", finding.rule.c_str(), printable(finding.text).c_str());
  return 1;
}

int pull(const PullArguments& arguments) {
  auto options = options_from(arguments);
  if (!options) return complain(options.error());
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const auto report = sync::pull(std::move(*options), [&](std::uint64_t done, std::uint64_t all) {
    if (terminal)
      std::fprintf(stderr, "\rpulled %llu of %llu", static_cast<unsigned long long>(done),
                   static_cast<unsigned long long>(all));
  });
  if (terminal) std::fputs("\r\033[K", stderr);
  if (!report) return complain(report.error());
  if (!report->intact()) return print_findings(report->findings);
  std::printf("intact: %llu events of %s (%llu pulled now, %llu there already)\n",
              static_cast<unsigned long long>(report->checkpoint.size),
              printable(report->checkpoint.origin).c_str(), static_cast<unsigned long long>(report->pulled),
              static_cast<unsigned long long>(report->resumed));
  for (const auto& handle : report->erased) std::printf("erased %s\n", printable(handle).c_str());
  if (!report->erased.empty() && !report->acknowledged)
    std::puts(
        "their lines are deleted from this folder; delete them wherever else you keep them, then --ack");
  return 0;
}

}  // namespace

void add_pull_commands(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("pull", "fetch a box's log into a bundle folder, resume, and prove it intact");
  static PullArguments arguments;
  command->add_option("url", arguments.url, "the box's sync port: https://HOST:9443")->required();
  command->add_option("bundle", arguments.folder, "folder to write; files are private to you")->required();
  command->add_option("--key", arguments.key, "public key of the log, PEM ('counterfoil log-key' on the box)")
      ->required();
  command->add_option("--ca", arguments.server_ca, "authority of the box's TLS certificate, PEM")->required();
  command->add_option("--certificate", arguments.certificate, "your client certificate, PEM")->required();
  command->add_option("--client-key", arguments.client_key, "its private key, PEM")->required();
  command->add_option("--origin", arguments.origin,
                      "the log's expected name; the bundle's own when it has one");
  command->add_flag("--identity", arguments.identity,
                    "ask for telephone numbers too, if your agreement allows them");
  command->add_flag("--ack", arguments.acknowledge,
                    "tell the box that the people it names as erased are deleted here");
  command->callback([&] { action = [] { return pull(arguments); }; });

  auto* show = app.add_subcommand("show", "a line per person, channel and topic of a bundle");
  static std::string folder;
  static std::string key_file;
  static bool as_json = false;
  show->add_option("bundle", folder, "a folder made by 'counterfoil pull'")->required();
  show->add_option("--key", key_file,
                   "public key of the log, PEM: verify first, show nothing that is not intact");
  show->add_flag("--json", as_json, "one JSON object a line");
  show->callback([&] {
    action = [] {
      std::optional<std::string> key_pem;
      if (!key_file.empty()) {
        const auto read = read_pem("--key", key_file, "PUBLIC KEY");
        if (!read) return complain(read.error());
        key_pem = read->text();
      }
      const auto sound = show_bundle(folder, key_pem, as_json);
      if (!sound) return complain(sound.error());
      return *sound ? 0 : 1;
    };
  });
}

}  // namespace counterfoil::tool
