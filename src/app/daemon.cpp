// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/daemon.h"

#include "api/routes.h"
#include "app/certificate.h"
#include "app/control.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "board/notify.h"
#include "net/server.h"
#include "pages/pages.h"
#include "sync/routes.h"

#include <malloc.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <mutex>

namespace counterfoil::app {
namespace {

constexpr int kFreedByte = 0x5a;
constexpr int kOwnMapping_bytes = 16 * 1024;
constexpr const char* kNoCertificate =
    "nobody is let in for want of a certificate that serves; 'counterfoil tls install' puts one in place";

std::string with_port(const std::string& scheme, const std::string& host, std::uint16_t port,
                      std::uint16_t usual) {
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return scheme + "://" + (v6 ? "[" + host + "]" : host) + (port == usual ? "" : ":" + std::to_string(port));
}

json::Value to_json(const net::ServerFigures& figures) {
  json::Object refused;
  for (const auto& [reason, count] : figures.refused) refused.emplace(reason, count);
  return json::Object{{"accepted", figures.accepted},
                      {"connections", std::uint64_t{figures.connections}},
                      {"refused", std::move(refused)},
                      {"requests", figures.requests},
                      {"stops_slowed", figures.stops_slowed}};
}

// The doors of the box and everything behind them that lives as long as they do.
class Doors {
 public:
  static Result<std::unique_ptr<Doors>> open(Appliance& box) {
    auto doors = std::make_unique<Doors>(box);
    CF_CHECK(doors->make_tls());
    CF_CHECK(doors->make_routes());
    CF_TRY(doors->server_, net::Server::open(box.clock(), {}, doors->listeners()));
    CF_CHECK(doors->server_->start());
    box.set_doors({[server = doors->server_.get()] { return to_json(server->figures()); },
                   [doors = doors.get()] { return doors->certificate(); },
                   [doors = doors.get()] { return doors->reload_certificate(); }});
    return doors;
  }

  explicit Doors(Appliance& box) : box_(box) {}
  ~Doors() {
    box_.set_session_end({});
    box_.set_doors({});
    if (server_) server_->stop();
  }
  Doors(const Doors&) = delete;
  Doors& operator=(const Doors&) = delete;

  // A pair that cannot serve leaves the running one in force. Any thread.
  Status reload_certificate() {
    const std::lock_guard one_at_a_time(reload_mutex_);
    auto identity = read_identity(box_.config());
    Status done = identity ? Status() : Status(identity.error());
    for (const auto& tls : {public_tls_, sync_tls_})
      if (done) done = tls->reload(identity->tls);
    if (!done) {
      log::error("tls.reload_failed", {{"why", done.error().message()}});
      return done;
    }
    show(std::move(identity->chain));
    return {};
  }

  [[nodiscard]] json::Value certificate() const {
    const auto chain = shown();
    if (!chain) return json::Object{{"wrong", json::Array{kNoCertificate}}};
    return certificate_facts(*chain, box_.config(), box_.clock().now(), box_.clock().state());
  }

  // Without a certificate as with one that has ended: no phone gets in.
  [[nodiscard]] Term term() const {
    const auto chain = shown();
    if (!chain) return {Term::Stage::Ended, 0, 0};
    return term_of(chain->leaf().validity, box_.clock().now(), box_.clock().state());
  }

  // As long as somebody should see to it.
  [[nodiscard]] std::optional<Instant> certificate_end() const {
    const auto chain = shown();
    const auto stage = term().stage;
    if (!chain || (stage != Term::Stage::Ends && stage != Term::Stage::Ended)) return std::nullopt;
    return chain->leaf().validity.not_after;
  }

  // One line of the log for each threshold. The main thread, now and then.
  void watch_certificate() {
    const auto chain = shown();
    if (!chain) return;  // the failed reload has been told
    const Term term = this->term();
    if (!watch_.is_news(chain->fingerprint(), term)) return;
    const std::string until = rfc3339(chain->leaf().validity.not_after);
    if (term.stage == Term::Stage::Unknown) log::warning("tls.end_unknown", {{"clock", "untrusted"}});
    if (term.stage == Term::Stage::NotYet) log::error("tls.not_yet_valid", {{"until", until}});
    if (term.stage == Term::Stage::Ends)
      log::warning("tls.ends", {{"threshold_days", term.warned_days}, {"days", term.days}, {"until", until}});
    if (term.stage == Term::Stage::Ended) log::error("tls.ended", {{"until", until}});
  }

