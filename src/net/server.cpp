// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/server.h"

#include "net/reception.h"

#include <system_error>

namespace counterfoil::net {
namespace {

class LoopServer final : public Server {
 public:
  LoopServer(Clock& clock, ServerOptions options, std::unique_ptr<Loop> loop, std::vector<Door> doors)
      : options_(options),
        service_(clock),
        loop_(std::move(loop)),
        answers_(*loop_, {.threads_max = options.threads_max,
                          .threads_min = limits::kServerThreadsMin,
                          .stop_threads = options.stop_threads}),
        pages_(*loop_, {.threads_max = limits::kPageThreads,
                        .threads_min = limits::kPageThreads,
                        .stop_threads = limits::kPageStopThreads,
                        .turn_away_after_ms = limits::kPageTurnAwayAfter_ms,
                        .waiting_max = limits::kCrowdWaitingMax,
                        .niceness = limits::kCrowdNiceness}),
        handshakes_(*loop_, {.threads_max = limits::kHandshakeThreads,
                             .waiting_max = limits::kCrowdWaitingMax,
                             .niceness = limits::kCrowdNiceness}),
        turns_(*loop_, {.threads_max = limits::kTurnThreads}),
        reception_(*loop_, {answers_, pages_, handshakes_, turns_}, service_, options_, std::move(doors)) {}
  LoopServer(const LoopServer&) = delete;
  LoopServer& operator=(const LoopServer&) = delete;
  ~LoopServer() override { stop(0); }

  Status start() override {
    CF_CHECK(answers_.start());
    CF_CHECK(pages_.start());
    CF_CHECK(handshakes_.start());
    CF_CHECK(turns_.start());
    CF_CHECK(reception_.open_doors());
    try {
      thread_ = std::thread([this] { reception_.run(); });
    } catch (const std::system_error&) {
      return fail(Code::Limit, "No thread can be started.");
    }
    return {};
  }

  void stop(int deadline_ms) override {
    reception_.close_up(Deadline::in_ms(deadline_ms));
    if (thread_.joinable()) thread_.join();
    reception_.shut_down_all();
    for (Workers* crew : {&answers_, &pages_, &handshakes_, &turns_}) crew->stop();
    reception_.clear();
  }

  [[nodiscard]] std::uint16_t port(std::size_t listener) const override { return reception_.port(listener); }

  [[nodiscard]] ServerFigures figures() const override { return service_.figures().read(); }

 private:
  const ServerOptions options_;
  mutable Service service_;
  std::unique_ptr<Loop> loop_;
  Workers answers_;
  Workers pages_;
  Workers handshakes_;
  Workers turns_;
  Reception reception_;
  std::thread thread_;  // runs the loop
};

Status check_listener(const ListenerOptions& options) {
  if (options.kind == ListenerKind::Redirect) {
    if (options.redirect_to.empty())
      return fail(Code::BadInput, "A redirecting listener needs a name to redirect to.");
    return {};
  }
  if (options.router == nullptr) return fail(Code::BadInput, "A listener needs its routes.");
  if (!options.tls) return fail(Code::BadInput, "A listener needs a TLS certificate.");
  if (options.hosts.empty()) return fail(Code::BadInput, "A listener needs the names it answers to.");
  return {};
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(Clock& clock, ServerOptions options,
                                             std::vector<ListenerOptions> listeners) {
  std::vector<Door> doors;
  for (ListenerOptions& listener : listeners) {
    CF_CHECK(check_listener(listener));
    CF_TRY(ListeningSocket socket, open_listening_socket(listener));
    doors.push_back({std::move(listener), std::move(socket)});
  }
  CF_TRY(auto loop, Loop::open());
  return std::unique_ptr<Server>(
      std::make_unique<LoopServer>(clock, options, std::move(loop), std::move(doors)));
}

}  // namespace counterfoil::net
