// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/note.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/signing.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace counterfoil::proof {
namespace {

constexpr std::string_view kSignatureMark = "\xE2\x80\x94 ";  // em dash U+2014, space

struct Signature {
  std::string_view name;
  Bytes blob;  // key id (4 bytes) || signature
};

struct ParsedNote {
  Checkpoint checkpoint;
  std::string_view body;  // what is signed
  std::vector<Signature> signatures;
};

Error not_a_checkpoint(std::string_view why) {
  return fail(Code::BadInput, "not a checkpoint: " + std::string(why));
}

// Cuts the next line off the front, without its newline.
std::string_view cut_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<Checkpoint> parse_body(std::string_view body) {
  if (std::count(body.begin(), body.end(), '\n') != 3)
    return not_a_checkpoint("its text must have three lines");
  Checkpoint out;
  out.origin = cut_line(body);
  if (!is_origin(out.origin)) return not_a_checkpoint("the origin has characters that no log name has");
  const std::string_view size = cut_line(body);
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), out.size);
  if (error != std::errc{} || end != size.data() + size.size() || (size.size() > 1 && size.front() == '0'))
    return not_a_checkpoint("the size is not a decimal number");
  const Result<Bytes> root = from_base64(cut_line(body));
  if (!root || root->size() != out.root.size())
    return not_a_checkpoint("the root is not the base64 of 32 bytes");
  std::copy(root->begin(), root->end(), out.root.begin());
  return out;
}

Result<Signature> parse_signature(std::string_view line) {
  if (!line.starts_with(kSignatureMark)) return not_a_checkpoint("a signature line has no em dash");
  line.remove_prefix(kSignatureMark.size());
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos)
    return not_a_checkpoint("a signature line has no key name");
  Signature out{line.substr(0, space), {}};
  if (out.name.find('+') != std::string_view::npos) return not_a_checkpoint("a key name has a plus");
  Result<Bytes> blob = from_base64(line.substr(space + 1));
  if (!blob || blob->size() < 5) return not_a_checkpoint("a signature is not base64");
  out.blob = std::move(*blob);
  return out;
}

Result<ParsedNote> parse_note(std::string_view note) {
  if (note.size() > limits::kNoteBytesMax) return not_a_checkpoint("it is too long");
  if (!is_utf8(note)) return not_a_checkpoint("it is not UTF-8");
  for (const char c : note)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n')
      return not_a_checkpoint("it has control characters");
  const std::size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos || note.back() != '\n')
    return not_a_checkpoint("it has no signature lines");
  ParsedNote out;
  out.body = note.substr(0, blank + 1);
  CF_TRY(out.checkpoint, parse_body(out.body));
  std::string_view rest = note.substr(blank + 2);
  while (!rest.empty()) {
    if (out.signatures.size() == limits::kNoteSignaturesMax)
      return not_a_checkpoint("it has too many signatures");
    CF_TRY(Signature signature, parse_signature(cut_line(rest)));
    out.signatures.push_back(std::move(signature));
  }
  if (out.signatures.empty()) return not_a_checkpoint("it has no signature lines");
  return out;
}

std::array<std::uint8_t, 4> note_key_id(const LogKey& key) {
  const Hash hash = crypto::sha256(key.spki);
  return {hash[0], hash[1], hash[2], hash[3]};
}

bool is_by(const Signature& signature, const LogKey& key) {
  const auto id = note_key_id(key);
  return signature.name == key.name && std::equal(id.begin(), id.end(), signature.blob.begin());
}

}  // namespace

bool is_origin(std::string_view text) {
  constexpr std::string_view kOthers = "._/~:-";
  if (text.empty() || text.size() > limits::kOriginBytesMax) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

std::string key_id(const LogKey& key) {
  return hex(note_key_id(key));
}

std::string checkpoint_body(const Checkpoint& c) {
  return c.origin + "\n" + std::to_string(c.size) + "\n" + base64(c.root) + "\n";
}

Result<LogKey> log_key_from_pem(std::string_view pem, std::string name) {
  CF_TRY(const crypto::VerifyKey key, crypto::VerifyKey::from_pem(pem));
  return LogKey{std::move(name), key.spki()};
}

Result<std::string> sign_checkpoint(const Checkpoint& c, const LogKey& key, const Signer& sign) {
  if (!is_origin(c.origin) || c.origin != key.name)
    return fail(Code::BadInput, "a log signs only checkpoints of its own origin");
  const std::string body = checkpoint_body(c);
  CF_TRY(const Bytes raw, sign(body));
  CF_TRY(const crypto::VerifyKey verifier, crypto::VerifyKey::from_spki(key.spki));
  // A bit flip while signing would give away the key or publish a note that nobody accepts.
  if (!verifier.verify(as_bytes(body), raw))
    return fail(Code::Crypto, "the new signature does not verify; nothing was published");
  CF_TRY(const Bytes der, crypto::der_signature(raw));
  const auto id = note_key_id(key);
  Bytes blob(id.begin(), id.end());
  blob.insert(blob.end(), der.begin(), der.end());
  return body + "\n" + std::string(kSignatureMark) + key.name + " " + base64(blob) + "\n";
}

Result<Checkpoint> open_checkpoint(std::string_view note, const LogKey& key) {
  CF_TRY(const ParsedNote parsed, parse_note(note));
  if (parsed.checkpoint.origin != key.name)
    return fail(Code::WrongKey, "the checkpoint belongs to another log (" + parsed.checkpoint.origin +
                                    ", expected " + key.name + ")");
  CF_TRY(const crypto::VerifyKey verifier, crypto::VerifyKey::from_spki(key.spki));
  bool signed_by_key = false;
  for (const Signature& signature : parsed.signatures) {
    if (!is_by(signature, key)) continue;
    const Result<Bytes> raw = crypto::raw_signature(ByteView(signature.blob).subspan(4));
    if (!raw || !verifier.verify(as_bytes(parsed.body), *raw))
      return fail(Code::Corrupt, "the checkpoint was changed: its signature does not verify");
    signed_by_key = true;
  }
  if (!signed_by_key) return fail(Code::WrongKey, "the checkpoint is signed by another key");
  return parsed.checkpoint;
}

Result<Checkpoint> read_checkpoint(std::string_view note) {
  CF_TRY(ParsedNote parsed, parse_note(note));
  return std::move(parsed.checkpoint);
}

}  // namespace counterfoil::proof
