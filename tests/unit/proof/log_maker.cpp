// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "log_maker.h"

#include "base/fd.h"
#include "crypto/crypto.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace counterfoil::proof::testing {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}

crypto::SigningKey test_key(std::uint8_t seed) {
  std::array<std::uint8_t, 32> scalar{};
  scalar.fill(seed);
  return must(crypto::SigningKey::from_scalar(scalar));
}

std::string number3(std::uint64_t n) {
  std::string digits = std::to_string(n);
  return std::string(3 - digits.size(), '0') + digits;
}

}  // namespace

Hash numbered(std::uint64_t n) {
  const std::string text = "number " + std::to_string(n);
  return crypto::sha256(as_bytes(text));
}

NodeReader nodes_of(const std::vector<Hash>& hashes) {
  std::vector<std::vector<Hash>> rows{hashes};
  while (rows.back().size() > 1) {
    const auto& below = rows.back();
    std::vector<Hash> row;
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) row.push_back(node_hash(below[i], below[i + 1]));
    rows.push_back(std::move(row));
  }
  return [rows = std::move(rows)](unsigned level, std::uint64_t n) -> Result<Hash> {
    return rows.at(level).at(n);
  };
}

LogMaker::LogMaker(std::string origin, std::uint8_t key_seed)
    : signing_(test_key(key_seed)), log_key_{std::move(origin), signing_.spki()} {
  add_log(consent::EventType::SysGenesis,
          {{"format", 1}, {"key", base64url(signing_.public_key().spki_sha256())}});
}

Leaf LogMaker::leaf(consent::EventType type, ClockState clock) {
  Leaf out;
  out.log = log_key_.name;
  out.seq.value = entries_.size();
  out.t = now++;
  out.ck = clock;
  out.boot = std::string(32, 'b');
  out.bt_ms = 1000;
  out.typ = type;
  return out;
}

void LogMaker::add(Leaf leaf, Entry entry) {
  entry.leaf = must(encode_leaf(leaf));
  entry.hash = leaf_hash(entry.leaf);
  entries_.push_back(std::move(entry));
}

void LogMaker::add_log(consent::EventType type, json::Object body, ClockState clock) {
  Leaf out = leaf(type, clock);
  out.body = json::Value(std::move(body));
  add(std::move(out), {});
}

void LogMaker::add_person(consent::EventType type) {
  add_person(type, "{\"note\":\"content of " + std::to_string(entries_.size()) + "\"}");
}

void LogMaker::add_person(consent::EventType type, const std::string& body) {
  const std::uint64_t n = entries_.size();
  consent::Identity identity;
  identity.addresses.push_back({consent::AddressKind::Phone, "+34600000" + number3(n % 1000), {}});
  identity.language = "es";
  Entry entry;
  entry.d[0] = {numbered(2 * n), must(consent::encode_identity(identity))};
  entry.d[1] = {numbered(2 * n + 1), body};
  std::array<std::uint8_t, 12> random{};
  const Hash seed = numbered(n / 3);
  std::copy_n(seed.begin(), random.size(), random.begin());
  entry.p = recipient_handle(random);
  Leaf out = leaf(type, ClockState::Signed);
  PersonPart person;
  person.c = {commitment(0, entry.d[0]->salt, entry.d[0]->text),
              commitment(1, entry.d[1]->salt, entry.d[1]->text)};
  person.coh = "2028-11";
  const Hash chain = numbered(1000000 + n);
  std::copy_n(chain.begin(), person.h.size(), person.h.begin());
  person.rc = "mkt-2y";
  out.person = person;
  add(std::move(out), std::move(entry));
}

void LogMaker::fill(std::uint64_t size) {
  add_log(consent::EventType::SysBoot, {{"board", "fake"}});
  while (entries_.size() < size) {
    const std::uint64_t n = entries_.size();
    if (n % 50 == 0) {
      add_log(consent::EventType::SysMeta, {{"boots", 1}, {"epoch", 0}, {"keys_generation", n}});
    } else {
      add_person();
    }
  }
}

void LogMaker::erase(std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i <= last; ++i) {
    Entry gone;
    gone.hash = entries_.at(i).hash;
    entries_.at(i) = gone;
  }
}

void LogMaker::add_tombstone(std::uint64_t first, std::uint64_t last) {
  add_log(consent::EventType::EraseDone, {{"seqs", json::Array{json::Array{first, last}}}});
}

std::vector<std::string> LogMaker::lines() const {
  std::vector<std::string> out;
  for (const Entry& entry : entries_) out.push_back(must(encode_entry(entry)));
  return out;
}

std::vector<Hash> LogMaker::hashes() const {
  std::vector<Hash> out;
  for (const Entry& entry : entries_) out.push_back(entry.hash);
  return out;
}

Checkpoint LogMaker::checkpoint() const {
  Frontier frontier;
  for (const Entry& entry : entries_) frontier.push(entry.hash);
  return {log_key_.name, frontier.size(), frontier.root()};
}

std::string LogMaker::note_of(const Checkpoint& checkpoint) const {
  return must(sign_checkpoint(checkpoint, log_key_, signer()));
}

Signer LogMaker::signer() const {
  return [this](std::string_view message) -> Result<Bytes> { return signing_.sign(as_bytes(message)); };
}

Receipt LogMaker::receipt(std::uint64_t seq) const {
  const std::vector<Hash> all = hashes();
  const Entry& entry = entries_.at(seq);
  return {
      entry.leaf, {*entry.d[0], *entry.d[1]}, seq, must(inclusion_proof(seq, size(), nodes_of(all))), note()};
}

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "counterfoil-proof-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_text(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

std::string read_text(const std::string& path) {
  return std::string(as_text(must(read_file(path, std::size_t{1} << 26))));
}

void write_bundle(const std::string& folder, const std::string& origin, const std::string& note,
                  const std::vector<std::string>& lines) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  write_text(folder + "/origin", origin + "\n");
  write_text(folder + "/checkpoint", note);
  for (std::size_t start = 0; start < lines.size(); start += 256) {
    std::string text;
    for (std::size_t i = start; i < std::min(start + 256, lines.size()); ++i) text += lines[i] + "\n";
    write_text(folder + "/entries-" + std::to_string(start) + ".ndjson", text);
  }
}

void write_tiles(const std::string& folder, const std::vector<Hash>& hashes) {
  std::filesystem::create_directories(folder + "/tiles/0");
  for (std::size_t start = 0; start < hashes.size(); start += 256) {
    std::string bytes;
    const std::size_t end = std::min(start + 256, hashes.size());
    for (std::size_t i = start; i < end; ++i) bytes += as_text(hashes[i]);
    write_text(folder + "/tiles/0/" + std::to_string(start / 256), bytes);
  }
}

}  // namespace counterfoil::proof::testing
