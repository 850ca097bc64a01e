// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "demo_shop.h"

#include "base/fd.h"
#include "base/limits.h"
#include "board/fake/manual_clock.h"
#include "commands.h"
#include "crypto/certificate.h"
#include "crypto/crypto.h"
#include "crypto/one_time_code.h"

#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <filesystem>

namespace counterfoil::tool {
namespace {

constexpr std::string_view kMarker = "demo.json";
constexpr Instant kMonth_s = 30 * kDay_s;
constexpr Instant kCertificateLife_s = 90 * kDay_s;
// Whoever got a message today, and whoever got as many this week as the shop promised.
constexpr std::string_view kMessaged = "070 174 06 13";
constexpr std::string_view kOften = "070 174 06 14";
constexpr std::string_view kBlocker = "070 174 06 15";  // stopped adverts inside WhatsApp
constexpr std::string_view kWriter = "070 174 06 16";   // wrote 30 hours ago
constexpr std::string_view kWaiter = "070 174 06 19";   // asked to be told when it is back, and was
constexpr const char* kBackend = "client/whatsapp";

using consent::Channel;
using consent::TopicId;

std::string random_password() {
  constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::array<std::uint8_t, 14> random{};
  crypto::random(random);
  std::string out;
  for (std::uint8_t byte : random) out += kLetters[byte % kLetters.size()];
  return out.substr(0, 5) + "-" + out.substr(5, 5) + "-" + out.substr(10);
}

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return errno_error(errno, "cannot make folder " + path);
  return {};
}

Status write_text(const std::string& path, std::string_view text) {
  return write_file_durably(path, as_bytes(text));
}

// The history of thirteen people, told to the real desk one day after the other.
class History {
 public:
  History(desk::Desk& desk, board::ManualClock& clock, Instant now)
      : desk_(desk), clock_(clock), now_(now), today_(now / kDay_s * kDay_s) {}

  Status tell() {
    at(760, 10);
    CF_CHECK(say_yes("070 174 06 10", "caja", all_, both_, true));
    at(200, 11);
    CF_TRY(const std::string stopper,
           say_yes("070 174 06 08", "entrada", {care_, offers_, tastings_}, both_, true));
    at(150, 12);
    CF_CHECK(say_yes("070 174 06 06", "arreglos", {orders_}, both_, true));
    at(120, 10);
    CF_TRY(const std::string chooser, say_yes("070 174 06 11", "caja", all_, both_, true));
    at(100, 19);
    CF_CHECK(desk_.stop_all(stopper));
    at(60, 16);
    CF_CHECK(say_yes("070 174 06 07", "caja", all_, {Channel::Sms}, true));
    at(55, 10);
    for (const std::string_view number : {kMessaged, kOften, kBlocker, kWriter})
      CF_CHECK(say_yes(number, "caja", all_, both_, true));
    at(45, 9);
    CF_CHECK(say_yes("070 174 06 09", "entrada", {care_, offers_}, both_, true));
    at(30, 11);
    CF_CHECK(say_yes("070 174 06 05", "caja", all_, both_, true));
    at(20, 18);
    CF_CHECK(desk_.keep(chooser, {orders_, care_, tastings_}));
    at(15, 21);
    CF_CHECK(desk_.native(kBlocker, "SE", {true, clock_.now(), Channel::WhatsApp, {}, kBackend}));
    at(10, 12);
    consent::StopBody told;
    told.by = consent::Actor::Staff;
    told.via = "till";
    told.user = cashier_.id;
    CF_CHECK(desk_.stop_by_number("070 174 06 09", "SE", told));
    at(9, 8);
    CF_CHECK(say_yes(kWaiter, "estante", {back_}, both_, true));
    CF_CHECK(send(kWaiter, back_, 9, 7));
    CF_CHECK(send(kOften, offers_, monday(), 1));
    at(1, 17);
    CF_CHECK(say_yes("070 174 06 12", "caja", {offers_}, {Channel::WhatsApp}, false));
    CF_CHECK(send(kOften, offers_, 0, 0));
    CF_CHECK(send(kMessaged, offers_, 0, 0));
    clock_.set(now_);
    CF_CHECK(desk_.hear(
        {std::string(kWriter), "SE", Channel::WhatsApp, {}, now_ - 30 * kHour_s, "Gracias!", kBackend}));
    return {};
  }

