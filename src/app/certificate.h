// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The certificate that the doors show: read from the operator's files, judged by name and date. Thread rule:
// free functions from any thread; CertificateWatch in one.
#pragma once

#include "app/config.h"
#include "counterfoil/base/canonical_json.h"
#include "counterfoil/base/clock.h"
#include "crypto/server_chain.h"
#include "net/tls.h"

#include <optional>
#include <string>
#include <vector>

namespace counterfoil::app {

/// The chain and the key that belongs to it.
struct Identity {
  crypto::ServerChain chain;
  net::TlsIdentity tls;
};
/// The pair as the configuration names it; while an installation is under way its key may still lie beside
/// key_path (certificate_files.h). Fails as read_file() does, or with BadInput (not a chain, a key that no
/// handshake can use, or they do not belong together); the text names the file.
Result<Identity> read_identity(const Config& config);

/// What the calendar says of a certificate. Without a clock that somebody vouches for it says nothing.
struct Term {
  enum class Stage { Unknown, NotYet, Fine, Ends, Ended };
  Stage stage = Stage::Unknown;
  std::int64_t warned_days = 0;  // Ends: the threshold passed last, 30, 14, 7 or 3
  std::int64_t days = 0;         // until it ends, begun days counted as whole; Ended: since it did
};
Term term_of(const crypto::Validity& validity, Instant now, ClockState clock);

/// Tells news of a certificate once, however often it is asked. Thread rule: one thread.
class CertificateWatch {
 public:
  /// True when this stage or threshold is new for the certificate; Fine is no news.
  bool is_news(const Hash& fingerprint, const Term& term);

 private:
  Hash fingerprint_{};
  std::optional<Term> told_;
};

/// Facts for people and monitors: subject, names, issuer, from, until, days_left (not with a clock that
/// nobody vouches for), key, spki_sha256, fingerprint, and "wrong": a sentence for each thing to mend.
json::Value certificate_facts(const crypto::ServerChain& chain, const Config& config, Instant now,
                              ClockState clock);

/// host, and unless host_only other_hosts: what a certificate for this box should name.
crypto::ServerNames configured_names(const Config& config, bool host_only);

}  // namespace counterfoil::app
