// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "desk/periods.h"

#include <doctest/doctest.h>

namespace counterfoil::desk {

TEST_CASE("one form has one end, the first that any of its topics promises, in days or in months") {
  consent::Business b;
  const auto kept = [&](const std::string& name, int months, int days) {
    consent::RetentionClass rc;
    rc.name = name;
    rc.keep_months = months;
    rc.keep_days = days;
    b.retention.push_back(rc);
    consent::Topic topic;
    topic.id = consent::TopicId(name);
    topic.retention = name;
    b.topics.push_back(topic);
  };
  kept("two-years", 24, 0);
  kept("ninety-days", 0, 90);
  kept("four-months", 4, 0);
  const Instant now = 1'790'000'000;
  const auto named = [&](const std::vector<std::string>& names) {
    std::vector<consent::TopicId> topics;
    for (const auto& name : names) topics.emplace_back(name);
    const auto* rc = class_of_yes(b, topics, now);
    return rc == nullptr ? std::string() : rc->name;
  };
  CHECK(named({"two-years"}) == "two-years");
  CHECK(named({"two-years", "four-months"}) == "four-months");
  CHECK(named({"four-months", "ninety-days", "two-years"}) == "ninety-days");
  CHECK(named({"nobody-configured"}).empty());
  CHECK(end_of(*b.retention_class("ninety-days"), now) == now + 90 * kDay_s);
}

TEST_CASE("a yes can be read for thirty days after its end, a proof goes on its day") {
  consent::Business b;
  b.retention.resize(2);
  b.retention[0].name = "yes";
  b.retention[0].keep_days = 60;
  b.retention[1].name = "proof";
  b.retention[1].keep_days = 60;
  b.topics.resize(1);
  b.topics[0].retention = "yes";
  const Instant t = 1'801'396'800;  // 2027-01-31
  CHECK(last_cohort(b, b.retention[0], t) == "2027-05-01");
  CHECK(last_cohort(b, b.retention[1], t) == "2027-04-01");
}

TEST_CASE("the 31st becomes the last day of a shorter month") {
  consent::RetentionClass month;
  month.keep_months = 1;
  // 31 January 2027, noon, to 28 February 2027, noon.
  CHECK(end_of(month, 1'801'396'800) == 1'803'816'000);
}

}  // namespace counterfoil::desk
