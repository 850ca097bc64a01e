// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/log.h"
#include "base/stack.h"
#include "net/connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <set>
#include <system_error>
#include <thread>

namespace counterfoil::net {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr int kAcceptPause_ms = 50;

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

struct Door {
  ListenerOptions options;
  ListeningSocket socket;
};

class ThreadServer final : public Server {
 public:
  ThreadServer(Clock& clock, ServerOptions options, std::vector<Door> doors, Fd wake)
      : options_(options), doors_(std::move(doors)), wake_(std::move(wake)), service_(clock) {}
  ThreadServer(const ThreadServer&) = delete;
  ThreadServer& operator=(const ThreadServer&) = delete;
  ~ThreadServer() override { stop(0); }

  Status start() override {
    try {
      {
        // Those for stops exist before anybody can make threads scarce.
        const std::lock_guard lock(mutex_);
        while (stop_threads_ < options_.stop_threads) {
          const unsigned before = stop_threads_;
          spawn(true);
          if (stop_threads_ == before) return fail(Code::Limit, "No thread can be started.");
        }
      }
      watcher_ = std::thread([this] { watch(); });
    } catch (const std::system_error&) {
      return fail(Code::Limit, "No thread can be started.");
    }
    return {};
  }

  void stop(int deadline_ms) override;

  [[nodiscard]] std::uint16_t port(std::size_t listener) const override {
    return doors_.at(listener).socket.port;
  }

  [[nodiscard]] ServerFigures figures() const override { return service_figures().read(); }

 private:
  using ConnectionPtr = std::unique_ptr<Connection>;
  struct Job {
    ConnectionPtr connection;
    SteadyTime queued_at;
  };

  // Watcher thread.
  void watch();
  void accept_from(Door& door);
  bool has_room();
  void shed_if_full();
  bool make_room_for(const std::string& address_key);
  void take_returned();
  void dispatch_ready(const std::vector<pollfd>& polled, std::size_t first);
  void close_expired();
  [[nodiscard]] int watch_timeout_ms() const;

  // Any thread.
  void enqueue(ConnectionPtr connection);
  void release(ConnectionPtr connection);
  void wake_watcher() const;
  void delay(int ms);
  [[nodiscard]] FigureBook& service_figures() const { return service_.figures(); }
  [[nodiscard]] std::size_t open_connections();
  [[nodiscard]] unsigned open_from(const std::string& address_key);

  // Worker threads.
  void spawn(bool for_stops);
  void work(bool for_stops);
  Job next_job(std::unique_lock<std::mutex>& lock, bool for_stops);

  const ServerOptions options_;
  std::vector<Door> doors_;  // sockets close at stop
  Fd wake_;
  mutable Service service_;
  std::thread watcher_;
  std::atomic<bool> stopping_{false};

  // Watcher's own.
  std::list<ConnectionPtr> parked_;  // oldest first
  SteadyTime accept_again_{};

