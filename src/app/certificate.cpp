// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/certificate.h"

#include "app/certificate_files.h"
#include "base/fd.h"
#include "base/limits.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace counterfoil::app {
namespace {

constexpr std::string_view kRenew =
    "'counterfoil tls csr' makes the request for the next one, 'counterfoil tls install' puts it in place";

Result<SecretBytes> read_key(const std::string& path) {
  CF_TRY(Bytes key, read_file(path, limits::kKeyFileBytesMax));
  return SecretBytes(std::move(key));
}

std::string count_of_days(std::int64_t days) {
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

std::vector<std::string> wrong_by_date(const crypto::Validity& validity, const Term& term) {
  switch (term.stage) {
    case Term::Stage::Unknown:
      return {"the clock is not trusted, so nobody can say whether it has ended"};
    case Term::Stage::NotYet:
      return {"it begins only at " + rfc3339(validity.not_before) + ": phones refuse it until then"};
    case Term::Stage::Fine:
      return {};
    case Term::Stage::Ends:
      return {"it ends in " + count_of_days(term.days) + ", at " + rfc3339(validity.not_after) + "; " +
              std::string(kRenew)};
    case Term::Stage::Ended:
      break;
  }
  return {"it ended at " + rfc3339(validity.not_after) + " and phones refuse it; " + std::string(kRenew)};
}

std::vector<std::string> wrong_with(const crypto::ServerChain& chain, const Config& config,
                                    const Term& term) {
  std::vector<std::string> out = wrong_by_date(chain.leaf().validity, term);
  if (!crypto::is_named(chain.leaf().names, config.host))
    out.push_back("it is not for " + config.host + ", the host of the configuration: phones refuse it");
  for (auto& fault : chain.faults()) out.push_back(std::move(fault));
  return out;
}

json::Array array_of(const std::vector<std::string>& items) {
  return json::Array(items.begin(), items.end());
}

}  // namespace

Result<Identity> read_identity(const Config& config) {
  // Keys first: an installation puts the next key beside the old one before the chain that needs it.
  auto key = read_key(config.key_path);
  auto next = read_key(next_key_path(config));
  CF_TRY(std::string pem, read_text_file(config.certificate_path, limits::kKeyFileBytesMax));
  auto chain = crypto::ServerChain::from_pem(pem);
  if (!chain) return fail(chain.error().code, config.certificate_path + ": " + chain.error().message());
  if (!chain->is_key_served())
    return fail(Code::BadInput, config.certificate_path + ": its key is " + chain->leaf().key +
                                    ", which no handshake here can use; P-256 and RSA can");
  for (auto* one : {&key, &next})
    if (*one && chain->fits((*one)->text()))
      return Identity{*std::move(chain), {std::move(pem), *std::move(*one)}};
  if (!key) return key.error();
  return fail(Code::BadInput,
              config.key_path + " is not the key of the first certificate in " + config.certificate_path);
}

Term term_of(const crypto::Validity& validity, Instant now, ClockState clock) {
  if (clock == ClockState::Untrusted) return {};
  if (now < validity.not_before) return {Term::Stage::NotYet, 0, 0};
  const Instant left = validity.not_after - now;  // the last second still counts (RFC 5280)
  if (left < 0) return {Term::Stage::Ended, 0, -left / kDay_s};
  Term term{Term::Stage::Fine, 0, (left + kDay_s - 1) / kDay_s};
  for (const std::int64_t days : limits::kCertificateWarn_days)
    if (left <= days * kDay_s) term = {Term::Stage::Ends, days, term.days};
  return term;
}

bool CertificateWatch::is_news(const Hash& fingerprint, const Term& term) {
  const bool is_same = told_ && fingerprint == fingerprint_ && told_->stage == term.stage &&
                       told_->warned_days == term.warned_days;
  fingerprint_ = fingerprint;
  told_ = term;
  return !is_same && term.stage != Term::Stage::Fine;
}

json::Value certificate_facts(const crypto::ServerChain& chain, const Config& config, Instant now,
                              ClockState clock) {
  const auto& leaf = chain.leaf();
  const Term term = term_of(leaf.validity, now, clock);
  std::vector<std::string> names = leaf.names.dns;
  names.insert(names.end(), leaf.names.addresses.begin(), leaf.names.addresses.end());
  json::Object out{{"fingerprint", hex(chain.fingerprint())},
                   {"from", rfc3339(leaf.validity.not_before)},
                   {"issuer", printable(leaf.issuer)},
                   {"key", leaf.key},
                   {"names", array_of(names)},
                   {"spki_sha256", hex(leaf.spki_sha256)},
                   {"subject", printable(leaf.subject)},
                   {"until", rfc3339(leaf.validity.not_after)},
                   {"wrong", array_of(wrong_with(chain, config, term))}};
  if (term.stage == Term::Stage::Fine || term.stage == Term::Stage::Ends) out.emplace("days_left", term.days);
  if (term.stage == Term::Stage::Ended) out.emplace("days_left", 0);
  return out;
}

crypto::ServerNames configured_names(const Config& config, bool host_only) {
  crypto::ServerNames out;
  const auto add = [&out](const std::string& name) {
    std::array<std::uint8_t, 16> raw{};
    const bool is_address = ::inet_pton(AF_INET, name.c_str(), raw.data()) == 1 ||
                            ::inet_pton(AF_INET6, name.c_str(), raw.data()) == 1;
    auto& list = is_address ? out.addresses : out.dns;
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
  };
  add(config.host);
  if (!host_only)
    for (const auto& name : config.other_hosts) add(name);
  return out;
}

}  // namespace counterfoil::app