 private:
  void at(Instant days_ago, Instant hour_utc) { clock_.set(today_ - days_ago * kDay_s + hour_utc * kHour_s); }

  // Days ago of this week's Monday; 1970 began on a Thursday.
  [[nodiscard]] Instant monday() const { return (today_ / kDay_s + 3) % 7; }

  // At eleven in the shop on each of these days, as far as they have come and the desk allows it.
  Status send(std::string_view number, const TopicId& topic, Instant from_days_ago, Instant to_days_ago) {
    constexpr Instant kEleven_utc = 10;
    for (Instant day = from_days_ago; day >= to_days_ago; --day) {
      if (today_ - day * kDay_s + kEleven_utc * kHour_s > now_) break;
      at(day, kEleven_utc);
      CF_CHECK(desk_.write({std::string(number), "SE", Channel::WhatsApp, topic}, cashier_));
    }
    return {};
  }

  Result<std::string> say_yes(std::string_view number, std::string_view link,
                              const std::vector<TopicId>& topics, const std::vector<Channel>& channels,
                              bool proved) {
    const consent::LinkId id{std::string(link)};
    CF_TRY(const auto form, desk_.opt_in_form(id, "es"));
    desk::OptInRequest request;
    request.link = id;
    request.language = "es";
    request.notice = form.notice.ref.sha256;
    request.channels = channels;
    request.topics = topics;
    request.number = std::string(number);
    request.region = "SE";
    request.age_affirmed = true;
    CF_TRY(const auto given, desk_.opt_in(request));
    clock_.advance(2 * kMinute_s);
    if (proved) CF_CHECK(desk_.confirm(given.code, cashier_));
    return given.token;
  }

