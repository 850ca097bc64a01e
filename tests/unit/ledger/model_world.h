// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A ledger, the model of it, and a recipient who pulls. Whatever differs throws Broken. Thread rule: one
// thread.
#pragma once

#include "counterfoil/proof/verify.h"
#include "fixture.h"
#include "model.h"

#include <array>
#include <stdexcept>

namespace counterfoil::ledger::test {

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct KeyNames;  // what keys.db holds

class World {
 public:
  World();

  // ---- what can happen; a and b choose among what there is ----

  void open(std::uint32_t a, std::uint32_t b);
  void open_list(std::uint32_t a, std::uint32_t b);
  void confirm(std::uint32_t a, std::uint32_t b);
  void withdraw(std::uint32_t a, std::uint32_t b);
  void stop(std::uint32_t a, std::uint32_t b);
  void stop_by_link(std::uint32_t a, std::uint32_t b);
  void hold(std::uint32_t a, std::uint32_t b);
  void clear_hold(std::uint32_t a, std::uint32_t b);
  void erase(std::uint32_t a, std::uint32_t b);
  void sweep(std::uint32_t a, std::uint32_t b);
  void record(std::uint32_t a, std::uint32_t b);
  /// Everything that was asked to end does, with a rotation or several.
  void rotate(std::uint32_t a, std::uint32_t b);
  /// The next run rotates at once, or not again, or does not finish it.
  void restart(std::uint32_t a, std::uint32_t b);
  /// Power goes: what is on the disk goes on.
  void crash(std::uint32_t a, std::uint32_t b);
  /// Power goes after the keys of a person were written, before their line was: nobody was told of it.
  void torn_crash(std::uint32_t a, std::uint32_t b);
  void backup(std::uint32_t a, std::uint32_t b);
  /// A new log from the last backup, and the stops that came since are recorded again.
  void restore(std::uint32_t a, std::uint32_t b);
  void pull(std::uint32_t a, std::uint32_t b);
  /// The head office tells of a stop that it heard, and that it has forgotten whom it was told to forget.
  void push(std::uint32_t a, std::uint32_t b);
  /// A copy goes on beside the original: whoever pulls from one believes the other no more.
  void clone(std::uint32_t a, std::uint32_t b);

  /// What must hold after every step.
  void check() const;
  /// And when all has ended that was asked to.
  void check_end();

 private:
  struct Image;   // files and anchor as a power cut leaves them
  struct Backup;  // what Ledger::backup wrote, and what was so then
  struct Seen;    // what a recipient got

  [[nodiscard]] std::string month(int days_from_now) const;
  [[nodiscard]] Retention kept_for(std::uint32_t days) const;
  ModelPerson* somebody_there(std::uint32_t a);
  void add(ModelPerson& person, const Committed& committed, const Retention& kept) const;
  [[nodiscard]] consent::SubjectState state_of(const ModelPerson& person) const;

  void check_there(const ModelPerson& person) const;
  void check_old_image();
  void check_epoch();
  void wait_for_endings();
  void sweep_now();
  void release();
  void follow_moved_lines(ModelPerson& person) const;
  void acknowledge_notices();
  [[nodiscard]] bool ends_soon(std::int64_t job) const;

  void open_ledger();
  [[nodiscard]] SecretBytes anchor_bytes() const;
  [[nodiscard]] std::unique_ptr<Image> take_image() const;
  void revive(const Image& image, Box& box) const;
  void become(std::unique_ptr<Image> image, std::uint32_t timing);

  void find_lines_again(const KeyNames& keys);
  void check_new_incarnation(const proof::LogKey& old_key) const;
  void check_that_nobody_may_be_messaged() const;

  static Seen pulled_from(FileLedger& ledger, proof::Frontier& seen);
  static void note_line(std::string_view line, std::uint64_t seq, Seen& seen, std::set<std::uint64_t>& told);

  std::unique_ptr<Box> box_;
  Model model_;
  proof::Frontier seen_;
  std::uint64_t epoch_ = 0;
  std::uint64_t erasures_ = 0;   // after which older keys must not open
  std::set<std::int64_t> told_;  // jobs whose people the head office was told to forget
  std::shared_ptr<Image> old_image_;
  std::shared_ptr<Backup> backup_;
};

}  // namespace counterfoil::ledger::test
