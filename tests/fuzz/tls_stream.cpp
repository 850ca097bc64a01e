// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What anybody may send to a connection. The first byte says where: in place of a handshake, as records that
// nobody sealed behind a good handshake, or sealed as it should be; the second, how many bytes come at once.
#include "board/fake/manual_clock.h"
#include "crypto/certificate.h"
#include "fuzz.h"
#include "net/conversation.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <limits>

namespace {

using namespace counterfoil;
using Next = net::Conversation::Next;

constexpr unsigned kStepsMax = 10'000;
enum class Place { Handshake, UnsealedRecords, SealedRecords };

/// The two sides of TLS, made once.
struct Sides {
  Sides() {
    constexpr crypto::Validity kAlways = {1'577'836'800, 4'102'444'800};  // 2020 to 2100
    const auto authority = *crypto::Authority::create("Fuzz", kAlways);
    const auto key = crypto::SigningKey::generate();
    net::TlsIdentity identity;
    identity.certificate_pem = *authority.issue_server(key.public_key(), {{"localhost"}, {}}, kAlways);
    identity.key_pem = key.pem();
    door.hosts = {"localhost"};
    door.tls = *net::TlsServer::open(identity, {});
    router.get("/", [](const net::Request&) { return net::Response::text("served"); });
    router.post("/in", [](const net::Request& request) { return net::Response::text(request.body); });
    door.router = &router;
    net::TlsClient::Options trust;
    trust.server_name = "localhost";
    trust.ca_pem = authority.certificate_pem();
    client = *net::TlsClient::open(std::move(trust));
    options.handshakes_per_second_max = std::numeric_limits<unsigned>::max();
  }
  board::ManualClock clock;
  net::Service service{clock};
  net::Router router;
  net::ListenerOptions door;
  net::ServerOptions options;
  std::atomic<bool> stopping{false};
  const net::Conversation::Setting setting{service, options, stopping};
  std::shared_ptr<net::TlsClient> client;
};

Sides& sides() {
  static Sides made;
  return made;
}

/// A conversation and the other end of its socket.
class Talk {
 public:
  Talk() {
    std::array<int, 2> ends{};
    fuzz::require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0,
                  "a pair of sockets");
    peer_ = Fd(ends[1]);
    conversation_.emplace(net::AcceptedSocket{Fd(ends[0]), {"127.0.0.1", "127.0.0.1"}}, sides().door,
                          sides().setting);
  }

  void shake_hands() {
    client_ = *sides().client->connect(Fd(::fcntl(peer_.get(), F_DUPFD_CLOEXEC, 0)));
    for (unsigned i = 0; i < kStepsMax; ++i) {
      const auto want = client_->try_handshake();
      fuzz::require(want.has_value(), "a good handshake succeeds");
      if (*want == net::Want::Nothing) return hear();
      hear();
    }
    fuzz::require(false, "a handshake ends");
  }
  void send_raw(std::string_view bytes) {
    [[maybe_unused]] const ssize_t sent = ::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  void send_sealed(std::string_view bytes) {
    if (!is_closed_) static_cast<void>(client_->try_write(bytes));
  }
  void say_no_more() { ::shutdown(peer_.get(), SHUT_WR); }

  /// Lets the conversation go on until it waits for more.
  void hear() {
    Next next = is_closed_ ? Next::Close : conversation_->ready();
    for (unsigned i = 0; i < kStepsMax; ++i) {
      switch (next) {
        case Next::Wait:
          return;
        case Next::Again:
          next = conversation_->ready();
          break;
        case Next::Shake:
          next = conversation_->shake();
          break;
        case Next::Ask:
          ++asked_;
          next = conversation_->answered(sides().service.answer(conversation_->take_question()));
          break;
        case Next::Turn:
        case Next::Close:
          is_closed_ = true;
          return;
      }
    }
    fuzz::require(false, "a turn ends");
  }
  [[nodiscard]] bool is_closed() const { return is_closed_; }
  [[nodiscard]] unsigned asked() const { return asked_; }

 private:
  Fd peer_;
  std::optional<net::Conversation> conversation_;
  std::unique_ptr<net::Stream> client_;
  bool is_closed_ = false;
  unsigned asked_ = 0;
};

}  // namespace

CF_FUZZ(tls_stream) {
  if (input.size() < 2) return;
  const auto place = static_cast<Place>(input[0] % 3);
  const std::size_t at_once = input[1] + std::size_t{1};
  std::string_view rest = as_text(input.subspan(2));
  Talk talk;
  if (place != Place::Handshake) talk.shake_hands();
  while (!rest.empty() && !talk.is_closed()) {
    const std::string_view part = rest.substr(0, at_once);
    rest.remove_prefix(part.size());
    if (place == Place::SealedRecords)
      talk.send_sealed(part);
    else
      talk.send_raw(part);
    talk.hear();
  }
  talk.say_no_more();
  for (int i = 0; i < 8 && !talk.is_closed(); ++i) talk.hear();
  fuzz::require(place == Place::SealedRecords || talk.asked() == 0, "only what was sealed is a request");
  fuzz::require(talk.is_closed(), "a conversation ends when its peer does");
}