 private:
  // A start without a pair that serves lets nobody in, but erasures and retention go on, and the next pair is
  // taken without another start.
  Status make_tls() {
    CF_TRY(public_tls_, net::TlsServer::open({}, {}));
    net::TlsServer::Options options;
    options.client_certificate = net::TlsServer::ClientCertificate::Required;
    options.peer_allowed = [this](const Hash& key) { return box_.desk().peer_by_key(key).has_value(); };
    CF_TRY(sync_tls_, net::TlsServer::open({}, std::move(options)));
    if (const auto taken = reload_certificate(); !taken)
      std::printf("counterfoild: %s: %s\n", kNoCertificate, taken.error().message().c_str());
    return {};
  }

  Status make_routes() {
    tokens_ = net::FormTokens::open(box_.clock());
    sessions_ = net::Sessions::open(box_.clock());
    steps_ = net::Sessions::open(box_.clock(), net::kLoginSteps);
    box_.set_session_end([this](std::string_view user) {
      steps_->revoke_user(user);
      sessions_->revoke_user(user);
    });
    const auto& config = box_.config();
    const pages::Context context{box_.desk(),  *tokens_,
                                 *sessions_,   *steps_,
                                 box_.clock(), with_port("https", config.host, config.customer.port, 443),
                                 config.demo,  [this] { return certificate_end(); }};
    CF_TRY(const auto site, pages::open_site(context));
    pages::add_customer_routes(customer_, site);
    pages::add_staff_routes(staff_, site);
    api::add_routes(staff_, box_.desk(), box_.clock());
    sync::add_routes(sync_, box_.desk());
    return {};
  }

  std::vector<net::ListenerOptions> listeners() {
    const auto& config = box_.config();
    std::vector<std::string> hosts = config.other_hosts;
    hosts.push_back(config.host);
    const auto activated = net::activated_sockets();
    const auto door = [&](net::ListenerKind kind, const Endpoint& at, const net::Router* router,
                          std::shared_ptr<net::TlsServer> tls, std::string_view name) {
      net::ListenerOptions options;
      options.kind = kind;
      options.address = at.address;
      options.port = at.port;
      options.hosts = hosts;
      options.tls = std::move(tls);
      options.router = router;
      for (const auto& socket : activated)
        if (socket.name == name) options.activated_fd = socket.fd;
      return options;
    };
    std::vector<net::ListenerOptions> out;
    out.push_back(door(net::ListenerKind::Customer, config.customer, &customer_, public_tls_, "customer"));
    out.push_back(door(net::ListenerKind::Staff, config.staff, &staff_, public_tls_, "staff"));
    out.push_back(door(net::ListenerKind::Sync, config.sync, &sync_, sync_tls_, "sync"));
    if (config.redirect_port != 0) {
      const Endpoint at{config.customer.address, config.redirect_port};
      out.push_back(door(net::ListenerKind::Redirect, at, nullptr, nullptr, "redirect"));
      out.back().redirect_to = with_port("https", config.host, config.customer.port, 443);
    }
    return out;
  }

  void show(crypto::ServerChain chain) {
    const std::lock_guard lock(shown_mutex_);
    shown_ = std::make_shared<const crypto::ServerChain>(std::move(chain));
  }
  [[nodiscard]] std::shared_ptr<const crypto::ServerChain> shown() const {
    const std::lock_guard lock(shown_mutex_);
    return shown_;
  }

