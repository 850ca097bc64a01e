// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Operational items: canonical JSON, encrypted, under keyed hashes of their names.
#include "base/limits.h"
#include "crypto/crypto.h"
#include "ledger/byte_order.h"
#include "ledger/file_ledger.h"
#include "ledger/key_tree.h"

namespace counterfoil::ledger {
namespace {

constexpr std::size_t kItemPadding_bytes = 64;

Status check_item_name(std::string_view kind, std::string_view id) {
  if (kind.empty() || kind.size() > 40 || kind.find('\0') != std::string_view::npos)
    return fail(Code::BadInput, "an item's kind is a short word");
  if (id.size() > limits::kItemNameBytesMax) return fail(Code::Limit, "an item's name is too long");
  return {};
}

Bytes item_place(std::string_view kind, const Handle& id) {
  return place("cf/item/" + std::string(kind), id);
}

// Length, text, zeros up to the next bucket, so that the length of a name tells little.
SecretBytes item_clear(std::string_view text) {
  Bytes out;
  out.reserve(text.size() + 4 + kItemPadding_bytes);
  append_be32(out, static_cast<std::uint32_t>(text.size()));
  append_bytes(out, as_bytes(text));
  out.resize((out.size() + kItemPadding_bytes - 1) / kItemPadding_bytes * kItemPadding_bytes, 0);
  return SecretBytes(std::move(out));
}

Result<json::Value> item_value(const Key& key, std::string_view kind, const Handle& id, ByteView sealed) {
  const auto clear = crypto::unwrap(key, item_place(kind, id), sealed);
  if (!clear) return fail(Code::Corrupt, "desk.db: an item does not open");
  const ByteView bytes = clear->view();
  if (bytes.size() < 4 || read_be32(bytes) > bytes.size() - 4)
    return fail(Code::Corrupt, "desk.db: an item has another form");
  return json::read(as_text(bytes.subspan(4, read_be32(bytes))));
}

}  // namespace

Result<ItemChange> item_change(const Roots& roots, std::string_view kind, std::string_view id,
                               const json::Value& value) {
  CF_TRY(const std::string text, json::write(value));
  if (text.size() > limits::kItemBytesMax) return fail(Code::Limit, "an item is too long");
  const Handle hashed = item_hash(roots.desk_id, kind, id);
  return ItemChange{std::string(kind), hashed,
                    crypto::wrap(roots.desk_item, item_place(kind, hashed), item_clear(text).view())};
}

Status FileLedger::put_item(std::string_view kind, std::string_view id, const json::Value& value) {
  CF_CHECK(check_item_name(kind, id));
  CF_TRY(auto change, item_change(keyring_.roots(), kind, id, value));
  Job job;
  job.items.push_back(std::move(change));
  CF_CHECK(writer_->run(std::move(job)));
  return {};
}

Status FileLedger::remove_item(std::string_view kind, std::string_view id) {
  CF_CHECK(check_item_name(kind, id));
  Job job;
  job.items.push_back({std::string(kind), item_hash(keyring_.roots().desk_id, kind, id), std::nullopt});
  CF_CHECK(writer_->run(std::move(job)));
  return {};
}

Result<json::Value> FileLedger::item(std::string_view kind, std::string_view id) const {
  CF_CHECK(check_item_name(kind, id));
  const Handle hashed = item_hash(keyring_.roots().desk_id, kind, id);
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(const Bytes sealed, reader->item(kind, hashed));
  return item_value(keyring_.roots().desk_item, kind, hashed, sealed);
}

Result<std::vector<json::Value>> FileLedger::items(std::string_view kind) const {
  CF_CHECK(check_item_name(kind, {}));
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(const auto rows, reader->items(kind));
  std::vector<json::Value> out;
  for (const auto& row : rows) {
    CF_TRY(auto value, item_value(keyring_.roots().desk_item, kind, row.id, row.sealed));
    out.push_back(std::move(value));
  }
  return out;
}

Result<std::unique_ptr<Scratch>> FileLedger::scratch() const {
  return Scratch::open(options_.folder);
}

Status FileLedger::audit_items() const {
  CF_TRY(auto reader, readers_.lease());
  CF_TRY(auto st, reader->files().desk.prepare("SELECT kind, id, w FROM item"));
  while (true) {
    CF_TRY(const bool row, st.step());
    if (!row) return {};
    const auto id = exactly<16>(st.blob(1));
    if (!id) return fail(Code::Corrupt, "desk.db: an item's name has another length");
    CF_TRY(const auto value, item_value(keyring_.roots().desk_item, st.text(0), *id, st.blob(2)));
    (void)value;
  }
}

}  // namespace counterfoil::ledger
