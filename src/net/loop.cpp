// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace counterfoil::net {
namespace {

constexpr std::size_t kEventsAtOnce = 64;
constexpr Loop::Key kMailKey = ~Loop::Key{0};

/// One shot: once told, not even a hang-up is told again before somebody awaits it.
epoll_event event_for(Loop::Key key, Want want) {
  epoll_event event{};
  event.events = EPOLLONESHOT | (want == Want::Read ? EPOLLIN : EPOLLOUT);
  event.data.u64 = key;
  return event;
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::open() {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return errno_error(errno, "epoll");
  Fd mail(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!mail.valid()) return errno_error(errno, "eventfd");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kMailKey;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, mail.get(), &event) != 0) return errno_error(errno, "epoll");
  return std::unique_ptr<Loop>(new Loop(std::move(epoll), std::move(mail)));
}

Status Loop::watch(Key key, int fd, Want want, const Deadline& until) {
  epoll_event event = event_for(key, want);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return errno_error(errno, "epoll");
  Watched& watched = watched_[key];
  watched.fd = fd;
  set_deadline(key, watched, until);
  return {};
}

void Loop::await(Key key, Want want, const Deadline& until) {
  Watched& watched = watched_.at(key);
  set_deadline(key, watched, until);
  if (want == Want::Nothing) return;
  epoll_event event = event_for(key, want);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watched.fd, &event);
}

void Loop::again(Key key) {
  again_.push_back(key);
}

void Loop::forget(Key key) {
  auto it = watched_.find(key);
  if (it == watched_.end()) return;
  set_deadline(key, it->second, Deadline::never());
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, it->second.fd, nullptr);
  watched_.erase(it);
}

void Loop::bring(std::unique_ptr<Errand> errand) {
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    was_empty = mailbox_.empty();
    mailbox_.push_back(std::move(errand));
  }
  if (!was_empty) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(mail_.get(), &one, sizeof one);
}

void Loop::run(Events& events) {
  while (!ended()) {
    wait_for_events(events);
    take_mail();
    tell_again(events);
    tell_overdue(events);
  }
}

bool Loop::ended() const {
  return end_ && (watched_.empty() || end_->passed());
}

int Loop::patience_ms() const {
  if (!again_.empty()) return 0;
  Deadline first = end_.value_or(Deadline::never());
  if (!deadlines_.empty()) first = Deadline::sooner(first, deadlines_.begin()->first);
  return first.left_ms();
}

void Loop::wait_for_events(Events& events) {
  std::array<epoll_event, kEventsAtOnce> got;
  const int count = ::epoll_wait(epoll_.get(), got.data(), got.size(), patience_ms());
  for (int i = 0; i < count; ++i) {
    const Key key = got[static_cast<std::size_t>(i)].data.u64;
    if (key != kMailKey && stop_awaiting(key)) events.ready(key);
  }
}

void Loop::take_mail() {
  std::vector<std::unique_ptr<Errand>> mail;
  {
    std::lock_guard lock(mutex_);
    if (mailbox_.empty()) return;
    mail.swap(mailbox_);
    std::uint64_t count = 0;
    // Only the wake-up matters, not how many there were.
    [[maybe_unused]] const ssize_t got = ::read(mail_.get(), &count, sizeof count);
  }
  for (const auto& errand : mail) errand->come_back();
}

void Loop::tell_again(Events& events) {
  std::vector<Key> keys;
  keys.swap(again_);
  for (const Key key : keys)
    if (stop_awaiting(key)) events.ready(key);
}

void Loop::tell_overdue(Events& events) {
  while (!deadlines_.empty() && deadlines_.begin()->first.passed()) {
    const Key key = deadlines_.begin()->second;
    stop_awaiting(key);
    events.overdue(key);
  }
}

bool Loop::stop_awaiting(Key key) {
  auto it = watched_.find(key);
  if (it == watched_.end()) return false;
  set_deadline(key, it->second, Deadline::never());
  return true;
}

void Loop::set_deadline(Key key, Watched& watched, const Deadline& until) {
  if (watched.until != Deadline::never()) deadlines_.erase({watched.until, key});
  watched.until = until;
  if (until != Deadline::never()) deadlines_.insert({until, key});
}

}  // namespace counterfoil::net