  std::mutex mutex_;
  std::condition_variable work_cv_;   // a job, or stopping
  std::condition_variable stops_cv_;  // the pool is full, or stopping
  std::condition_variable done_cv_;   // a worker ended; a delay is over
  // State below is protected by mutex_.
  std::deque<Job> queue_;
  std::vector<ConnectionPtr> returned_;  // on their way back to the watcher
  std::set<Connection*> busy_;
  std::map<std::string, unsigned> per_address_;
  std::size_t connections_ = 0;
  std::vector<std::thread> threads_;
  unsigned pool_threads_ = 0;
  unsigned stop_threads_ = 0;
  unsigned idle_ = 0;
  unsigned alive_ = 0;
  int delayed_ = 0;
};

void ThreadServer::watch() {
  std::vector<pollfd> polled;
  while (!stopping_) {
    bool accepts = steady_now() >= accept_again_;
    polled.clear();
    polled.push_back({wake_.get(), POLLIN, 0});
    for (const Door& door : doors_) polled.push_back({accepts ? door.socket.fd.get() : -1, POLLIN, 0});
    for (const ConnectionPtr& c : parked_) polled.push_back({c->fd(), POLLIN, 0});
    ::poll(polled.data(), polled.size(), watch_timeout_ms());
    if (stopping_) break;
    dispatch_ready(polled, 1 + doors_.size());
    if (polled[0].revents != 0) {
      std::uint64_t count = 0;
      // Only the wake-up matters, not how many there were.
      [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
    }
    take_returned();
    close_expired();
    for (std::size_t i = 0; i < doors_.size(); ++i)
      if (polled[1 + i].revents != 0) accept_from(doors_[i]);
  }
  for (ConnectionPtr& c : parked_) release(std::move(c));
  parked_.clear();
}

int ThreadServer::watch_timeout_ms() const {
  SteadyTime now = steady_now();
  SteadyTime first = now + milliseconds(60'000);
  for (const ConnectionPtr& c : parked_) first = std::min(first, c->parked_until);
  if (accept_again_ > now) first = std::min(first, accept_again_);
  auto left = std::chrono::ceil<milliseconds>(first - now).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

void ThreadServer::dispatch_ready(const std::vector<pollfd>& polled, std::size_t first) {
  // parked_ has not changed since polled was filled.
  auto it = parked_.begin();
  for (std::size_t i = first; i < polled.size(); ++i) {
    auto here = it++;
    if (polled[i].revents == 0) continue;
    enqueue(std::move(*here));
    parked_.erase(here);
  }
}

void ThreadServer::take_returned() {
  std::vector<ConnectionPtr> back;
  {
    std::lock_guard lock(mutex_);
    back.swap(returned_);
  }
  for (ConnectionPtr& c : back) {
    c->parked_until = steady_now() + milliseconds(options_.keep_alive_ms);
    parked_.push_back(std::move(c));
  }
}

void ThreadServer::close_expired() {
  SteadyTime now = steady_now();
  for (auto it = parked_.begin(); it != parked_.end();) {
    if ((*it)->parked_until > now) {
      ++it;
      continue;
    }
    release(std::move(*it));
    it = parked_.erase(it);
  }
}

bool ThreadServer::has_room() {
  return open_connections() < options_.connections_max || !parked_.empty();
}

void ThreadServer::shed_if_full() {
  if (open_connections() < options_.connections_max) return;
  auto victim =
      std::find_if(parked_.begin(), parked_.end(), [](const ConnectionPtr& c) { return !c->has_served(); });
  if (victim == parked_.end()) victim = parked_.begin();
  service_figures().refused("shed_idle");
  release(std::move(*victim));
  parked_.erase(victim);
}

bool ThreadServer::make_room_for(const std::string& address_key) {
  if (open_from(address_key) < options_.connections_per_address_max) return true;
  auto victim = std::find_if(parked_.begin(), parked_.end(),
                             [&](const ConnectionPtr& c) { return c->address_key() == address_key; });
  service_figures().refused("address_cap");
  if (victim == parked_.end()) return false;
  release(std::move(*victim));
  parked_.erase(victim);
  return true;
}

void ThreadServer::accept_from(Door& door) {
  for (int i = 0; i < limits::kListenBacklog; ++i) {
    if (!has_room()) {
      // The kernel holds the next ones until somebody here has finished.
      service_figures().refused("connections_cap");
      accept_again_ = steady_now() + milliseconds(kAcceptPause_ms);
      return;
    }
    auto accepted = accept_socket(door.socket.fd.get());
    if (!accepted) {
      service_figures().refused("descriptors");
      accept_again_ = steady_now() + milliseconds(kAcceptPause_ms);
      return;
    }
    if (!accepted->fd.valid()) return;
    if (!make_room_for(accepted->peer.key)) continue;
    shed_if_full();
    auto connection = std::make_unique<Connection>(std::move(*accepted), door.options);
    {
      std::lock_guard lock(mutex_);
      ++connections_;
      ++per_address_[connection->address_key()];
    }
    service_figures().connection_opened();
    connection->parked_until = steady_now() + milliseconds(options_.handshake_deadline_ms);
    parked_.push_back(std::move(connection));
  }
}

void ThreadServer::enqueue(ConnectionPtr connection) {
  std::lock_guard lock(mutex_);
  queue_.push_back({std::move(connection), steady_now()});
  if (queue_.size() <= idle_) {
    work_cv_.notify_one();
    return;
  }
  if (pool_threads_ < options_.threads_max) {
    const unsigned before = pool_threads_;
    spawn(false);
    if (pool_threads_ != before) return;
  }
  work_cv_.notify_one();
  stops_cv_.notify_one();
}

void ThreadServer::release(ConnectionPtr connection) {
  {
    std::lock_guard lock(mutex_);
    --connections_;
    auto it = per_address_.find(connection->address_key());
    if (--it->second == 0) per_address_.erase(it);
  }
  service_figures().connection_closed();
}

std::size_t ThreadServer::open_connections() {
  std::lock_guard lock(mutex_);
  return connections_;
}

unsigned ThreadServer::open_from(const std::string& address_key) {
  std::lock_guard lock(mutex_);
  auto it = per_address_.find(address_key);
  return it == per_address_.end() ? 0 : it->second;
}

void ThreadServer::wake_watcher() const {
  std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
}

void ThreadServer::delay(int ms) {
  std::unique_lock lock(mutex_);
  // Slowness must not become a way to hold all threads.
  if (delayed_ >= limits::kStopsSlowedAtOnceMax) return;
  ++delayed_;
  done_cv_.wait_for(lock, milliseconds(ms), [this] { return stopping_.load(); });
  --delayed_;
}

void ThreadServer::spawn(bool for_stops) {
  try {
    threads_.emplace_back([this, for_stops] { work(for_stops); });
    ++(for_stops ? stop_threads_ : pool_threads_);
    ++alive_;
  } catch (const std::system_error&) {
    log::warning("net.thread_refused", {{"threads", pool_threads_ + stop_threads_}});
  }
}

ThreadServer::Job ThreadServer::next_job(std::unique_lock<std::mutex>& lock, bool for_stops) {
  while (!stopping_) {
    if (!for_stops) {
      if (!queue_.empty()) break;
      ++idle_;
      work_cv_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      continue;
    }
    // Those kept for stops help only when the pool has left somebody waiting for a while.
    stops_cv_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_ || queue_.empty()) continue;
    SteadyTime ripe = queue_.front().queued_at + milliseconds(limits::kStopThreadAfter_ms);
    if (steady_now() >= ripe) break;
    stops_cv_.wait_until(lock, ripe, [this] { return stopping_.load(); });
  }
  if (stopping_) return {};
  Job job = std::move(queue_.front());
  queue_.pop_front();
  busy_.insert(job.connection.get());
  return job;
}

void ThreadServer::work(bool for_stops) {
  const std::function<bool()> is_stopping = [this] { return stopping_.load(); };
  const std::function<void(int)> wait = [this](int ms) { delay(ms); };
  const Connection::Turn turn{service_, options_, for_stops, is_stopping, wait};
  std::unique_lock lock(mutex_);
  for (;;) {
    Job job = next_job(lock, for_stops);
    if (!job.connection) break;
    lock.unlock();
    Connection::After after = Connection::After::Close;
    try {
      after = job.connection->serve(turn);
    } catch (...) {
      // Out of memory for one connection is that connection's end, not the server's.
      service_figures().refused("exception");
    }
    burn_stack();
    lock.lock();
    busy_.erase(job.connection.get());
    if (after == Connection::After::Park && !stopping_) {
      returned_.push_back(std::move(job.connection));
      wake_watcher();
      continue;
    }
    lock.unlock();
    release(std::move(job.connection));
    lock.lock();
  }
  --alive_;
  done_cv_.notify_all();
}

void ThreadServer::stop(int deadline_ms) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_watcher();
  work_cv_.notify_all();
  stops_cv_.notify_all();
  done_cv_.notify_all();
  if (watcher_.joinable()) watcher_.join();
  for (Door& door : doors_) door.socket.fd.close();
  std::vector<std::thread> threads;
  {
    std::unique_lock lock(mutex_);
    bool ended = done_cv_.wait_for(lock, milliseconds(deadline_ms), [this] { return alive_ == 0; });
    if (!ended)
      for (Connection* c : busy_) c->shut_down();
    threads.swap(threads_);
  }
  for (std::thread& t : threads) t.join();
  std::vector<ConnectionPtr> left;
  {
    std::lock_guard lock(mutex_);
    left.swap(returned_);
    for (Job& job : queue_) left.push_back(std::move(job.connection));
    queue_.clear();
  }
  for (ConnectionPtr& c : left) release(std::move(c));
}

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
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return errno_error(errno, "eventfd");
  return std::unique_ptr<Server>(
      std::make_unique<ThreadServer>(clock, options, std::move(doors), std::move(wake)));
}

}  // namespace counterfoil::net
