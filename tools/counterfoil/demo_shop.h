// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Tres Faroles, the demo shop: an invented business, invented people whose history is made by the real
// desk under a clock that starts 26 months ago. Thread rule: one thread.
#pragma once

#include "app/appliance.h"

#include <string>

namespace counterfoil::tool {

/// Everything about a demo folder. Paths are inside folder.
struct DemoShop {
  std::string folder;
  std::string host = "localhost";  // name in links; the LAN address with --lan
  std::string listen = "127.0.0.1";
  std::uint16_t port = 8443;  // customers; staff + 1, sync + 2
  bool at_any_time = false;  // promises no hours and no days, so that a yes is a yes also on a Sunday evening
  std::string staff_user = "maria";
  std::string staff_password;
  SecretBytes staff_secret;  // of the second factor

  [[nodiscard]] app::Paths paths() const { return {folder + "/counterfoil.toml", folder + "/data"}; }
  [[nodiscard]] std::string ca_file() const { return folder + "/tls/ca.pem"; }
  [[nodiscard]] std::string sync_cert() const { return folder + "/head-office/certificate.pem"; }
  [[nodiscard]] std::string sync_key() const { return folder + "/head-office/key.pem"; }
  [[nodiscard]] std::string log_key_file() const { return folder + "/head-office/log-key.pem"; }
  [[nodiscard]] std::string url(std::uint16_t offset) const {
    return "https://" + host + ":" + std::to_string(port + offset);
  }
};

/// Makes the shop when the folder holds none, else reads it; writes the configuration and a fresh server
/// certificate in either case. Fails with Conflict when the folder holds something that is not a demo shop.
Status prepare_demo(DemoShop& shop);
/// What an authenticator app with the demo's secret would show now.
std::string staff_code_now(const DemoShop& shop);
/// SHA-256 of the server certificate's key, base64: what a browser can be told to trust.
Result<std::string> demo_key_pin(const DemoShop& shop);
/// The text of counterfoil.toml.
std::string demo_config(const DemoShop& shop);

}  // namespace counterfoil::tool
