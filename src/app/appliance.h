// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One box, opened: board, ledger, desk, and the commands an operator gives it. The daemon keeps one for its
// life; the command line opens one itself when no daemon runs. Thread rule: open and destroy in one thread,
// command() from any.
#pragma once

#include "app/config.h"
#include "app/control.h"
#include "base/seams.h"
#include "counterfoil/base/canonical_json.h"
#include "desk/desk.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace counterfoil::app {

/// Where a box keeps its things.
struct Paths {
  std::string config;  // counterfoil.toml
  std::string data;    // folder of ledger.db, keys.db, desk.db, anchor, control.sock
  [[nodiscard]] std::string anchor(const Config& box) const {
    return box.anchor_path.empty() ? data + "/anchor" : box.anchor_path;
  }
  [[nodiscard]] std::string control_socket() const { return data + "/control.sock"; }
};

/// The configured board: its clock above all. Fails with NotFound, BadInput.
Result<Board> board_for(const Config& config, const Paths& paths);

class Appliance {
 public:
  /// Makes the data folder's ledger. Fails with Conflict when there is one already.
  static Status create(const Config& config, const Paths& paths, const Clock* clock = nullptr);
  /// A new log from a copy (Ledger::restore).
  static Result<ledger::RestoreReport> restore(const Config& config, const Paths& paths,
                                               const std::string& from);
  /// Fails as Ledger::open does; clock replaces the board's when given (history of a demo shop), and outlives
  /// this.
  static Result<std::unique_ptr<Appliance>> open(Config config, const Paths& paths, Clock* clock = nullptr);
  /// The same, but a ledger whose keys are lost or damaged is opened sealed: it takes stops and nothing else.
  static Result<std::unique_ptr<Appliance>> open_or_seal(Config config, const Paths& paths);
  ~Appliance();
  Appliance(const Appliance&) = delete;
  Appliance& operator=(const Appliance&) = delete;

  /// An operator's command as canonical JSON, {"do": name, …}, and its answer. Commands: status, verify,
  /// user.add, user.password, user.remove, users, setup.code, link.add, links, peer.add, peer.remove, peers,
  /// log.key, tls.status, tls.reload, restore.vouch, retention.due, retention.report, retention.run,
  /// hold.list, and those of people.h. Commands that change something run one at a time. Fails with BadInput,
  /// and as the desk does.
  Result<json::Value> command(const json::Value& request, const ControlProgress& progress = {});

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] Clock& clock() const { return *clock_; }
  /// From now on status says "serving": the doors are open.
  void set_serving() { serving_ = true; }
  /// Called with a user's name when the user's sessions must end; nothing: there are no sessions.
  void set_session_end(std::function<void(std::string_view user)> end);
  /// What commands can ask of the doors; empty functions: there are none.
  struct DoorCalls {
    std::function<json::Value()> figures;      // for status
    std::function<json::Value()> certificate;  // certificate_facts() of the one being served
    std::function<Status()> reload;            // reads the certificate anew
  };
  void set_doors(DoorCalls doors);
  desk::Desk& desk() { return *desk_; }
  ledger::Ledger& ledger() { return *ledger_; }
  Board& board() { return board_; }

 private:
  using OpenLedger = Result<std::unique_ptr<ledger::Ledger>> (*)(const ledger::Options&);
  static Result<std::unique_ptr<Appliance>> open_with(OpenLedger open_ledger, Config config,
                                                      const Paths& paths, Clock* clock);
  Appliance(Config config, Board board, Clock* clock);
  Result<json::Value> status() const;
  json::Value door_facts(const std::function<json::Value()> DoorCalls::* what) const;
  Result<json::Value> certificate_status() const;
  Result<json::Value> reload_certificate();
  Result<json::Value> verify(const ControlProgress& progress) const;
  Result<json::Value> shorten(const json::Value& request, const ControlProgress& progress);
  Result<json::Value> list_peers() const;
  Result<json::Value> list_due() const;
  Result<json::Value> report_retention() const;
  Result<json::Value> change(const std::string& name, const json::Value& request);

  Config config_;
  Board board_;
  Clock* clock_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<desk::Desk> desk_;
  std::atomic<bool> serving_{false};
  std::mutex changes_;
  std::function<void(std::string_view user)> session_end_;  // guarded by changes_
  mutable std::mutex doors_mutex_;                          // not changes_: status never waits for a change
  DoorCalls doors_;                                         // guarded by doors_mutex_
};

}  // namespace counterfoil::app
