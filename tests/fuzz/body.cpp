// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Disclosure 1: the content of every kind of event about a person.
#include "counterfoil/consent/event.h"
#include "fuzz.h"

CF_FUZZ(body) {
  using namespace counterfoil;
  for (const consent::EventRow& row : consent::event_table()) {
    const auto body = consent::decode_body(row.type, as_text(input));
    if (!body) continue;
    fuzz::require(consent::event_type(*body) == row.type, "a body is of the type asked for");
    const auto text = consent::encode_body(*body);
    fuzz::require(text && *text == as_text(input), "a body is written as it was read");
  }
}
