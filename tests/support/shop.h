// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A real shop in a temporary folder: the demo's configuration, a real ledger, a clock that tests
// move. Thread rule: one test at a time.
#pragma once

#include "app/config.h"
#include "board/board.h"
#include "board/fake/manual_clock.h"
#include "desk/desk.h"
#include "desk/periods.h"
#include "tools/counterfoil/demo_shop.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

namespace counterfoil::test {

class Shop {
 public:
  Shop() {
    REQUIRE(mkdtemp(folder_.data()) != nullptr);
    auto config = app::parse_config(tool::demo_config({}), "");
    REQUIRE(config);
    business = std::move(config->business);
    business.promise = consent::Promise::at_any_time();  // those about hours say their own
    auto made = board::make("fake", {});
    REQUIRE(made);
    board_ = std::move(*made);
    REQUIRE(ledger::Ledger::create(options()));
    open();
  }
  ~Shop() {
    close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  void open() {
    auto opened = ledger::Ledger::open(options());
    REQUIRE(opened);
    ledger = std::move(*opened);
    REQUIRE(ledger->wait_ready(5000));
    auto desk_opened = desk::Desk::open(business, rules, *ledger, clock);
    REQUIRE(desk_opened);
    desk = std::move(*desk_opened);
  }
  void close() {
    desk.reset();
    ledger.reset();
  }
  void reopen() {
    close();
    open();
  }

  /// A form as a customer would send it: every channel and topic of the link ticked.
  desk::OptInRequest request(const std::string& number, const std::string& link = "caja") {
    const auto form = desk->opt_in_form(consent::LinkId(link), "en");
    REQUIRE(form);
    desk::OptInRequest out;
    out.link = form->link.id;
    out.language = "en";
    out.notice = form->notice.ref.sha256;
    out.channels = form->channels;
    out.topics = form->topics;
    out.number = number;
    out.region = "SE";
    out.age_affirmed = true;
    return out;
  }

  /// The decision at the till for one pair.
  decide::Decision at_till(const std::string& number, consent::Channel channel, const std::string& topic) {
    const auto check = desk->check(number, "SE", cashier);
    REQUIRE(check);
    for (const auto& row : check->rows)
      if (row.channel == channel && row.topic.text() == topic) return row.decision;
    FAIL("no such row");
    return {};
  }

  consent::Business business;
  decide::Rules rules;  // none but the promise
  board::ManualClock clock;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<desk::Desk> desk;
  const desk::User cashier{consent::UserId("caja-1"), desk::Role::Staff};

 private:
  ledger::Options options() {
    ledger::Options out;
    out.folder = folder_;
    out.origin = "shop.example/test/1";
    out.clock = &clock;
    out.anchor = board_.anchor.get();
    out.timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
    out.retention_of_stop = [this](Instant t) { return desk::retention_of_proof(business, t); };
    return out;
  }
  std::string folder_ = "/tmp/cf-shop-XXXXXX";
  Board board_;
};

}  // namespace counterfoil::test
