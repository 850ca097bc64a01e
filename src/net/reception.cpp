// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/reception.h"

#include "base/stack.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace counterfoil::net {
namespace {

using Next = Conversation::Next;

constexpr int kAcceptPause_ms = 50;

Next shake(Conversation& conversation, Service& /*unused*/) {
  return conversation.shake();
}

/// Serves one conversation until it rests, in a thread that may wait for the peer.
Next serve_turn(Conversation& conversation, Service& service) {
  Next next = conversation.ready();
  for (;;) {
    switch (next) {
      case Next::Wait: {
        if (conversation.is_idle()) return next;
        const bool is_ready = wait_socket(conversation.fd(), conversation.wants(), conversation.until());
        next = is_ready ? conversation.ready() : conversation.overdue();
        break;
      }
      case Next::Again:
        next = conversation.ready();
        break;
      case Next::Ask:
        next = conversation.answered(service.answer(conversation.take_question()));
        burn_stack();
        break;
      case Next::Shake:
      case Next::Turn:
      case Next::Close:
        return next;
    }
  }
}

}  // namespace

// ---- errands ----

/// A guest's business in another thread; the conversation is left alone until it is back.
class Reception::Trip : public Errand {
 public:
  Trip(Reception& reception, Loop::Key key) : reception_(reception), key_(key) {}

  void come_back() override {
    reception_.guests_.at(key_).is_out = false;
    reception_.take(key_, [&](Conversation& conversation) { return result(conversation); });
  }

 protected:
  /// In the loop's thread: what comes next.
  virtual Next result(Conversation& conversation) = 0;
  /// Out of memory for one connection is that connection's end, not the server's.
  template <class Work>
  void guarded(Work work) noexcept {
    try {
      work();
    } catch (...) {
      reception_.figures_.refused("exception");
    }
  }
  Service& service() { return reception_.setting_.service; }

 private:
  Reception& reception_;
  const Loop::Key key_;
};

/// The conversation itself is lent, for steps that compute or wait too long for the loop.
class Reception::Loan final : public Trip {
 public:
  using Work = Next (*)(Conversation&, Service&);
  Loan(Reception& reception, Loop::Key key, Conversation& conversation, Work work)
      : Trip(reception, key), conversation_(conversation), work_(work), place_(conversation.handshakes()) {}
  void run() noexcept override {
    guarded([this] { next_ = work_(conversation_, service()); });
  }
  void turn_away() noexcept override { service().figures().refused("handshake_line"); }
  /// Whose address shakes least goes first, so that a crowd waits for itself.
  [[nodiscard]] unsigned place() const override { return place_; }

 private:
  Next result(Conversation& /*same*/) override { return next_; }
  Conversation& conversation_;
  const Work work_;
  const unsigned place_;
  Next next_ = Next::Close;
};

/// The question travels alone: its worker knows nothing of the connection.
class Reception::Answer final : public Trip {
 public:
  Answer(Reception& reception, Loop::Key key, Question question)
      : Trip(reception, key),
        question_(std::move(question)),
        place_(question_.is_stop() ? kFirst : question_.admission.asked_lately) {}
  void run() noexcept override {
    guarded([this] { outcome_ = service().answer(std::move(question_)); });
    // A handshake leaves nothing of a person on the stack, an answer does.
    burn_stack();
  }
  void turn_away() noexcept override {
    guarded([this] { outcome_ = service().turn_away(question_); });
    burn_stack();
  }
  [[nodiscard]] unsigned place() const override { return place_; }

 private:
  Next result(Conversation& conversation) override {
    return outcome_ ? conversation.answered(std::move(*outcome_)) : Next::Close;
  }
  Question question_;
  const unsigned place_;
  std::optional<Outcome> outcome_;
};

/// Closing up is no work of a worker; it only has to come to the loop's thread.
class Reception::ClosingTime final : public Errand {
 public:
  ClosingTime(Reception& reception, const Deadline& deadline) : reception_(reception), deadline_(deadline) {}
  void run() noexcept override {}
  void come_back() override {
    reception_.close_now();
    reception_.loop_.finish_by(deadline_);
  }

 private:
  Reception& reception_;
  const Deadline deadline_;
};

// ---- life of a guest ----

Reception::Reception(Loop& loop, Crews crews, Service& service, const ServerOptions& options,
                     std::vector<Door> doors)
    : loop_(loop),
      crews_(crews),
      options_(options),
      figures_(service.figures()),
      doors_(std::move(doors)),
      setting_{service, options_, stopping_},
      next_key_(doors_.size()) {
  for (const Door& door : doors_) ports_.push_back(door.socket.port);
}

void Reception::ready(Loop::Key key) {
  if (key < doors_.size()) return accept_from(key);
  Guest& guest = guests_.at(key);
  // Its answers are streams out of the ledger, and whoever waits for those must not be the loop.
  const bool may_stream = guest.conversation->door() == ListenerKind::Sync;
  take(key, [&](Conversation& conversation) {
    return may_stream && conversation.is_idle() ? Next::Turn : conversation.ready();
  });
}

void Reception::overdue(Loop::Key key) {
  if (key < doors_.size()) return open_door(key);
  take(key, [](Conversation& conversation) { return conversation.overdue(); });
}

template <class Step>
void Reception::take(Loop::Key key, Step step) {
  const auto guest = guests_.find(key);
  try {
    act(guest, step(*guest->second.conversation));
  } catch (...) {
    figures_.refused("exception");
    leave(guest);
  }
}

