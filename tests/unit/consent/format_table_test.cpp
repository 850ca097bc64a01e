// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The tables of src/ledger/FORMAT.md and the table in the code name the same events.
#include "counterfoil/consent/event.h"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>

namespace counterfoil::consent {
namespace {

// Each `typ` of section 4 with whether it stands in 4.1, about a person.
std::map<std::string, bool> rows_of_format() {
  std::ifstream in(CF_SOURCE_DIR "/src/ledger/FORMAT.md");
  REQUIRE(in.is_open());
  std::map<std::string, bool> rows;
  bool inside = false;
  bool person = false;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("## ", 0) == 0) inside = line.rfind("## 4 ", 0) == 0;
    if (line.rfind("### ", 0) == 0) person = line.rfind("### 4.1 ", 0) == 0;
    if (!inside || line.rfind("| `", 0) != 0) continue;
    const std::string name = line.substr(3, line.find('`', 3) - 3);
    if (name == "typ") continue;  // the head of the table
    CAPTURE(name);
    CHECK(rows.emplace(name, person).second);
  }
  return rows;
}

TEST_CASE("every event of the table has its row in FORMAT.md, and no row names an unknown event") {
  const auto rows = rows_of_format();
  for (const EventRow& event : event_table()) {
    const std::string name(event.name);
    CAPTURE(name);
    const auto row = rows.find(name);
    REQUIRE(row != rows.end());
    CHECK(row->second == event.person);
  }
  for (const auto& [name, person] : rows) {
    CAPTURE(name);
    CHECK(event_from_name(name).has_value());
  }
}

}  // namespace
}  // namespace counterfoil::consent
