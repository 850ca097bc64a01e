// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// demo: makes the demo shop when there is none, runs counterfoild on it, and says what to open.
#include "app/control.h"
#include "base/fd.h"
#include "base/limits.h"
#include "commands.h"
#include "counterfoil/base/canonical_json.h"
#include "crypto/certificate.h"
#include "demo_shop.h"
#include "pages/qr.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

namespace counterfoil::tool {
namespace {

struct DemoArguments {
  std::string folder = "build/demo";
  std::uint16_t port = 8443;
  std::string json_file;
  bool lan = false;
  bool browser = false;
  bool at_any_time = false;
};

// First IPv4 address that is up and not loopback.
Result<std::string> lan_address() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return errno_error(errno, "cannot list the network's addresses");
  std::string found;
  for (const ifaddrs* at = list; at != nullptr && found.empty(); at = at->ifa_next) {
    const bool usable = at->ifa_addr != nullptr && at->ifa_addr->sa_family == AF_INET &&
                        (at->ifa_flags & IFF_UP) != 0 && (at->ifa_flags & IFF_LOOPBACK) == 0;
    if (!usable) continue;
    sockaddr_in address{};
    std::memcpy(&address, at->ifa_addr, sizeof address);
    std::array<char, INET_ADDRSTRLEN> text{};
    if (::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()) != nullptr) found = text.data();
  }
  ::freeifaddrs(list);
  if (found.empty()) return fail(Code::NotFound, "this computer is on no network; leave out --lan");
  return found;
}

std::string own_folder() {
  std::array<char, 4096> path{};
  const ssize_t n = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string all(path.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  return all.substr(0, all.rfind('/'));
}

// Starts a program with its output in a log file; -1 when that is impossible.
pid_t start_program(const std::vector<std::string>& command, const std::string& log_path) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (log >= 0) {
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
  }
  ::execv(argv.front(), argv.data());
  ::_exit(127);
}

// The end of the daemon's log, which says why it ended.
std::string last_line(const std::string& path) {
  std::ifstream log(path);
  std::string last;
  for (std::string line; std::getline(log, line);)
    if (!line.empty()) last = line;
  return last;
}

