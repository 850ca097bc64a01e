// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "net/loop.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>

namespace counterfoil::net {
namespace {

/// Writes down what the loop tells, and does what the test says then.
struct Diary final : Loop::Events {
  explicit Diary(Loop& of) : loop(of) {}
  void ready(Loop::Key key) override { note("ready ", key); }
  void overdue(Loop::Key key) override { note("overdue ", key); }
  void note(const char* what, Loop::Key key) {
    text += what + std::to_string(key) + ";";
    if (then) then(key);
  }
  Loop& loop;
  std::string text;
  std::function<void(Loop::Key)> then;
};

struct Pair {
  Pair() {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, static_cast<int*>(ends)) ==
            0);
    near = Fd(ends[0]);
    far = Fd(ends[1]);
  }
  void say_something() const { REQUIRE(::send(far.get(), "x", 1, MSG_NOSIGNAL) == 1); }
  Fd near;
  Fd far;
};

std::unique_ptr<Loop> new_loop() {
  auto loop = Loop::open();
  REQUIRE(loop);
  return std::move(*loop);
}

void run_for_ms(Loop& loop, Diary& diary, int ms) {
  loop.finish_by(Deadline::in_ms(ms));
  loop.run(diary);
}

}  // namespace

TEST_CASE("a descriptor is told once, however long it stays ready, and even when it hangs up") {
  const auto loop = new_loop();
  Diary diary(*loop);
  const Pair pair;
  pair.say_something();
  REQUIRE(loop->watch(7, pair.near.get(), Want::Read, Deadline::never()));
  diary.then = [&](Loop::Key) { ::shutdown(pair.far.get(), SHUT_RDWR); };
  run_for_ms(*loop, diary, 20);
  CHECK(diary.text == "ready 7;");
  loop->await(7, Want::Read, Deadline::never());
  run_for_ms(*loop, diary, 20);
  CHECK(diary.text == "ready 7;ready 7;");
}

TEST_CASE("a deadline is told when nothing came, and no more once something did") {
  const auto loop = new_loop();
  Diary diary(*loop);
  const Pair silent;
  const Pair speaking;
  speaking.say_something();
  REQUIRE(loop->watch(1, silent.near.get(), Want::Read, Deadline::in_ms(10)));
  REQUIRE(loop->watch(2, speaking.near.get(), Want::Read, Deadline::in_ms(10)));
  run_for_ms(*loop, diary, 60);
  CHECK(diary.text == "ready 2;overdue 1;");
}

TEST_CASE("a key that is forgotten is told nothing more, even in the same round") {
  const auto loop = new_loop();
  Diary diary(*loop);
  const Pair one;
  const Pair two;
  const Pair three;
  for (const auto& [key, pair] : {std::pair<Loop::Key, const Pair*>{1, &one}, {2, &two}, {3, &three}})
    REQUIRE(loop->watch(key, pair->near.get(), Want::Read, Deadline::in_ms(30)));
  one.say_something();
  two.say_something();
  diary.then = [&](Loop::Key key) {
    loop->again(key);
    loop->forget(1);
    loop->forget(2);
    loop->forget(3);
  };
  run_for_ms(*loop, diary, 60);
  CHECK((diary.text == "ready 1;" || diary.text == "ready 2;"));
}

TEST_CASE("who asks for another turn lets the others have theirs first") {
  const auto loop = new_loop();
  Diary diary(*loop);
  const Pair greedy;
  const Pair modest;
  greedy.say_something();
  REQUIRE(loop->watch(1, greedy.near.get(), Want::Read, Deadline::never()));
  REQUIRE(loop->watch(2, modest.near.get(), Want::Read, Deadline::never()));
  int turns = 0;
  diary.then = [&](Loop::Key key) {
    if (key != 1 || ++turns == 4) return;
    if (turns == 1) modest.say_something();
    loop->again(1);
  };
  run_for_ms(*loop, diary, 60);
  CHECK(diary.text == "ready 1;ready 1;ready 2;ready 1;ready 1;");
}

TEST_CASE("an errand comes back once, in the loop's thread, and a loop with nobody to watch ends at once") {
  struct Parcel final : Errand {
    explicit Parcel(std::vector<std::thread::id>& threads) : opened_in(threads) {}
    void run() noexcept override {}
    void come_back() override { opened_in.push_back(std::this_thread::get_id()); }
    std::vector<std::thread::id>& opened_in;
  };
  const auto loop = new_loop();
  Diary diary(*loop);
  const Pair pair;
  REQUIRE(loop->watch(1, pair.near.get(), Want::Read, Deadline::never()));
  std::vector<std::thread::id> opened_in;
  std::thread sender([&] { loop->bring(std::make_unique<Parcel>(opened_in)); });
  sender.join();
  run_for_ms(*loop, diary, 20);
  CHECK(opened_in == std::vector{std::this_thread::get_id()});
  loop->forget(1);
  loop->finish_by(Deadline::in_ms(60'000));
  const Deadline soon = Deadline::in_ms(5'000);
  loop->run(diary);
  CHECK_FALSE(soon.passed());
}

}  // namespace counterfoil::net
