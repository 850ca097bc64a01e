// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/config.h"

#include "app/appliance.h"

#include <doctest/doctest.h>

namespace counterfoil::app {
namespace {

constexpr std::string_view kSmallest = R"(
[box]
origin = "shop.example/box/1"
host = "box.shop.example"
certificate = "chain.pem"
key = "/keys/key.pem"
[business]
id = "shop"
name = "Shop"
jurisdiction = "ES"
time_zone = "Europe/Madrid"
languages = ["es", "en"]
)";

std::string error_of(const std::string& toml) {
  const auto config = parse_config(toml, "/etc/counterfoil");
  return config ? "" : config.error().message();
}

}  // namespace

TEST_CASE("the smallest configuration gets the defaults") {
  const auto config = parse_config(kSmallest, "/etc/counterfoil");
  REQUIRE(config);
  CHECK(config->customer.port == 443);
  CHECK(config->staff.port == 8443);
  CHECK(config->sync.port == 9443);
  CHECK(config->customer.address == "127.0.0.1");
  CHECK(config->certificate_path == "/etc/counterfoil/chain.pem");
  CHECK(config->key_path == "/keys/key.pem");
  CHECK(config->business.minimum_evidence == consent::Evidence::Present);
  CHECK_FALSE(config->demo);
  CHECK_FALSE(consent::missing_for_opt_in(config->business).empty());
}

TEST_CASE("the example that operators start from is well-formed and can open opt-in") {
  const auto config = read_config(CF_SOURCE_DIR "/firmware/counterfoil.toml");
  if (!config) FAIL(config.error().message());
  for (const auto& reason : consent::missing_for_opt_in(config->business)) MESSAGE(reason.sentence());
  CHECK(consent::missing_for_opt_in(config->business).empty());
}

TEST_CASE("the anchor is a file in the data folder unless the configuration names its place") {
  const Paths paths{.config = {}, .data = "/data"};
  const auto anchor_of = [&](const std::string& line) {
    std::string text(kSmallest);
    text.insert(text.find("[business]"), line);
    const auto config = parse_config(text, "/etc/counterfoil");
    return config ? paths.anchor(*config) : config.error().message();
  };
  CHECK(anchor_of("") == "/data/anchor");
  CHECK(anchor_of("anchor = \"/sys/chip/nvmem\"\n") == "/sys/chip/nvmem");
  CHECK(anchor_of("anchor = \"chip\"\n") == "/etc/counterfoil/chip");
  CHECK(anchor_of("anchor = true\n").find("[box] anchor: must be a text in quotes") != std::string::npos);
}

TEST_CASE("every mistake is named with its line, all at once") {
  const std::string text = std::string(kSmallest) + R"(colour = 5
unknown_thing = true
[promise]
hours = "20:00-09:00"
days = "mon-fry"
per_day = 99
[[sender]]
id = "wa"
channel = "pigeon"
[[retention]]
keep = "2 years"
)";
  const std::string errors = error_of(text);
  for (std::string_view expected :
       {"line 13: [business] colour: must be a text in quotes",
        "line 14: [business] unknown_thing: unknown key", "line 16: [promise] hours: must be hours",
        "line 17: [promise] days: must be days",
        "line 18: [promise] per_day: must be a whole number from 1 to 24",
        "line 21: [[sender]] channel: must be", "[[retention]] name: is missing"}) {
    CAPTURE(errors);
    CHECK(errors.find(expected) != std::string::npos);
  }
}

TEST_CASE("an exception of the promise must be a configured topic") {
  const std::string topic = "[[topic]]\nid = \"orders\"\n";
  const std::string promise =
      std::string(kSmallest) + "[promise]\nexceptions = [\"orders\", \"care/urgent\"]\n";
  const std::string errors = error_of(promise + topic);
  CHECK(errors == "line 14: [promise] exceptions: names topic \"care/urgent\", which is not configured");
  CHECK(error_of(std::string(kSmallest) + "[promise]\nexceptions = [\"orders\"]\n" + topic).empty());
}

