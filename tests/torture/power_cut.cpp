// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "tests/torture/power_cut.h"

#include <algorithm>
#include <utility>

namespace counterfoil::torture {
namespace {

using Kind = Op::Kind;

constexpr std::size_t kSector_bytes = 512;

bool coin(Random& random) {
  return (random() & 1U) != 0;
}

std::size_t below(Random& random, std::size_t end) {
  return end == 0 ? 0 : static_cast<std::size_t>(random() % end);
}

void put(Bytes& into, std::size_t at, ByteView bytes, std::size_t from, std::size_t size) {
  if (into.size() < at + from + size) into.resize(at + from + size);
  const ByteView part = bytes.subspan(from, size);
  std::copy(part.begin(), part.end(), into.begin() + static_cast<std::ptrdiff_t>(at + from));
}

bool changes_file(const Op& op) {
  return op.kind == Kind::Write || op.kind == Kind::Truncate;
}

bool changes_folder(const Op& op) {
  return op.kind == Kind::Create || op.kind == Kind::Delete;
}

}  // namespace

std::string_view keep_name(Keep keep) {
  static constexpr std::array kNames = {"nothing",      "everything", "the beginning",
                                        "a torn write", "some",       "some and noise"};
  return kNames.at(static_cast<std::size_t>(keep));
}

/// What becomes of each op that is not durable.
class PowerCut::Choice {
 public:
  Choice(const PowerCut& cut, Keep keep, Random& random) : cut_(cut), keep_(keep), random_(random) {
    if (keep == Keep::Beginning) end_ = below(random, cut.point_ + 2);
  }

  [[nodiscard]] bool keeps_whole(std::size_t op) const {
    if (keep_ == Keep::Nothing) return false;
    if (keep_ == Keep::Beginning) return op < end_;
    if (keep_ == Keep::Everything || keep_ == Keep::Torn) return true;
    return coin(random_);
  }

  void write(Bytes& into, std::size_t number, const Op& op) const {
    if (keep_ == Keep::Some || keep_ == Keep::SomeNoise) return write_sectors(into, op);
    if (!keeps_whole(number)) return;
    const bool torn = keep_ == Keep::Torn && number + 1 >= cut_.point_;
    put(into, op.at, op.bytes, 0, torn ? below(random_, op.bytes.size()) : op.bytes.size());
  }

 private:
  void write_sectors(Bytes& into, const Op& op) const {
    for (std::size_t from = 0; from < op.bytes.size();) {
      const std::size_t size =
          std::min(op.bytes.size() - from, kSector_bytes - (op.at + from) % kSector_bytes);
      if (coin(random_)) {
        put(into, op.at, op.bytes, from, size);
      } else if (keep_ == Keep::SomeNoise && op.at + from >= into.size()) {
        Bytes noise(size);
        std::generate(noise.begin(), noise.end(), [&] { return static_cast<std::uint8_t>(random_()); });
        put(into, op.at + from, noise, 0, size);
      }
      from += size;
    }
  }

  const PowerCut& cut_;
  const Keep keep_;
  Random& random_;
  std::size_t end_ = 0;
};

PowerCut::PowerCut(const Recording& recording) : recording_(recording), anchor_(recording.before.anchor) {
  for (const std::string& name : recording.names_before) {
    entries_[name] = files_.size();
    files_.push_back({recording.before.files.at(name), {}});
  }
}

void PowerCut::put_entry(std::map<std::string, std::size_t>& entries, const Op& op) const {
  if (op.kind == Kind::Create) {
    entries[op.name] = op.file;
  } else {
    entries.erase(op.name);
  }
}

void PowerCut::pass(std::size_t number) {
  const Op& op = recording_.ops[number];
  if (op.kind == Kind::Create) files_.resize(std::max(files_.size(), op.file + 1));
  if (changes_folder(op)) pending_entries_.push_back(number);
  if (changes_file(op)) files_[op.file].pending.push_back(number);
  if (op.kind == Kind::Anchor) put(anchor_, op.at, op.bytes, 0, op.bytes.size());
  if (op.kind == Kind::Sync) {
    File& file = files_[op.file];
    for (const std::size_t pending : file.pending) {
      const Op& kept = recording_.ops[pending];
      if (kept.kind == Kind::Truncate) {
        file.durable.resize(kept.at);
      } else {
        put(file.durable, kept.at, kept.bytes, 0, kept.bytes.size());
      }
    }
  }
  if (op.kind == Kind::Sync || op.kind == Kind::Lose) files_[op.file].pending.clear();
  if (op.kind == Kind::Sync || op.kind == Kind::Lie) files_[op.file].lied = op.kind == Kind::Lie;
  if (op.kind == Kind::Forget) forget_lies();
  if (!op.folder) return;
  for (const std::size_t pending : pending_entries_) put_entry(entries_, recording_.ops[pending]);
  pending_entries_.clear();
}

void PowerCut::forget_lies() {
  for (File& file : files_)
    if (std::exchange(file.lied, false)) file.pending.clear();
}

void PowerCut::advance_to(std::size_t point) {
  while (point_ < point) pass(point_++);
}

Bytes PowerCut::content(std::size_t number, const Choice& choice) const {
  const File& file = files_[number];
  Bytes out = file.durable;
  const auto apply = [&](std::size_t op_number) {
    const Op& op = recording_.ops[op_number];
    if (op.kind == Kind::Write) return choice.write(out, op_number, op);
    if (choice.keeps_whole(op_number)) out.resize(op.at);
  };
  for (const std::size_t op : file.pending) apply(op);
  if (point_ < recording_.ops.size()) {
    const Op& flying = recording_.ops[point_];
    if (changes_file(flying) && flying.file == number) apply(point_);
  }
  return out;
}

Image PowerCut::image(Keep keep, Random& random) const {
  const Choice choice(*this, keep, random);
  auto entries = entries_;
  for (const std::size_t op : pending_entries_)
    if (choice.keeps_whole(op)) put_entry(entries, recording_.ops[op]);
  Image out;
  out.anchor = anchor_;
  if (point_ < recording_.ops.size()) {
    const Op& flying = recording_.ops[point_];
    // A file that is just being made has nothing in it yet.
    if (flying.kind == Kind::Delete && choice.keeps_whole(point_)) put_entry(entries, flying);
    if (flying.kind == Kind::Anchor && keep != Keep::Nothing) {
      const std::size_t size =
          keep == Keep::Everything ? flying.bytes.size() : below(random, flying.bytes.size());
      put(out.anchor, flying.at, flying.bytes, 0, size);
    }
  }
  for (const auto& [name, file] : entries) out.files[name] = content(file, choice);
  return out;
}

}  // namespace counterfoil::torture
