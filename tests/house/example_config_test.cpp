// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The operator's example must be a configuration that the daemon takes and under which opt-in may open.
#include "app/config.h"
#include "counterfoil/consent/business.h"

#include <doctest/doctest.h>

TEST_CASE("the example configuration parses and is complete") {
  const auto config = counterfoil::app::read_config(CF_SOURCE_DIR "/firmware/counterfoil.toml");
  REQUIRE_MESSAGE(config, config.error().message());
  for (const auto& item : counterfoil::consent::missing_for_opt_in(config->business))
    FAIL_CHECK(item.sentence());
  CHECK(config->certificate_path == CF_SOURCE_DIR "/firmware/tls/chain.pem");
}