  Appliance& box_;
  std::mutex reload_mutex_;
  mutable std::mutex shown_mutex_;
  std::shared_ptr<const crypto::ServerChain> shown_;  // guarded by shown_mutex_; what new handshakes show
  CertificateWatch watch_;
  std::shared_ptr<net::TlsServer> public_tls_;
  std::shared_ptr<net::TlsServer> sync_tls_;
  std::unique_ptr<net::FormTokens> tokens_;
  std::unique_ptr<net::Sessions> sessions_;
  std::unique_ptr<net::Sessions> steps_;
  net::Router customer_;
  net::Router staff_;
  net::Router sync_;
  std::unique_ptr<net::Server> server_;
};

Result<Fd> block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) return fail(Code::Internal, "cannot block signals");
  std::signal(SIGPIPE, SIG_IGN);
  Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return errno_error(errno, "cannot watch signals");
  return fd;
}

// Waits for a signal; 0 when the time is over first.
int wait_signal(int fd, int timeout_ms) {
  pollfd wait{fd, POLLIN, 0};
  if (::poll(&wait, 1, timeout_ms) <= 0) return 0;
  signalfd_siginfo info{};
  if (::read(fd, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

Status announce(Appliance& box) {
  const auto& config = box.config();
  std::printf("counterfoild: ready on %s\n",
              with_port("https", config.host, config.customer.port, 443).c_str());
  if (const auto health = box.ledger().health(); health.read_only) {
    std::printf("counterfoild: only stops are taken: %s\n", health.trouble.c_str());
  } else if (box.desk().needs_set_up()) {
    CF_TRY(const auto code, box.desk().new_set_up_code());
    std::printf("counterfoild: no manager yet. Open %s/staff/setup and type the set-up code %s (5 tries).\n",
                with_port("https", config.host, config.staff.port, 443).c_str(), code.c_str());
  }
  for (const auto& reason : box.desk().closed_because())
    std::printf("counterfoild: opt-in is closed: %s\n", reason.sentence().c_str());
  std::fflush(stdout);
  return {};
}

void show_health(Appliance& box, const Term& certificate) {
  const auto health = box.ledger().health();
  const bool is_broken = health.read_only || !health.trouble.empty();
  const bool lasts = certificate.stage == Term::Stage::Fine || certificate.stage == Term::Stage::Unknown;
  const auto well = lasts ? Light::Show::Well : Light::Show::Attention;
  if (box.board().light) box.board().light->show(is_broken ? Light::Show::Broken : well);
  if (box.board().watchdog) box.board().watchdog->alive();
}

}  // namespace

Status harden_process() {
  // Whatever is freed is overwritten: an erased person must not stay behind in the heap.
  ::mallopt(M_PERTURB, kFreedByte);
  // The buffers of a TLS connection are larger and go back to the system with it; so do the 19 MiB of a
  // password, which every thread that looked at one would keep, because glibc raises a threshold that nobody
  // has set.
  ::mallopt(M_MMAP_THRESHOLD, kOwnMapping_bytes);
  // One heap for all threads: with one for each, what a busy hour scattered over them stays for weeks.
  ::mallopt(M_ARENA_MAX, 1);
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return errno_error(errno, "cannot forbid core files");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return errno_error(errno, "cannot make the process undumpable");
  return {};
}

Status run(const Config& config, const Paths& paths) {
  CF_TRY(const Fd signals, block_signals());
  CF_TRY(const auto box, Appliance::open_or_seal(config, paths));
  CF_TRY(const auto control,
         ControlServer::open(paths.control_socket(),
                             [&](const json::Value& request, const ControlProgress& progress) {
                               return box->command(request, progress);
                             }));
  CF_TRY(const auto doors, Doors::open(*box));
  CF_CHECK(announce(*box));
  box->set_serving();
  board::notify_ready();
  const int watchdog_ms = box->board().watchdog ? box->board().watchdog->interval_ms() : 0;
  const int tick_ms = watchdog_ms > 0 ? watchdog_ms : limits::kHealthTick_ms;
  for (;;) {
    show_health(*box, doors->term());
    doors->watch_certificate();
    box->desk().keep_house();
    ::malloc_trim(0);  // whole pages between what is in use go back as well, which free() never does
    const int signal = wait_signal(signals.get(), tick_ms);
    if (signal == SIGHUP) (void)doors->reload_certificate();  // the log has said why not
    if (signal == SIGTERM || signal == SIGINT) break;
  }
  board::notify_stopping();
  log::info("daemon.stopping");
  return {};
}

}  // namespace counterfoil::app