TEST_CASE("a notice that no record could name is a mistake at start") {
  for (const std::string_view bad : {"N 1", "N1\u00b0", "a-name-that-is-longer-than-forty-characters"}) {
    const std::string errors = error_of(std::string(kSmallest) + "notice = \"" + std::string(bad) + "\"\n");
    CHECK(errors == "line 13: [business] notice: must be 1 to 40 letters, digits or - _ / .");
  }
  CHECK(error_of(std::string(kSmallest) + "notice = \"N1\"\n").empty());
}

TEST_CASE("names that point nowhere are mistakes") {
  const std::string text = std::string(kSmallest) + R"(
[[link]]
id = "door"
shop = "nowhere"
topics = []
[[stop_way]]
kind = "keyword"
where = "wa"
)";
  const std::string errors = error_of(text);
  CHECK(errors.find("\"nowhere\", which is not configured") != std::string::npos);
  CHECK(errors.find("a keyword needs a sender that is enabled and two_way") != std::string::npos);
}

TEST_CASE("a name that no record or no address could hold is a mistake") {
  const std::string retention = std::string(kSmallest) + "[[retention]]\nkeep = \"2 years\"\nname = ";
  CHECK(error_of(retention + "\"two years\"\n") ==
        "line 15: [[retention]] name: must be 1 to 40 letters, digits or - _ / .");
  CHECK(error_of(retention + "\"two/years\"\n").empty());
  const std::string link = std::string(kSmallest) + "[[link]]\nid = ";
  for (const std::string_view bad : {"a/b", "..", ".", "Door", ""})
    CHECK(error_of(link + "\"" + std::string(bad) + "\"\n")
              .starts_with("line 14: [[link]] id: must be 1 to 40 of a-z 0-9 - _ ."));
  CHECK(error_of(link + "\"door.2\"\n").empty());
}

TEST_CASE("the proof of a yes must have a length") {
  const auto leads_to = [](const std::string& keep) {
    return error_of(std::string(kSmallest) +
                    "[[retention]]\nname = \"yes\"\nkeep = \"2 years\"\nthen = \"proof\"\n" +
                    "[[retention]]\nname = \"proof\"\nkeep = \"" + keep + "\"\nthen = \"destroy\"\n");
  };
  CHECK(leads_to("3 years").empty());
  CHECK(leads_to("7 days").empty());
  CHECK(leads_to("while somebody asks").find("\"yes\" leads to \"proof\", which must be kept for") !=
        std::string::npos);
}

TEST_CASE("look-ups by staff are kept for a period, thought of or not") {
  const auto config = parse_config(kSmallest, "");
  REQUIRE(config);
  CHECK(config->business.look_ups == "lookups-13m");
  const auto* kept = config->business.retention_class("lookups-13m");
  REQUIRE(kept != nullptr);
  CHECK(kept->keep_months == 13);
  const std::string named = std::string(kSmallest) + "look_ups = \"looks\"\n";
  CHECK(error_of(named).find("look_ups names retention class \"looks\", which is not configured") !=
        std::string::npos);
  const std::string kept_for = "[[retention]]\nname = \"looks\"\nkeep = ";
  CHECK(error_of(named + kept_for + "\"12 months\"\n").empty());
  CHECK(error_of(named + kept_for + "\"for ever\"\n").find("must be kept for days") != std::string::npos);
}

TEST_CASE("days, hours and periods are read as people write them") {
  const std::string text = std::string(kSmallest) + R"(
[promise]
hours = "08:30-21:15"
days = "mon-wed,sat"
[[retention]]
name = "a"
keep = "3 years"
[[retention]]
name = "b"
keep = "7 days"
[[retention]]
name = "c"
keep = "while the business sends messages"
)";
  const auto config = parse_config(text, "");
  REQUIRE(config);
  CHECK(config->business.promise.from_minute == 510);
  CHECK(config->business.promise.to_minute == 1275);
  CHECK(config->business.promise.weekdays == 0b0100111U);
  CHECK(config->business.retention[0].keep_months == 36);
  CHECK(config->business.retention[1].keep_days == 7);
  CHECK(config->business.retention[2].keep_months + config->business.retention[2].keep_days == 0);
}

TEST_CASE("a text that is no TOML says where") {
  CHECK(error_of("[box\norigin = 1").find("line 1:") != std::string::npos);
  CHECK(error_of("").find("is missing") != std::string::npos);
}

}  // namespace counterfoil::app
