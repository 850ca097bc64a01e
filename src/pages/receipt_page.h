// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The receipt of one submission: page, self-contained file, proof as text, record as JSON, undo. It shows
// what this submission wrote and nothing else about the number. Thread rule: any thread.
#pragma once

#include "pages/site.h"

namespace counterfoil::pages {

/// Pure. `undo_token` is a fresh form token.
Page receipt_page(const View& view, const desk::Submission& submission, std::string_view undo_token);

/// What a tablet shows instead: a QR with the receipt's address, never the receipt; gone after 30 seconds.
net::Response kiosk_hand_over(const View& view, const std::string& receipt_token);

/// Facts of the proof that the file prints in words beside it.
struct ReceiptFile {
  desk::Submission submission;
  desk::Receipt receipt;
  std::string notice;               // its name then; the configured one may be another by now
  std::string notice_sha256;        // of the text that was agreed to
  std::vector<std::string> agreed;  // its lines; empty when the text has changed since
  std::string key_fingerprint;      // SHA-256 of the log's public key, in groups
  std::string key_pem;
};
/// One HTML file that opens anywhere, without network. Fails with Internal.
Result<std::string> receipt_file(const View& view, const ReceiptFile& file);

net::Response get_receipt(Site& site, const net::Request& request);
net::Response get_receipt_file(Site& site, const net::Request& request);
net::Response get_receipt_proof(Site& site, const net::Request& request);
net::Response get_receipt_json(Site& site, const net::Request& request);
net::Response post_undo(Site& site, const net::Request& request);

/// The state in the reader's words: "Agreed", "Stopped: we do not write to you", …
std::string submission_state_words(const View& view, const desk::Submission& submission);
std::vector<consent::TopicId> topics_of(const desk::Submission& submission);
std::vector<consent::Channel> channels_of(const desk::Submission& submission);
/// True while something of the submission is asked for or agreed.
bool is_live(const desk::Submission& submission);
/// The answer for a token that leads nowhere.
net::Response unknown_receipt(const View& view, const net::Request& request, const Error& error);

}  // namespace counterfoil::pages
