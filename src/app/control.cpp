// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/control.h"

#include "base/limits.h"
#include "base/log.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace counterfoil::app {
namespace {

Result<sockaddr_un> socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return fail(Code::Limit, "the data folder's path is too long for a control socket: " + path);
  std::memcpy(static_cast<char*>(address.sun_path), path.c_str(), path.size() + 1);
  return address;
}

void set_deadline(int fd) {
  timeval wait{};
  wait.tv_sec = limits::kControlDeadline_ms / 1000;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

// The next line; what came after it stays in rest.
Result<std::string> receive_line(int fd, std::string& rest) {
  std::array<char, 4096> chunk{};
  for (;;) {
    if (const auto end = rest.find('\n'); end != std::string::npos) {
      std::string line = rest.substr(0, end);
      rest.erase(0, end + 1);
      return line;
    }
    if (rest.size() > limits::kControlMessageBytesMax) return fail(Code::Limit, "control message too long");
    const ssize_t n = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return fail(Code::Timeout, "no answer on the control socket");
    if (n <= 0) return fail(Code::Io, "the control connection ended early");
    rest.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

Status send_line(int fd, const json::Value& value) {
  CF_TRY(std::string line, json::write(value));
  line += '\n';
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t n = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "control socket");
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

json::Value error_value(const Error& error) {
  return json::Object{{"error", json::Object{{"code", code_name(error.code)}, {"message", error.message()}}}};
}

Error error_from(const json::Value& value) {
  const auto name = value.string_at("code");
  const auto message = value.string_at("message");
  for (int i = 0; i <= static_cast<int>(Code::Internal); ++i)
    if (name && code_name(static_cast<Code>(i)) == *name)
      return fail(static_cast<Code>(i), message.value_or(""));
  return fail(Code::Internal, message.value_or(""));
}

}  // namespace

ControlServer::ControlServer(std::string path, Fd listener, Fd wake, ControlHandler handler)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      wake_(std::move(wake)),
      handler_(std::move(handler)) {
  thread_ = std::thread([this] { run(); });
}

ControlServer::~ControlServer() {
  stopping_ = true;
  const std::uint64_t one = 1;
  if (::write(wake_.get(), &one, sizeof one) < 0) log::warning("control.wake_failed");
  thread_.join();
  for (Answer& a : answers_) {
    ::shutdown(a.peer.get(), SHUT_RD);  // whoever has not asked yet is not waited for
    a.thread.join();
  }
  ::unlink(path_.c_str());
}

Result<std::unique_ptr<ControlServer>> ControlServer::open(const std::string& path, ControlHandler handler) {
  CF_TRY(const sockaddr_un address, socket_address(path));
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return errno_error(errno, "cannot make the control socket");
  ::unlink(path.c_str());
  // The data folder is 0700, so nobody else can reach the socket even before its own mode is set.
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error(errno, "cannot bind the control socket " + path);
  if (::chmod(path.c_str(), 0600) != 0)
    return errno_error(errno, "cannot set the mode of the control socket");
  if (::listen(listener.get(), 8) != 0) return errno_error(errno, "cannot listen on the control socket");
  Fd wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake.valid()) return errno_error(errno, "cannot make an event descriptor");
  return std::unique_ptr<ControlServer>(
      new ControlServer(path, std::move(listener), std::move(wake), std::move(handler)));
}

void ControlServer::run() {
  std::array<pollfd, 2> waits = {pollfd{listener_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) return;
    Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (peer.valid()) {
      begin(std::move(peer));
    } else {
      ::poll(&waits[1], 1, limits::kControlRetry_ms);  // out of descriptors: the same peer still waits
    }
  }
}

void ControlServer::begin(Fd peer) {
  std::erase_if(answers_, [](Answer& a) {
    if (!a.done) return false;
    a.thread.join();
    return true;
  });
  if (answers_.size() >= limits::kControlPeersMax) return log::warning("control.too_many");
  Answer& a = answers_.emplace_back();
  a.peer = std::move(peer);
  a.thread = std::thread([this, &a] {
    try {
      answer(a.peer);
    } catch (const std::exception& e) {
      log::error("control.exception", {{"what", e.what()}});
    }
    ::shutdown(a.peer.get(), SHUT_RDWR);
    a.done = true;
  });
}

void ControlServer::answer(const Fd& peer) {
  ucred who{};
  socklen_t size = sizeof who;
  const bool known = ::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
  if (!known || (who.uid != 0 && who.uid != ::geteuid())) return;
  set_deadline(peer.get());
  const ControlProgress progress = [&](std::uint64_t done, std::uint64_t all) {
    const json::Object line{{"progress", json::Object{{"all", all}, {"done", done}}}};
    return !stopping_ && send_line(peer.get(), line).has_value();
  };
  const auto answer = [&]() -> Result<json::Value> {
    std::string rest;
    CF_TRY(const auto line, receive_line(peer.get(), rest));
    CF_TRY(const auto request, json::read(line));
    return handler_(request, progress);
  }();
  const auto sent = send_line(
      peer.get(), answer ? json::Value(json::Object{{"ok", *answer}}) : error_value(answer.error()));
  if (!sent) log::warning("control.answer_lost", {{"code", code_name(sent.error().code)}});
}

Result<json::Value> control_call(const std::string& path, const json::Value& request,
                                 const ControlProgress& progress) {
  CF_TRY(const sockaddr_un address, socket_address(path));
  Fd peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!peer.valid()) return errno_error(errno, "cannot make a socket");
  set_deadline(peer.get());
  if (::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(errno == EACCES ? Code::Refused : Code::NotFound, std::string(kNoDaemon) + " on " + path);
  CF_CHECK(send_line(peer.get(), request));
  std::string rest;
  for (;;) {
    CF_TRY(const auto line, receive_line(peer.get(), rest));
    CF_TRY(const auto answer, json::read(line));
    if (const auto* step = answer.find("progress")) {
      const auto done = step->integer_at("done");
      const auto all = step->integer_at("all");
      if (progress && done && all)
        progress(static_cast<std::uint64_t>(*done), static_cast<std::uint64_t>(*all));
      continue;
    }
    if (const auto* error = answer.find("error")) return error_from(*error);
    const auto* ok = answer.find("ok");
    if (ok == nullptr) return fail(Code::Internal, "the daemon's answer cannot be read");
    return *ok;
  }
}

}  // namespace counterfoil::app
