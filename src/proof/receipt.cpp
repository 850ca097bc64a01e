// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/proof/receipt.h"

#include "base/limits.h"
#include "counterfoil/proof/tree.h"

#include <charconv>

namespace counterfoil::proof {
namespace {

constexpr std::string_view kReceiptHead = "c2sp.org/tlog-proof@v1";

Error not_a_receipt(std::string_view why) {
  return fail(Code::BadInput, "not a receipt: " + std::string(why));
}

// Cuts the next line off the front, without its newline; a text without newline has no line.
Result<std::string_view> receipt_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return not_a_receipt("it ends too early");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Status read_extra(std::string_view line, Receipt& out) {
  constexpr std::string_view kExtra = "extra ";
  if (!line.starts_with(kExtra)) return not_a_receipt("the line \"extra\" is missing");
  const Result<Bytes> bytes = from_base64(line.substr(kExtra.size()));
  if (!bytes) return not_a_receipt("the line \"extra\" is not base64");
  CF_TRY(Entry entry, decode_entry(as_text(*bytes)));
  if (entry.deleted() || !entry.d[0] || !entry.d[1] || entry.p)
    return not_a_receipt("it must carry the line, both salts and both disclosures");
  out.line = std::move(entry.leaf);
  out.disclosures = {std::move(*entry.d[0]), std::move(*entry.d[1])};
  return {};
}

Status read_index(std::string_view line, Receipt& out) {
  constexpr std::string_view kIndex = "index ";
  if (!line.starts_with(kIndex)) return not_a_receipt("the line \"index\" is missing");
  line.remove_prefix(kIndex.size());
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out.index);
  if (error != std::errc{} || end != line.data() + line.size() || (line.size() > 1 && line.front() == '0'))
    return not_a_receipt("the index is not a decimal number");
  return {};
}

}  // namespace

std::string write_receipt(const Receipt& receipt) {
  Entry entry;
  entry.leaf = receipt.line;
  entry.d = {receipt.disclosures[0], receipt.disclosures[1]};
  const Result<std::string> extra = encode_entry(entry);
  if (!extra) return {};
  std::string out(kReceiptHead);
  out += "\nextra " + base64(as_bytes(*extra)) + "\nindex " + std::to_string(receipt.index) + "\n";
  for (const Hash& hash : receipt.proof) out += base64(hash) + "\n";
  return out + "\n" + receipt.checkpoint;
}

Result<Receipt> read_receipt(std::string_view text) {
  if (text.size() > limits::kReceiptBytesMax) return not_a_receipt("it is too long");
  CF_TRY(const std::string_view head, receipt_line(text));
  if (head != kReceiptHead) return not_a_receipt("it does not begin with " + std::string(kReceiptHead));
  Receipt out;
  CF_TRY(const std::string_view extra, receipt_line(text));
  CF_CHECK(read_extra(extra, out));
  CF_TRY(const std::string_view index, receipt_line(text));
  CF_CHECK(read_index(index, out));
  for (;;) {
    CF_TRY(const std::string_view line, receipt_line(text));
    if (line.empty()) break;
    if (out.proof.size() == limits::kProofHashesMax) return not_a_receipt("its proof is too long");
    const Result<Bytes> bytes = from_base64(line);
    if (!bytes || bytes->size() != 32)
      return not_a_receipt("a hash of its proof is not the base64 of 32 bytes");
    CF_TRY(const Hash hash, exactly<32>(*bytes));
    out.proof.push_back(hash);
  }
  out.checkpoint = text;
  return out;
}

Result<CheckedReceipt> check_receipt(std::string_view text, const KeyChain& keys) {
  CF_TRY(const Receipt receipt, read_receipt(text));
  CheckedReceipt out;
  CF_TRY(out.checkpoint, keys.open(receipt.checkpoint));
  out.leaf_hash = leaf_hash(receipt.line);
  if (!verify_inclusion(out.leaf_hash, receipt.index, out.checkpoint.size, receipt.proof,
                        out.checkpoint.root))
    return fail(Code::Corrupt, "the receipt was changed: its line is not in the signed log");
  CF_TRY(out.leaf, decode_leaf(receipt.line));
  if (out.leaf.seq.value != receipt.index)
    return fail(Code::Corrupt, "the receipt is wrong: its line is numbered " +
                                   std::to_string(out.leaf.seq.value) + ", its index is " +
                                   std::to_string(receipt.index));
  if (out.leaf.log != out.checkpoint.origin)
    return fail(Code::WrongKey, "the receipt belongs to another log (" + out.leaf.log + ", expected " +
                                    out.checkpoint.origin + ")");
  if (!out.leaf.person) return fail(Code::BadInput, "the receipt is about no person");
  for (std::uint8_t i = 0; i < 2; ++i) {
    const Entry::Disclosure& shown = receipt.disclosures.at(i);
    if (commitment(i, shown.salt, shown.text) != out.leaf.person->c.at(i))
      return fail(Code::Corrupt, i == 0
                                     ? "the receipt was changed: the identity does not open its commitment"
                                     : "the receipt was changed: the content does not open its commitment");
  }
  CF_TRY(out.identity, consent::decode_identity(receipt.disclosures[0].text));
  out.body = receipt.disclosures[1].text;
  return out;
}

}  // namespace counterfoil::proof
