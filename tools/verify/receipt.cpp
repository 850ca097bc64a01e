// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A receipt as a customer saved it: the page, the JSON file, or the proof's text alone (FORMAT.md, section
// 10). What is printed names nobody.
#include "base/limits.h"
#include "counterfoil/proof/twin.h"
#include "tool.h"

#include <cstring>
#include <sstream>
#include <utility>
#include <vector>

namespace counterfoil::verify {
namespace {

constexpr std::string_view kProofHead = "c2sp.org/tlog-proof@v1\n";
constexpr std::string_view kTwinHead = "eyJhbGciOiJFUzI1NiIsImtpZCI6I";  // {"alg":"ES256","kid":"
constexpr std::string_view kTwinLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

struct Saved {
  std::string proof;
  std::string twin;    // compact JWS; empty where there is none
  json::Value record;  // what the JSON file shows beside it; null elsewhere
  bool page = false;
};

// Two of a kind could show one thing and prove another.
Result<std::size_t> only(std::string_view file, std::string_view head, std::string_view what) {
  const std::size_t at = file.find(head);
  if (at != file.npos && file.find(head, at + 1) != file.npos)
    return fail(Code::BadInput, "there is more than one " + std::string(what) + " in it");
  return at;
}

std::string without_entities(std::string text) {
  for (const auto& [written, meant] :
       {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}})
    for (std::size_t at = 0; (at = text.find(written, at)) != std::string::npos; ++at)
      text.replace(at, std::strlen(written), meant);
  return text;
}

Result<Saved> read_page(std::string_view file) {
  CF_TRY(const std::size_t proof, only(file, kProofHead, "proof"));
  CF_TRY(const std::size_t twin, only(file, kTwinHead, "record"));
  Saved out;
  out.page = true;
  if (twin != file.npos) out.twin = file.substr(twin, file.find_first_not_of(kTwinLetters, twin) - twin);
  if (proof == file.npos)
    return fail(Code::BadInput, out.twin.empty()
                                    ? "there is no proof of a receipt in it"
                                    : "there is a record in it, but no proof that the log holds it");
  out.proof = without_entities(std::string(file.substr(proof, file.find('<', proof) - proof)));
  return out;
}

Result<Saved> read_json(std::string_view file) {
  CF_TRY(const json::Value all, json::read(file, {.bytes_max = limits::kReceiptBytesMax}));
  Saved out;
  CF_TRY(out.proof, all.string_at("proof"));
  CF_TRY(out.twin, all.string_at("jws"));
  if (const json::Value* record = all.find("record")) out.record = *record;
  return out;
}

Result<Saved> read_saved(const std::string& file) {
  if (file.starts_with(kProofHead)) return Saved{file, {}, {}, false};
  return file.starts_with('{') ? read_json(file) : read_page(file);
}

// The key, not the name, decides whose log it is; the name is taken from the note it must have signed.
Result<std::string> claimed_origin(std::string_view proof) {
  CF_TRY(const proof::Receipt receipt, proof::read_receipt(proof));
  CF_TRY(proof::Checkpoint claimed, proof::read_checkpoint(receipt.checkpoint));
  return std::move(claimed.origin);
}

// Later keys of the log, as the record carries them or, for a bare proof, as 'counterfoil log-key' prints
// them below the first one.
Result<proof::KeyChain> keys_for(const Saved& saved, const std::string& pem, proof::LogKey first) {
  if (!saved.twin.empty()) return proof::keys_of_twin(saved.twin, std::move(first));
  proof::KeyChain out(std::move(first));
  std::vector<std::string> lines;
  std::istringstream file(pem);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with('{')) lines.push_back(line);
  CF_CHECK(out.follow_lines(lines));
  return out;
}

Result<json::Value> check_record(const Saved& saved, const proof::CheckedReceipt& receipt,
                                 const proof::KeyChain& keys) {
  CF_TRY(json::Value record, proof::check_twin(saved.twin, receipt, keys));
  if (!saved.record.is_null() && saved.record != record)
    return fail(Code::Corrupt, "the record beside the signed one says otherwise");
  return record;
}

// ---- words ----

void print(const std::string& line) {
  std::puts(printable(line).c_str());
}

std::string text_at(const json::Value& value, std::string_view key) {
  return value.string_at(key).value_or("?");
}

template <class Items, class Name>
std::string listed(const Items& items, Name name) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + std::string(name(item));
  return out;
}

