// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// counterfoil.toml: the operator's file, read-only to the daemon. An unknown key is an error that names its
// line. toml++ is seen by config.cpp, config_reader.cpp and rule_reader.cpp only. Thread rule: read once at
// start, then shared as const.
#pragma once

#include "app/rule_decision.h"
#include "counterfoil/base/result.h"
#include "counterfoil/consent/business.h"
#include "counterfoil/decide/rules.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace counterfoil::app {

struct Endpoint {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};

struct Config {
  consent::Business business;
  decide::Rules rules;                       // the built-in packs with what the operator adds or loosens
  std::vector<RuleDecision> rule_decisions;  // that loosened them
  std::string origin;                        // the log's name: "<domain>/<box>/1"
  std::string host;                          // name on posters and in links: "box.tresfaroles.example"
  std::vector<std::string> other_hosts;      // further names the Host field may carry
  Endpoint customer{"127.0.0.1", 443};
  Endpoint staff{"127.0.0.1", 8443};
  Endpoint sync{"127.0.0.1", 9443};
  std::uint16_t redirect_port = 0;  // port 80 as a rule; 0: none
  std::string certificate_path;     // PEM chain; relative to the configuration's folder
  std::string key_path;
  std::string board = "generic";
  std::string anchor_path;         // a memory beside the disk; empty: a file in the data folder
  std::string second_copy_path;    // folder on another disk for a live copy of keys.db; empty: none
  bool clock_trusted = false;      // the operator vouches for the clock
  std::string clock_control_path;  // board "fake" only
  bool demo = false;               // a band on each page, and never anything but a demo
};

/// Fails with BadInput: "line 12: [[topic]] colour: unknown key", every mistake of the file at once, one per
/// line.
Result<Config> parse_config(std::string_view toml, const std::string& folder);
/// Fails with NotFound, Refused, Limit, BadInput; the text names the file.
Result<Config> read_config(const std::string& path);

}  // namespace counterfoil::app
