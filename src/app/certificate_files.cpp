// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/certificate_files.h"

#include "base/fd.h"
#include "base/limits.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace counterfoil::app {
namespace {

constexpr unsigned kChainMode = 0644;
constexpr unsigned kKeyMode = 0640;

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

// Somebody else's link, certbot's for one: its target changes without us, and replacing it would end that.
Status demand_no_link(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return {};
  return fail(Code::Conflict, path +
                                  " is a link, so another program puts the certificate there; let it, and "
                                  "'systemctl reload counterfoild' serves what it put");
}

// The daemon reads by its group: whoever could read the old file, or the folder, can read the new one.
Status share(const std::string& fresh, const std::string& old_path, unsigned mode) {
  const Fd fd(::open(fresh.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat like{};
  if (!fd.valid()) return errno_error(errno, "cannot open " + fresh);
  if (::stat(old_path.c_str(), &like) == 0) {
    mode = like.st_mode & 0777U & mode;
  } else if (::stat(folder_of(old_path).c_str(), &like) != 0) {
    return errno_error(errno, "cannot look at the folder of " + old_path);
  }
  if (::fchown(fd.get(), static_cast<uid_t>(-1), like.st_gid) != 0 || ::fchmod(fd.get(), mode) != 0)
    return errno_error(errno, "cannot make " + fresh + " readable for the daemon");
  if (::fsync(fd.get()) != 0) return errno_error(errno, "cannot sync " + fresh);
  return {};
}

// Durable and readable for the daemon, but not yet in its place.
Status put_beside(const std::string& fresh, ByteView bytes, const std::string& old_path, unsigned mode) {
  CF_CHECK(write_file_durably(fresh, bytes));
  return share(fresh, old_path, mode);
}

Status move_into_place(const std::string& fresh, const std::string& path) {
  if (::rename(fresh.c_str(), path.c_str()) != 0) return errno_error(errno, "cannot rename onto " + path);
  return sync_folder(folder_of(path));
}

// An installation that a power cut ended between its two renames: the key that serves is still beside.
Status finish_earlier(const Config& config) {
  const std::string next = next_key_path(config);
  if (!exists(next)) return {};
  const auto serving = read_identity(config);
  const auto key = read_text_file(next, limits::kKeyFileBytesMax);
  if (!serving || !key || !serving->chain.fits(*key)) return {};
  return move_into_place(next, config.key_path);
}

Status install_as_one(const Config& config, const Identity& identity) {
  const std::string_view key = identity.tls.key_pem.text();
  Bytes both;
  both.reserve(key.size() + identity.tls.certificate_pem.size() + 1);  // growing would leave copies behind
  both.assign(key.begin(), key.end());
  both.push_back('\n');
  both.insert(both.end(), identity.tls.certificate_pem.begin(), identity.tls.certificate_pem.end());
  const SecretBytes secret(std::move(both));
  const std::string next = next_key_path(config);
  CF_CHECK(put_beside(next, secret.view(), config.key_path, kKeyMode));
  return move_into_place(next, config.key_path);
}

Status install_as_two(const Config& config, const Identity& identity) {
  const std::string next_key = next_key_path(config);
  const std::string next_chain = config.certificate_path + ".next";
  CF_CHECK(put_beside(next_key, identity.tls.key_pem.view(), config.key_path, kKeyMode));
  CF_CHECK(
      put_beside(next_chain, as_bytes(identity.tls.certificate_pem), config.certificate_path, kChainMode));
  CF_CHECK(move_into_place(next_chain, config.certificate_path));  // from here on the new pair serves
  return move_into_place(next_key, config.key_path);
}

Result<SecretBytes> read_secret_file(const std::string& path) {
  CF_TRY(Bytes key, read_file(path, limits::kKeyFileBytesMax));
  return SecretBytes(std::move(key));
}

Result<crypto::SigningKey> pending_key(const Config& config, bool new_key) {
  const std::string path = pending_key_path(config);
  if (!new_key && exists(path)) {
    CF_TRY(const SecretBytes pem, read_secret_file(path));
    auto key = crypto::SigningKey::from_pem(pem.text());
    if (!key) return fail(Code::BadInput, path + " is not a P-256 key; --new-key makes another in its place");
    return key;
  }
  auto key = crypto::SigningKey::generate();
  CF_CHECK(write_file_durably(path, key.pem().view(), 0600));
  return key;
}

}  // namespace

std::string next_key_path(const Config& config) {
  return config.key_path + ".next";
}

std::string pending_key_path(const Config& config) {
  return config.key_path + ".pending";
}

Result<std::string> request_certificate(const Config& config, bool host_only, bool new_key) {
  CF_TRY(const auto key, pending_key(config, new_key));
  return crypto::certificate_request(key, configured_names(config, host_only));
}

Result<Identity> match_key(const Config& config, std::string chain_pem, const std::string& key_path_given) {
  CF_TRY(auto chain, crypto::ServerChain::from_pem(chain_pem));
  std::vector<std::string> paths = {pending_key_path(config), config.key_path, next_key_path(config)};
  if (!key_path_given.empty()) paths = {key_path_given};
  for (const auto& path : paths) {
    auto key = read_secret_file(path);
    if (!key && !key_path_given.empty()) return key.error();
    if (key && chain.fits(key->text()))
      return Identity{std::move(chain), {std::move(chain_pem), *std::move(key)}};
  }
  if (!key_path_given.empty())
    return fail(Code::BadInput, key_path_given + " is not the key of the first certificate");
  return fail(
      Code::BadInput,
      "the first certificate is neither for the key of the last 'counterfoil tls csr' nor for the one in "
      "use; --key FILE gives its key");
}

Status judge_for_install(const Identity& identity, const Config& config, Instant now, ClockState clock) {
  const auto& validity = identity.chain.leaf().validity;
  std::vector<std::string> faults = identity.chain.faults();
  if (!crypto::is_named(identity.chain.leaf().names, config.host))
    faults.push_back("it is not for " + config.host + ", the host of the configuration");
  if (clock != ClockState::Untrusted && now > validity.not_after)
    faults.push_back("it ended at " + rfc3339(validity.not_after));
  if (clock != ClockState::Untrusted && validity.not_before > now + limits::kCertificateAhead_s)
    faults.push_back("it begins only at " + rfc3339(validity.not_before) +
                     "; install it then, or look at the clock");
  if (faults.empty()) return {};
  std::string all = "this certificate is not installed, the old one stays:";
  for (const auto& fault : faults) all += "\n  " + fault;
  return fail(Code::Refused, std::move(all));
}

Status install_identity(const Config& config, const Identity& identity) {
  for (const auto* path : {&config.certificate_path, &config.key_path}) CF_CHECK(demand_no_link(*path));
  CF_CHECK(finish_earlier(config));
  const bool is_one_file = config.certificate_path == config.key_path;
  return is_one_file ? install_as_one(config, identity) : install_as_two(config, identity);
}

void end_request(const Config& config, const Identity& identity) {
  const std::string pending = pending_key_path(config);
  const auto asked = read_secret_file(pending);
  if (asked && identity.chain.fits(asked->text())) ::unlink(pending.c_str());
}

}  // namespace counterfoil::app
