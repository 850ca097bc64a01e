// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/session.h"

#include "crypto/crypto.h"

#include <map>
#include <mutex>

namespace counterfoil::net {
namespace {

constexpr std::string_view kCookieRules = "; Path=/; Secure; HttpOnly; SameSite=Strict";
constexpr std::size_t kSessionTokenBytes = 32;

Hash browser_of(const Request& request) {
  return crypto::sha256(as_bytes(request.field("user-agent").value_or("")));
}

class SessionBook final : public Sessions {
 public:
  SessionBook(Clock& clock, const SessionRules& rules) : clock_(clock), rules_(rules) {}

  Result<Opened> log_in(const Request& request, std::string user, std::string role) override {
    std::string token = base64url(crypto::random_bytes(kSessionTokenBytes));
    Entry entry;
    entry.session.user = std::move(user);
    entry.session.role = std::move(role);
    entry.session.form_context = base64url(crypto::random_bytes(kSessionTokenBytes));
    entry.session.opened_boot_ms = entry.used_boot_ms = clock_.boot_ms();
    entry.browser = browser_of(request);
    std::lock_guard lock(mutex_);
    drop_dead();
    if (auto old = name_of(request)) sessions_.erase(*old);
    make_room_for(entry.session.user);
    if (sessions_.size() >= limits::kSessionsMax) return fail(Code::Limit, "Too many people are logged in.");
    Opened opened{std::string(rules_.cookie) + "=" + token + std::string(kCookieRules), entry.session};
    sessions_.emplace(crypto::sha256(as_bytes(token)), std::move(entry));
    return opened;
  }

  std::optional<Session> find(const Request& request) override {
    auto name = name_of(request);
    if (!name) return std::nullopt;
    std::lock_guard lock(mutex_);
    auto it = sessions_.find(*name);
    if (it == sessions_.end()) return std::nullopt;
    // A cookie that turns up in another browser was stolen: nobody keeps the session.
    if (is_dead(it->second) || it->second.browser != browser_of(request)) {
      sessions_.erase(it);
      return std::nullopt;
    }
    it->second.used_boot_ms = clock_.boot_ms();
    return it->second.session;
  }

  std::string log_out(const Request& request) override {
    if (auto name = name_of(request)) {
      std::lock_guard lock(mutex_);
      sessions_.erase(*name);
    }
    return std::string(rules_.cookie) + "=" + std::string(kCookieRules) + "; Max-Age=0";
  }

  std::size_t revoke_user(std::string_view user) override {
    std::lock_guard lock(mutex_);
    return std::erase_if(sessions_, [&](const auto& entry) { return entry.second.session.user == user; });
  }

 private:
  struct Entry {
    Session session;
    std::int64_t used_boot_ms = 0;
    Hash browser{};
  };

  [[nodiscard]] std::optional<Hash> name_of(const Request& request) const {
    auto token = request.cookie(rules_.cookie);
    if (!token || token->empty()) return std::nullopt;
    return crypto::sha256(as_bytes(*token));
  }

  [[nodiscard]] bool is_dead(const Entry& e) const {
    std::int64_t now_ms = clock_.boot_ms();
    return now_ms - e.used_boot_ms > rules_.idle_ms || now_ms - e.session.opened_boot_ms > rules_.life_ms;
  }

  void drop_dead() {
    std::erase_if(sessions_, [&](const auto& entry) { return is_dead(entry.second); });
  }

  /// One person's many browsers must not shut out everybody else.
  void make_room_for(std::string_view user) {
    std::size_t count = 0;
    auto oldest = sessions_.end();
    for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
      const Session& session = it->second.session;
      if (session.user != user) continue;
      ++count;
      if (oldest == sessions_.end() || session.opened_boot_ms < oldest->second.session.opened_boot_ms)
        oldest = it;
    }
    if (count >= limits::kSessionsPerUserMax) sessions_.erase(oldest);
  }

  Clock& clock_;
  const SessionRules rules_;
  std::mutex mutex_;
  // State below is protected by mutex_. Named by the hash of the token, so look-up time tells nothing.
  std::map<Hash, Entry> sessions_;
};

}  // namespace

std::unique_ptr<Sessions> Sessions::open(Clock& clock, const SessionRules& rules) {
  return std::make_unique<SessionBook>(clock, rules);
}

}  // namespace counterfoil::net