Status wait_open(const DemoShop& shop, pid_t daemon) {
  for (int waited_ms = 0; waited_ms < limits::kControlDeadline_ms; waited_ms += 50) {
    int ended = 0;
    if (::waitpid(daemon, &ended, WNOHANG) == daemon)
      return fail(Code::Conflict, "the daemon could not start (log: " + shop.folder +
                                      "/daemon.log): " + last_line(shop.folder + "/daemon.log"));
    const auto status = app::control_call(shop.paths().control_socket(), json::Object{{"do", "status"}});
    if (status) {
      const auto* ready = status->find("index_ready");
      const auto* serving = status->find("serving");
      if (ready != nullptr && ready->boolean() != nullptr && *ready->boolean() && serving != nullptr &&
          serving->boolean() != nullptr && *serving->boolean())
        return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return fail(Code::Timeout, "the daemon did not become ready; see " + shop.folder + "/daemon.log");
}

Status write_facts(const DemoShop& shop, const std::string& path, pid_t daemon) {
  CF_TRY(std::string text,
         json::write(json::Object{{"ca_file", shop.ca_file()},
                                  {"customer_url", shop.url(0)},
                                  {"data_dir", shop.paths().data},
                                  {"log_key_file", shop.log_key_file()},
                                  {"pid", std::int64_t{daemon}},
                                  {"staff_password", shop.staff_password},
                                  {"staff_secret", base32(shop.staff_secret.view())},
                                  {"staff_url", shop.url(1)},
                                  {"staff_user", shop.staff_user},
                                  {"sync_cert", shop.sync_cert()},
                                  {"sync_key", shop.sync_key()},
                                  {"sync_url", "https://127.0.0.1:" + std::to_string(shop.port + 2)}}));
  return write_file_durably(path, as_bytes(text + "\n"));
}

std::string grouped(const std::string& hex_text) {
  std::string out;
  for (std::size_t i = 0; i < hex_text.size(); i += 4) out += (i == 0 ? "" : " ") + hex_text.substr(i, 4);
  return out;
}

Status print_welcome(const DemoShop& shop, bool lan) {
  const std::string customer = shop.url(0) + "/o/caja";
  CF_TRY(const auto code, pages::qr::terminal(customer));
  CF_TRY(const auto pem, read_small_file(shop.ca_file()));
  CF_TRY(const auto facts, crypto::read_certificate(as_bytes(pem)));
  std::printf("\nTres Faroles is open: a demo shop with invented customers. No message is ever sent.\n\n%s\n",
              code.c_str());
  std::printf("  customers   %s\n", customer.c_str());
  std::printf("  staff       %s/staff   user %s   password %s\n", shop.url(1).c_str(),
              shop.staff_user.c_str(), shop.staff_password.c_str());
  std::printf("  second step code %s now; the newest stands in the last line, or add the key to an app:\n",
              staff_code_now(shop).c_str());
  std::printf("              %s\n", base32(shop.staff_secret.view()).c_str());
  std::printf("  posters     %s/staff/links (after the staff login)\n", shop.url(1).c_str());
  std::printf("  head office https://127.0.0.1:%d (README, \"Pull your first shop\")\n\n", shop.port + 2);
  std::printf("Try as staff, number and what you will see (country Sweden):\n");
  std::printf("  070-174 06 05  yes, may be messaged      070-174 06 08  asked us to stop\n");
  std::printf("  070-174 06 10  the yes ran out           070-174 06 99  never seen\n");
  if (!shop.at_any_time)
    std::printf(
        "At night, on weekends and on holidays a yes waits; --at-any-time makes a shop without hours.\n");
  std::printf("\n");
  std::printf("%s\n",
              lan ? "Phones on this network can open the code; anybody else on it can, too."
                  : "The code opens on this computer only; with --lan a phone on this network can open it.");
  std::printf("The browser warns because the certificate is the demo's own. Its authority is %s,\n",
              shop.ca_file().c_str());
  std::printf("SHA-256 %s.\n--browser opens Chromium that trusts it. Ctrl-C stops the shop.\n",
              grouped(hex(facts.fingerprint)).c_str());
  std::fflush(stdout);
  return {};
}

Result<pid_t> open_browser(const DemoShop& shop) {
  CF_TRY(const auto pin, demo_key_pin(shop));
  const pid_t pid = start_program(
      {"/usr/bin/chromium", "--user-data-dir=" + shop.folder + "/browser", "--no-first-run", "--disable-sync",
       "--ignore-certificate-errors-spki-list=" + pin, shop.url(0) + "/o/caja", shop.url(1) + "/staff"},
      shop.folder + "/browser.log");
  if (pid < 0) return errno_error(errno, "cannot start Chromium");
  return pid;
}

// On a terminal, the code of this moment in a line that is written over.
void show_staff_code(const DemoShop& shop) {
  if (::isatty(STDOUT_FILENO) != 1) return;
  std::printf("\rcode for the staff login now: %s ", staff_code_now(shop).c_str());
  std::fflush(stdout);
}

// Waits for Ctrl-C or for the daemon's end, whichever is first; returns the daemon's exit status.
int wait_for_end(const DemoShop& shop, pid_t daemon, const sigset_t& signals) {
  for (;;) {
    show_staff_code(shop);
    int ended = 0;
    if (::waitpid(daemon, &ended, WNOHANG) == daemon) return WIFEXITED(ended) ? WEXITSTATUS(ended) : 1;
    const timespec pause{0, 200'000'000};
    const int signal = ::sigtimedwait(&signals, nullptr, &pause);
    if (signal == SIGINT || signal == SIGTERM) {
      ::kill(daemon, SIGTERM);
      ::waitpid(daemon, &ended, 0);
      std::printf("\nclosed; the shop stays in its folder\n");
      return WIFEXITED(ended) ? WEXITSTATUS(ended) : 1;
    }
  }
}

int demo(const DemoArguments& arguments) {
  DemoShop shop;
  shop.folder = arguments.folder;
  shop.port = arguments.port;
  shop.at_any_time = arguments.at_any_time;
  if (arguments.lan) {
    const auto address = lan_address();
    if (!address) return complain(address.error());
    shop.host = *address;
    shop.listen = "0.0.0.0";
  }
  if (app::control_call(shop.paths().control_socket(), json::Object{{"do", "status"}}))
    return complain(fail(Code::Locked, "the shop in " + shop.folder +
                                           " is open already; stop it, or take another folder with --dir"));
  if (const auto prepared = prepare_demo(shop); !prepared) return complain(prepared.error());
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const auto paths = shop.paths();
  const pid_t daemon =
      start_program({own_folder() + "/counterfoild", "--config", paths.config, "--data", paths.data},
                    shop.folder + "/daemon.log");
  if (daemon < 0) return complain(errno_error(errno, "cannot start counterfoild"));
  const auto open = [&]() -> Status {
    CF_CHECK(wait_open(shop, daemon));
    CF_CHECK(print_welcome(shop, arguments.lan));
    if (!arguments.json_file.empty()) CF_CHECK(write_facts(shop, arguments.json_file, daemon));
    if (arguments.browser) CF_CHECK(open_browser(shop));
    return {};
  }();
  if (!open) {
    ::kill(daemon, SIGTERM);
    return complain(open.error());
  }
  return wait_for_end(shop, daemon, signals);
}

}  // namespace

void add_demo_command(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("demo", "run a demo shop with invented customers");
  static DemoArguments arguments;
  command->add_option("--dir", arguments.folder, "where the shop lives; delete it to start over")
      ->capture_default_str();
  command->add_option("--port", arguments.port, "customers; staff on the next port, sync on the one after")
      ->capture_default_str()
      ->check(CLI::Range(1024, 65533));
  command->add_option("--json", arguments.json_file, "write links and passwords to a private file once open");
  command->add_flag("--lan", arguments.lan, "let phones on this network reach it");
  command->add_flag(
      "--at-any-time", arguments.at_any_time,
      "a new shop promises no hours and no days, so that a yes is one on a Sunday evening as well");
  command->add_flag("--browser", arguments.browser, "open Chromium that trusts the demo certificate");
  command->callback([&] { action = [] { return demo(arguments); }; });
}

}  // namespace counterfoil::tool