  desk::Desk& desk_;
  board::ManualClock& clock_;
  Instant now_;
  Instant today_;
  const desk::User cashier_{consent::UserId("caja-1"), desk::Role::Staff};
  const TopicId orders_{"orders"}, care_{"care"}, offers_{"offers"}, tastings_{"tastings"}, back_{"back"};
  const std::vector<TopicId> all_{orders_, care_, offers_, tastings_};
  const std::vector<Channel> both_{Channel::WhatsApp, Channel::Sms};
};

Instant now_of_machine() {
  return std::time(nullptr);
}

std::uint64_t one_time_step(Instant t) {
  return static_cast<std::uint64_t>(t / crypto::kOneTimeStep_s);
}

Status issue_server_certificate(const DemoShop& shop) {
  CF_TRY(const auto ca_pem, read_small_file(shop.ca_file()));
  CF_TRY(const auto ca_key, read_small_file(shop.folder + "/tls/ca.key"));
  CF_TRY(const auto authority, crypto::Authority::from_pem(ca_pem, ca_key));
  const std::string key_path = shop.folder + "/tls/server.key";
  if (!read_small_file(key_path)) CF_CHECK(write_text(key_path, crypto::SigningKey::generate().pem().text()));
  CF_TRY(const auto key_pem, read_small_file(key_path));
  CF_TRY(const auto key, crypto::SigningKey::from_pem(key_pem));
  crypto::ServerNames names{{"localhost"}, {"127.0.0.1", "::1"}};
  if (shop.host != "localhost") names.addresses.push_back(shop.host);
  const Instant now = now_of_machine();
  CF_TRY(const auto certificate,
         authority.issue_server(key.public_key(), names, {now - kDay_s, now + kCertificateLife_s}));
  return write_text(shop.folder + "/tls/server.pem", certificate);
}

Status make_keys(const DemoShop& shop) {
  const Instant now = now_of_machine();
  const crypto::Validity validity{now - kDay_s, now + 10 * 365 * kDay_s};
  CF_TRY(const auto authority, crypto::Authority::create("Tres Faroles demo", validity));
  CF_CHECK(write_text(shop.ca_file(), authority.certificate_pem()));
  CF_CHECK(write_text(shop.folder + "/tls/ca.key", authority.key_pem().text()));
  const auto office = crypto::SigningKey::generate();
  CF_TRY(const auto certificate, authority.issue_client(office.public_key(), "head-office", validity));
  CF_CHECK(write_text(shop.sync_cert(), certificate));
  return write_text(shop.sync_key(), office.pem().text());
}

Status tell_history(const DemoShop& shop) {
  CF_TRY(const auto config, app::read_config(shop.paths().config));
  const Instant now = now_of_machine();
  board::ManualClock clock(now - 26 * kMonth_s, ClockState::Synced);
  CF_CHECK(app::Appliance::create(config, shop.paths(), &clock));
  CF_TRY(const auto box, app::Appliance::open(config, shop.paths(), &clock));
  CF_CHECK(box->ledger().wait_ready(limits::kControlDeadline_ms));
  CF_CHECK(History(box->desk(), clock, now).tell());
  CF_CHECK(box->desk().add_user(shop.staff_user, desk::Role::Manager, shop.staff_password));
  // By the code before this one, so that this moment's is still good.
  const auto code = crypto::one_time_code(shop.staff_secret.view(), one_time_step(clock.now()) - 1);
  CF_CHECK(box->desk().enrol(shop.staff_user, shop.staff_secret.view(), code));
  desk::Peer peer;
  peer.name = "head-office";
  peer.recipient = consent::RecipientId("head-office");
  peer.rights = {"pull"};
  CF_TRY(const auto certificate, read_small_file(shop.sync_cert()));
  CF_TRY(peer.spki_sha256, crypto::spki_sha256_of_certificate(certificate));
  CF_CHECK(box->desk().add_peer(peer));
  return write_text(shop.log_key_file(), crypto::pem_of_spki(box->ledger().log_key().spki));
}

Status make_shop(DemoShop& shop) {
  // Only the marker, written last, says that a shop is whole; without it a broken start is begun anew.
  std::error_code ignored;
  for (const char* part : {"/data", "/tls", "/head-office"})
    std::filesystem::remove_all(shop.folder + part, ignored);
  for (const char* part : {"/tls", "/head-office"}) CF_CHECK(make_folder(shop.folder + part));
  shop.staff_password = random_password();
  shop.staff_secret = SecretBytes(crypto::random_bytes(crypto::kOneTimeSecretBytes));
  CF_CHECK(make_keys(shop));
  CF_CHECK(tell_history(shop));
  CF_TRY(const auto marker, json::write(json::Object{{"staff_password", shop.staff_password},
                                                     {"staff_secret", base64url(shop.staff_secret.view())}}));
  return write_text(shop.folder + "/" + std::string(kMarker), marker);
}

// What an earlier start wrote. NotFound when there is no whole shop of this version.
Status read_marker(DemoShop& shop) {
  CF_TRY(const auto marker, read_small_file(shop.folder + "/" + std::string(kMarker)));
  CF_TRY(const auto facts, json::read(marker));
  CF_TRY(shop.staff_password, facts.string_at("staff_password"));
  CF_TRY(const auto secret, facts.string_at("staff_secret"));
  CF_TRY(Bytes bytes, from_base64url(secret));
  shop.staff_secret = SecretBytes(std::move(bytes));
  return {};
}

// A folder is ours when it is new, empty, or holds what an earlier demo wrote.
Status check_folder(const DemoShop& shop) {
  if (read_small_file(shop.folder + "/" + std::string(kMarker))) return {};
  const auto config = read_small_file(shop.folder + "/counterfoil.toml");
  if (config && config->rfind("# Written anew at each start of the demo shop.", 0) != 0)
    return fail(Code::Conflict, shop.folder + " holds a real box; choose another --dir for the demo shop");
  std::error_code ec;
  if (!config && std::filesystem::exists(shop.folder, ec) && !std::filesystem::is_empty(shop.folder, ec))
    return fail(Code::Conflict, shop.folder + " is not empty; choose another --dir for the demo shop");
  return {};
}

}  // namespace

Status prepare_demo(DemoShop& shop) {
  CF_CHECK(check_folder(shop));
  std::error_code ec;
  std::filesystem::create_directories(shop.folder, ec);
  CF_CHECK(make_folder(shop.folder));
  CF_CHECK(write_text(shop.paths().config, demo_config(shop)));
  if (!read_marker(shop)) CF_CHECK(make_shop(shop));
  return issue_server_certificate(shop);
}

std::string staff_code_now(const DemoShop& shop) {
  return crypto::one_time_code(shop.staff_secret.view(), one_time_step(now_of_machine()));
}

Result<std::string> demo_key_pin(const DemoShop& shop) {
  CF_TRY(const auto pem, read_small_file(shop.folder + "/tls/server.pem"));
  CF_TRY(const Hash pin, crypto::spki_sha256_of_certificate(pem));
  return base64(pin);
}

}  // namespace counterfoil::tool
