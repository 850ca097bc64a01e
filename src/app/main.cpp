// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// counterfoild: the daemon's entry point.
#include "app/daemon.h"
#include "base/log.h"

#include <getopt.h>

#include <cstdio>

namespace {

constexpr const char* kHelp = R"(counterfoild: the consent and opt-out appliance

Serves customers, staff and the head office until it gets SIGTERM. SIGHUP reads the certificate anew.

  counterfoild [--config FILE] [--data FOLDER] [--check]

  --config FILE   the operator's configuration (default /etc/counterfoil/counterfoil.toml)
  --data FOLDER   ledger, keys and anchor (default /var/lib/counterfoil); 'counterfoil init' makes it
  --check         read the configuration, say what is wrong with it, and end
  --version       print the version

Exit status: 0 stopped as told; 2 configuration or usage; 8 another process uses the folder; 11 input or output;
12 disk full; 13 the key does not open this folder; 14 the ledger does not verify. All are listed by
'counterfoil --help'.
)";

int complain(const counterfoil::Error& error) {
  std::fprintf(stderr, "counterfoild: %s\n", error.message().c_str());
  return counterfoil::exit_status(error.code);
}

int serve(int argc, char** argv) {
  using namespace counterfoil;  // NOLINT(google-build-using-namespace): this function only
  app::Paths paths{"/etc/counterfoil/counterfoil.toml", "/var/lib/counterfoil"};
  bool check = false;
  const option options[] = {
      {"config", required_argument, nullptr, 'c'}, {"data", required_argument, nullptr, 'd'},
      {"check", no_argument, nullptr, 'k'},        {"help", no_argument, nullptr, 'h'},
      {"version", no_argument, nullptr, 'v'},      {nullptr, 0, nullptr, 0}};
  for (int c = 0; (c = ::getopt_long(argc, argv, "h", options, nullptr)) != -1;) {
    switch (c) {
      case 'c':
        paths.config = optarg;
        break;
      case 'd':
        paths.data = optarg;
        break;
      case 'k':
        check = true;
        break;
      case 'h':
        std::fputs(kHelp, stdout);
        return 0;
      case 'v':
        std::puts("counterfoild " CF_VERSION);
        return 0;
      default:
        std::fputs("counterfoild: see --help\n", stderr);
        return 2;
    }
  }
  if (optind < argc) {
    std::fprintf(stderr, "counterfoild: what is \"%s\"? see --help\n", argv[optind]);
    return 2;
  }
  if (const auto hardened = app::harden_process(); !hardened) return complain(hardened.error());
  const auto config = app::read_config(paths.config);
  if (!config) return complain(config.error());
  if (check) {
    std::puts("counterfoild: the configuration is well-formed");
    for (const auto& reason : consent::missing_for_opt_in(config->business))
      std::printf("counterfoild: opt-in stays closed: %s\n", reason.sentence().c_str());
    return 0;
  }
  log::start(log::Level::Info);
  if (const auto ran = app::run(*config, paths); !ran) return complain(ran.error());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return serve(argc, argv);
  } catch (const std::exception& error) {
    return complain(counterfoil::fail(counterfoil::Code::Internal, error.what()));
  }
}