void Reception::act(Guests::iterator guest, Next next) {
  const Loop::Key key = guest->first;
  Conversation& conversation = *guest->second.conversation;
  switch (next) {
    case Next::Wait:
      if (stopping_ && conversation.is_unengaged()) return leave(guest);
      return loop_.await(key, conversation.wants(), conversation.until());
    case Next::Again:
      return loop_.again(key);
    case Next::Shake:
      crews_.handshakes.send(std::make_unique<Loan>(*this, key, conversation, shake));
      break;
    case Next::Turn:
      crews_.turns.send(std::make_unique<Loan>(*this, key, conversation, serve_turn));
      break;
    case Next::Ask: {
      Question question = conversation.take_question();
      Workers& crew = question.may_wait() ? crews_.answers : crews_.pages;
      crew.send(std::make_unique<Answer>(*this, key, std::move(question)));
      break;
    }
    case Next::Close:
      return leave(guest);
  }
  guest->second.is_out = true;
}

void Reception::leave(Guests::iterator guest) {
  auto count = per_address_.find(guest->second.conversation->address_key());
  if (--count->second == 0) per_address_.erase(count);
  loop_.forget(guest->first);
  guests_.erase(guest);
  figures_.connection_closed();
}

// ---- doors and caps ----

Status Reception::open_doors() {
  for (std::size_t i = 0; i < doors_.size(); ++i)
    CF_CHECK(loop_.watch(i, doors_[i].socket.fd.get(), Want::Read, Deadline::never()));
  return {};
}

void Reception::open_door(std::size_t door) {
  loop_.await(door, Want::Read, Deadline::never());
}

void Reception::accept_from(std::size_t door) {
  for (int i = 0; i < limits::kAcceptsAtOnce; ++i) {
    // The kernel holds the next ones until somebody here has finished.
    if (!has_room()) return pause_door(door, "connections_cap");
    auto accepted = accept_socket(doors_[door].socket.fd.get());
    if (!accepted) return pause_door(door, "descriptors");
    if (!accepted->fd.valid()) break;
    if (make_room_for(accepted->peer.key)) welcome(std::move(*accepted), doors_[door]);
  }
  open_door(door);
}

void Reception::pause_door(std::size_t door, std::string_view reason) {
  figures_.refused(reason);
  loop_.await(door, Want::Nothing, Deadline::in_ms(kAcceptPause_ms));
}

void Reception::welcome(AcceptedSocket accepted, const Door& door) {
  const Loop::Key key = next_key_++;
  auto conversation = std::make_unique<Conversation>(std::move(accepted), door.options, setting_);
  if (!loop_.watch(key, conversation->fd(), conversation->wants(), conversation->until()))
    return figures_.refused("descriptors");
  unsigned& from_there = per_address_[conversation->address_key()];
  ++from_there;
  figures_.connection_opened();
  guests_.emplace(key, Guest{std::move(conversation), &from_there});
}

bool Reception::has_room() {
  return guests_.size() < options_.connections_max ||
         std::any_of(guests_.begin(), guests_.end(), [](const auto& entry) { return !entry.second.is_out; });
}

bool Reception::make_room_for(const std::string& address_key) {
  const auto open = per_address_.find(address_key);
  if (open != per_address_.end() && open->second >= options_.connections_per_address_max) {
    figures_.refused("address_cap");
    const auto first = first_to_go(&address_key);
    if (first == guests_.end()) return false;
    leave(first);
  }
  if (guests_.size() >= options_.connections_max) {
    figures_.refused("shed_idle");
    leave(first_to_go(nullptr));
  }
  return true;
}

Reception::Guests::iterator Reception::first_to_go(const std::string* address_key) {
  const auto rank_of = [](const Guest& guest) {
    const Conversation& conversation = *guest.conversation;
    const auto patience = conversation.patience();
    // A stranger who has not spoken yet is as welcome as one who speaks slowly, and may be a customer.
    const auto kind = std::max(patience, Conversation::Patience::SlowStranger);
    const std::int64_t crowd = *guest.from_there;
    return std::tuple(kind, -crowd, patience, conversation.since());
  };
  auto first = guests_.end();
  std::optional<decltype(rank_of(first->second))> lowest;
  for (auto guest = guests_.begin(); guest != guests_.end(); ++guest) {
    if (guest->second.is_out) continue;
    if (address_key != nullptr && guest->second.conversation->address_key() != *address_key) continue;
    const auto rank = rank_of(guest->second);
    if (lowest && *lowest <= rank) continue;
    lowest = rank;
    first = guest;
  }
  return first;
}

// ---- the end ----

void Reception::close_up(const Deadline& deadline) {
  stopping_ = true;
  loop_.bring(std::make_unique<ClosingTime>(*this, deadline));
}

void Reception::close_now() {
  for (std::size_t i = 0; i < doors_.size(); ++i) {
    loop_.forget(i);
    doors_[i].socket.fd.close();
  }
  for (auto next = guests_.begin(); next != guests_.end();) {
    const auto guest = next++;
    if (!guest->second.is_out && guest->second.conversation->is_unengaged()) leave(guest);
  }
}

void Reception::shut_down_all() const {
  for (const auto& [key, guest] : guests_) guest.conversation->shut_down();
}

void Reception::clear() {
  while (!guests_.empty()) leave(guests_.begin());
}

}  // namespace counterfoil::net