std::string_view proof_words(consent::Evidence evidence) {
  switch (evidence) {
    case consent::Evidence::Claimed:
      return "the number was typed, nobody proved it then";
    case consent::Evidence::Present:
      return "its code was confirmed at the till";
    case consent::Evidence::Possessed:
      return "a message from that number carried its code";
  }
  return "?";
}

void print_grant(const consent::GrantBody& grant) {
  print("agreed: " + listed(grant.topics, [](const auto& topic) { return topic.text(); }) + " by " +
        listed(grant.channels, consent::channel_name) + ", until " + rfc3339(grant.ends) + ", by a " +
        grant.method + "; " + std::string(proof_words(grant.evidence)));
  print("notice: " + grant.notice.id.text() + " (" + grant.notice.language + "), SHA-256 " +
        hex(grant.notice.sha256));
}

const json::Array& items_at(const json::Value& value, std::string_view key) {
  static const json::Array none;
  const json::Value* found = value.find(key);
  const json::Array* items = found == nullptr ? nullptr : found->array();
  return items == nullptr ? none : *items;
}

std::string event_words(const json::Value& event) {
  const auto evidence = event.string_at("evidence");
  const auto topics = event.strings_at("purposes");
  const auto name = [](const std::string& topic) { return topic; };
  return text_at(event, "event_time") + " " + text_at(event, "typ") + ": " + text_at(event, "event_state") +
         (evidence ? " (" + *evidence + ")" : "") + (topics ? " for " + listed(*topics, name) : "");
}

void print_record(const json::Value& record) {
  for (const json::Value& party : items_at(record, "parties"))
    if (text_at(party, "party_role") == "controller" && party.find("party_address") != nullptr)
      print("given to: " + text_at(party, "party_name") + ", " + text_at(party, "party_address") + ", " +
            text_at(party, "party_contact"));
  const json::Array& events = items_at(record, "events");
  for (const json::Value& event : events) print("  " + event_words(event));
  print(
      "as of " + text_at(record, "issued") +
      (events.size() > 1 ? "; of these events the first is proved here, the others are the log's word" : ""));
}

int print_intact(const Saved& saved, const proof::CheckedReceipt& receipt, const json::Value& record,
                 const proof::LogKey& key, bool by_first) {
  print("intact: " + std::string(consent::event_name(receipt.leaf.typ)) + " of " + rfc3339(receipt.leaf.t) +
        ", line " + std::to_string(receipt.leaf.seq.value) + " of " + receipt.leaf.log +
        ", checkpoint size " + std::to_string(receipt.checkpoint.size) + " signed by " +
        (by_first ? "" : "a key that follows from ") + proof::key_id(key));
  if (const auto event = proof::event_of(receipt))
    if (const auto* grant = std::get_if<consent::GrantBody>(&*event->body)) print_grant(*grant);
  if (!record.is_null()) print_record(record);
  if (saved.page) print("Only proof and record inside the page were checked, not the words around them.");
  return kIntact;
}

int not_intact(const Error& error) {
  print(error.message());
  return kNotIntact;
}

}  // namespace

int check_receipt_file(const std::string& path, const std::string& origin, const std::string& pem) {
  const auto file = read_text(path, limits::kReceiptBytesMax, "receipt");
  if (!file) return not_checked(file.error());
  const auto saved = read_saved(*file);
  if (!saved) return not_checked(fail(saved.error().code, path + ": " + saved.error().message()));
  const auto name = origin.empty() ? claimed_origin(saved->proof) : Result<std::string>(origin);
  if (!name) return not_intact(name.error());
  const auto key = proof::log_key_from_pem(pem, *name);
  if (!key) return not_checked(key.error());
  const auto keys = keys_for(*saved, pem, *key);
  if (!keys)
    return not_intact(fail(keys.error().code, "its changes of the log's key: " + keys.error().message()));
  const auto receipt = proof::check_receipt(saved->proof, *keys);
  if (!receipt) return not_intact(receipt.error());
  const bool by_first = proof::check_receipt(saved->proof, *key).has_value();
  if (saved->twin.empty()) return print_intact(*saved, *receipt, {}, *key, by_first);
  const auto record = check_record(*saved, *receipt, *keys);
  if (!record) return not_intact(record.error());
  return print_intact(*saved, *receipt, *record, *key, by_first);
}

}  // namespace counterfoil::verify
