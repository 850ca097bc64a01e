// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "app/appliance.h"

#include "app/people.h"
#include "base/fd.h"
#include "base/limits.h"
#include "board/board.h"
#include "crypto/crypto.h"
#include "crypto/signing.h"
#include "desk/periods.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>

namespace counterfoil::app {
namespace {

ledger::Options ledger_options(const Config& config, const Paths& paths, const Board& board,
                               const Clock* clock) {
  ledger::Options options;
  options.folder = paths.data;
  options.origin = config.origin;
  options.clock = clock;
  options.anchor = board.anchor.get();
  options.second_copy = config.second_copy_path;
  options.retention_of_stop = [business = config.business](Instant t) {
    return desk::retention_of_proof(business, t);
  };
  return options;
}

Result<std::vector<consent::TopicId>> topics_of(const json::Value& request) {
  CF_TRY(const auto names, request.strings_at("topics"));
  std::vector<consent::TopicId> out;
  out.reserve(names.size());
  for (const auto& name : names) out.emplace_back(name);
  return out;
}

// What the desk says of an account in machine words, for whoever typed it.
Status in_words(Status done) {
  const auto range = [](std::size_t least, std::size_t most) {
    return std::to_string(least) + " to " + std::to_string(most);
  };
  if (!done && done.error() == fail(Code::BadInput, "name"))
    return fail(Code::BadInput, "a user name has " +
                                    range(limits::kUserNameBytesMin, limits::kUserNameBytesMax) +
                                    " of a-z 0-9 - _ .");
  if (!done && done.error() == fail(Code::BadInput, "password"))
    return fail(Code::BadInput,
                "a password has " + range(limits::kPasswordBytesMin, limits::kPasswordBytesMax) + " bytes");
  return done;
}

Result<json::Value> add_user(desk::Desk& desk, const json::Value& request) {
  CF_TRY(const auto name, request.string_at("name"));
  CF_TRY(const auto role_text, request.string_at("role"));
  CF_TRY(const auto password, request.string_at("password"));
  const auto role = desk::role_from_name(role_text);
  if (!role) return fail(Code::BadInput, "roles are staff, manager and auditor");
  CF_CHECK(in_words(desk.add_user(name, *role, password)));
  return json::Value(json::Object{});
}

Result<json::Value> change_password(desk::Desk& desk, const json::Value& request) {
  CF_TRY(const auto name, request.string_at("name"));
  CF_TRY(const auto password, request.string_at("password"));
  CF_CHECK(in_words(desk.change_password(name, password)));
  return json::Value(json::Object{});
}

Result<json::Value> list_users(const desk::Desk& desk) {
  CF_TRY(const auto users, desk.users());
  json::Array out;
  for (const auto& user : users)
    out.emplace_back(json::Object{{"name", user.id.text()},
                                  {"recovery_codes", user.recovery_codes},
                                  {"role", desk::role_name(user.role)},
                                  {"second_factor", user.second_factor}});
  return json::Value(json::Object{{"users", std::move(out)}});
}

Result<json::Value> add_link(desk::Desk& desk, const json::Value& request) {
  consent::OptInLink link;
  CF_TRY(auto id, request.string_at("id"));
  CF_TRY(const auto place, request.string_at("place"));
  CF_TRY(auto shop, request.string_at("shop"));
  CF_TRY(link.poster, request.string_at("poster"));
  CF_TRY(link.topics, topics_of(request));
  link.id = consent::LinkId(std::move(id));
  link.shop = consent::ShopId(std::move(shop));
  link.place = {{"", place}};
  CF_CHECK(desk.add_link(link));
  return json::Value(json::Object{});
}

Result<json::Value> add_peer(desk::Desk& desk, const json::Value& request) {
  desk::Peer peer;
  CF_TRY(peer.name, request.string_at("name"));
  CF_TRY(auto recipient, request.string_at("recipient"));
  CF_TRY(const auto key, request.string_at("key"));
  CF_TRY(peer.rights, request.strings_at("rights"));
  CF_TRY(const auto bytes, from_base64url(key));
  CF_TRY(peer.spki_sha256, exactly<32>(bytes));
  peer.recipient = consent::RecipientId(std::move(recipient));
  CF_CHECK(desk.add_peer(peer));
  return json::Value(json::Object{});
}

Result<json::Value> add_client(desk::Desk& desk, const json::Value& request) {
  desk::Client client;
  CF_TRY(client.name, request.string_at("name"));
  CF_TRY(client.scopes, request.strings_at("scopes"));
  CF_TRY(auto token, desk.add_client(client));
  return json::Value(json::Object{{"token", std::move(token)}});
}

json::Value list_clients(const desk::Desk& desk) {
  json::Array out;
  for (const auto& client : desk.clients()) {
    json::Array scopes;
    for (const auto& scope : client.scopes) scopes.emplace_back(scope);
    out.emplace_back(json::Object{{"name", client.name}, {"scopes", std::move(scopes)}});
  }
  return json::Object{{"clients", std::move(out)}};
}

// A stop is the one thing that is never refused. Where not even the spill file can be used the first reason
// is the one to mend.
Result<std::unique_ptr<ledger::Ledger>> open_or_seal_ledger(const ledger::Options& options) {
  auto opened = ledger::Ledger::open(options);
  if (opened || (opened.error().code != Code::WrongKey && opened.error().code != Code::Corrupt))
    return opened;
  auto sealed = ledger::Ledger::open_sealed(options, opened.error());
  return sealed ? std::move(sealed) : std::move(opened);
}

}  // namespace

Result<Board> board_for(const Config& config, const Paths& paths) {
  board::BoardOptions options;
  options.anchor_path = paths.anchor(config);
  options.anchor_given = !config.anchor_path.empty();
  options.clock = config.clock_trusted ? board::ClockWord::Trusted : board::ClockWord::Measured;
  options.clock_control_path = config.clock_control_path;
  return board::make(config.board, options);
}

Appliance::Appliance(Config config, Board board, Clock* clock)
    : config_(std::move(config)),
      board_(std::move(board)),
      clock_(clock == nullptr ? board_.clock.get() : clock) {}

Appliance::~Appliance() = default;

Status Appliance::create(const Config& config, const Paths& paths, const Clock* clock) {
  if (::mkdir(paths.data.c_str(), 0700) != 0 && errno != EEXIST)
    return errno_error(errno, "cannot make the data folder " + paths.data);
  CF_TRY(const Board board, board_for(config, paths));
  const auto made = ledger::Ledger::create(
      ledger_options(config, paths, board, clock == nullptr ? board.clock.get() : clock));
  if (!made && made.error().code == Code::Conflict)
    return fail(Code::Conflict, paths.data + ": " + made.error().message());
  return made;
}

Result<ledger::RestoreReport> Appliance::restore(const Config& config, const Paths& paths,
                                                 const std::string& from) {
  CF_CHECK(crypto::init());
  CF_TRY(const Board board, board_for(config, paths));
  return ledger::Ledger::restore(ledger_options(config, paths, board, board.clock.get()), from);
}

Result<std::unique_ptr<Appliance>> Appliance::open(Config config, const Paths& paths, Clock* clock) {
  return open_with(&ledger::Ledger::open, std::move(config), paths, clock);
}

Result<std::unique_ptr<Appliance>> Appliance::open_or_seal(Config config, const Paths& paths) {
  return open_with(&open_or_seal_ledger, std::move(config), paths, nullptr);
}

Result<std::unique_ptr<Appliance>> Appliance::open_with(OpenLedger open_ledger, Config config,
                                                        const Paths& paths, Clock* clock) {
  CF_CHECK(crypto::init());
  CF_TRY(Board board, board_for(config, paths));
  std::unique_ptr<Appliance> box(new Appliance(std::move(config), std::move(board), clock));
  auto ledger = open_ledger(ledger_options(box->config_, paths, box->board_, box->clock_));
  if (!ledger && ledger.error().code == Code::NotFound)
    return fail(Code::NotFound,
                paths.data + ": " + ledger.error().message() + "; 'counterfoil init' makes a new one");
  if (!ledger) return ledger.error();
  box->ledger_ = *std::move(ledger);
  CF_TRY(box->desk_,
         desk::Desk::open(box->config_.business, box->config_.rules, *box->ledger_, *box->clock_));
  return box;
}

Result<json::Value> Appliance::status() const {
  const auto health = ledger_->health();
  json::Array closed;
  for (const auto& reason : desk_->closed_because()) closed.emplace_back(reason.sentence());
  const auto notices = desk_->open_notices();
  const auto told = notices.value_or(desk::OpenNotices{});
  const bool well = !health.read_only && health.trouble.empty();
  const std::string scrubbed_at = health.scrubbed_at == 0 ? std::string() : rfc3339(health.scrubbed_at);
  return json::Value(
      json::Object{{"anchor", health.anchor_promise},
                   {"certificate", door_facts(&DoorCalls::certificate)},
                   {"clock", clock_state_name(health.clock)},
                   {"closed", std::move(closed)},
                   {"doors", door_facts(&DoorCalls::figures)},
                   {"erasure_notices", json::Object{{"open", told.open}, {"overdue", told.overdue}}},
                   {"events", health.size},
                   {"index_ready", health.index_ready},
                   {"ledger_bytes", health.ledger_bytes},
                   {"needs_set_up", desk_->needs_set_up()},
                   {"origin", health.origin},
                   {"read_only", health.read_only},
                   {"scrubbed", health.scrubbed},
                   {"scrubbed_at", scrubbed_at},
                   {"second_copy", health.second_copy},
                   {"serving", serving_.load()},
                   {"stops_waiting", health.stops_waiting},
                   {"submissions", health.subjects},
                   {"time", rfc3339(clock_->now())},
                   {"trouble", health.trouble},
                   {"wal_bytes", health.wal_bytes},
                   {"well", well}});
}

namespace {

// Told now and then only: a socket in between would slow the work down.
ledger::Progress now_and_then(const ControlProgress& progress) {
  return [&progress, told = std::chrono::steady_clock::now()](std::uint64_t done, std::uint64_t all) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (!progress || now - told < std::chrono::milliseconds(limits::kProgressEvery_ms)) return true;
    told = now;
    return progress(done, all);
  };
}

}  // namespace

Result<json::Value> Appliance::verify(const ControlProgress& progress) const {
  std::uint64_t all_leaves = 0;
  CF_CHECK(ledger_->verify([&, tell = now_and_then(progress)](std::uint64_t done, std::uint64_t all) {
    all_leaves = all;
    return tell(done, all);
  }));
  return json::Value(json::Object{{"events", all_leaves}, {"intact", true}});
}

Result<json::Value> Appliance::shorten(const json::Value& request, const ControlProgress& progress) {
  CF_TRY(const auto name, request.string_at("class"));
  const auto* rc = config_.business.retention_class(name);
  if (rc == nullptr) return fail(Code::NotFound, "the configuration has no retention class \"" + name + "\"");
  const auto* word = request.find("really");
  const bool really = word != nullptr && word->boolean() != nullptr && *word->boolean();
  const auto cohort = [&](Instant t) { return desk::last_cohort(config_.business, *rc, t); };
  CF_TRY(const auto done, ledger_->shorten(name, cohort, really, now_and_then(progress)));
  return json::Value(json::Object{{"lines", done.lines}, {"submissions", done.submissions}});
}

void Appliance::set_session_end(std::function<void(std::string_view user)> end) {
  const std::lock_guard lock(changes_);
  session_end_ = std::move(end);
}

void Appliance::set_doors(DoorCalls doors) {
  const std::lock_guard lock(doors_mutex_);
  doors_ = std::move(doors);
}

json::Value Appliance::door_facts(const std::function<json::Value()> DoorCalls::* what) const {
  const std::lock_guard lock(doors_mutex_);
  const auto& facts = doors_.*what;
  return facts ? facts() : json::Value();
}

Result<json::Value> Appliance::certificate_status() const {
  return json::Value(json::Object{{"certificate", door_facts(&DoorCalls::certificate)},
                                  {"clock", clock_state_name(clock_->state())},
                                  {"now", clock_->now()}});
}

Result<json::Value> Appliance::reload_certificate() {
  {
    const std::lock_guard lock(doors_mutex_);
    if (!doors_.reload) return fail(Code::NotReady, "the doors are not open");
    CF_CHECK(doors_.reload());
  }
  return certificate_status();
}

Result<json::Value> Appliance::list_peers() const {
  CF_TRY(const auto peers, desk_->peers());
  json::Array out;
  for (const auto& peer : peers)
    out.emplace_back(json::Object{{"name", peer.name}, {"recipient", peer.recipient.text()}});
  return json::Value(json::Object{{"peers", std::move(out)}});
}

Result<json::Value> Appliance::list_due() const {
  json::Array out;
  for (const auto& cohort : ledger_->due(clock_->now()))
    out.emplace_back(json::Object{{"class", cohort.retention_class}, {"until", cohort.cohort}});
  return json::Value(json::Object{{"due", std::move(out)}});
}

Result<json::Value> Appliance::report_retention() const {
  CF_TRY(const auto report, ledger_->retention_report());
  json::Array gone;
  for (const auto& one : report.gone)
    gone.emplace_back(json::Object{{"by", one.by_schedule ? "schedule" : "request"},
                                   {"lines", one.lines},
                                   {"t", rfc3339(one.t)},
                                   {"tombstone", one.tombstone}});
  json::Array next;
  for (const auto& one : report.next)
    next.emplace_back(json::Object{
        {"class", one.retention.retention_class}, {"lines", one.lines}, {"until", one.retention.cohort}});
  return json::Value(json::Object{{"gone", std::move(gone)}, {"next", std::move(next)}});
}

Result<json::Value> Appliance::change(const std::string& name, const json::Value& request) {
  const std::lock_guard one_at_a_time(changes_);
  if (name == "user.add") return add_user(*desk_, request);
  if (name == "user.remove" || name == "user.password" || name == "user.reset-factor") {
    CF_TRY(const auto user, request.string_at("name"));
    if (name == "user.remove") CF_CHECK(desk_->remove_user(user));
    if (name == "user.password") CF_CHECK(change_password(*desk_, request));
    if (name == "user.reset-factor") CF_CHECK(desk_->reset_factor(user));
    if (session_end_) session_end_(user);
    return json::Value(json::Object{});
  }
  if (name == "setup.code") {
    CF_TRY(auto code, desk_->new_set_up_code());
    return json::Value(json::Object{{"code", std::move(code)}});
  }
  if (name == "link.add") return add_link(*desk_, request);
  if (name == "peer.add") {
    if (config_.demo)
      return fail(Code::Refused, "this is a demo shop with invented people; a real backend needs a real box");
    return add_peer(*desk_, request);
  }
  if (name == "client.add") return add_client(*desk_, request);
  if (name == "client.remove") {
    CF_TRY(const auto client, request.string_at("name"));
    CF_CHECK(desk_->remove_client(client));
    return json::Value(json::Object{});
  }
  if (name == "retention.run") {
    const auto* word = request.find("clock_is_right");
    CF_CHECK(ledger_->sweep(word != nullptr && word->boolean() != nullptr && *word->boolean()));
    return json::Value(json::Object{});
  }
  if (name == "key.rotate") {
    CF_TRY(const Instant until, ledger_->change_log_key());
    return json::Value(json::Object{{"until", rfc3339(until)}});
  }
  if (name == "restore.vouch") {
    CF_CHECK(ledger_->vouch_for_stops());
    return json::Value(json::Object{});
  }
  if (name == "peer.remove") {
    CF_TRY(const auto peer, request.string_at("name"));
    CF_CHECK(desk_->remove_peer(peer));
    return json::Value(json::Object{});
  }
  if (auto done = change_person(*desk_, name, request)) return *std::move(done);
  return fail(Code::BadInput, "no such command: " + name);
}

Result<json::Value> Appliance::command(const json::Value& request, const ControlProgress& progress) {
  CF_TRY(const auto name, request.string_at("do"));
  if (name == "status") return status();
  if (name == "verify") return verify(progress);
  if (name == "users") return list_users(*desk_);
  if (name == "links") {
    json::Array out;
    for (const auto& link : desk_->links()) out.emplace_back(link.id.text());
    return json::Value(json::Object{{"host", config_.host}, {"links", std::move(out)}});
  }
  if (name == "peers") return list_peers();
  if (name == "clients") return list_clients(*desk_);
  if (name == "decide") return decide(*desk_, request);
  if (name == "retention.due") return list_due();
  if (name == "retention.shorten") return shorten(request, progress);
  if (name == "retention.report") return report_retention();
  if (name == "hold.list") return list_kept(*desk_);
  if (name == "tls.status") return certificate_status();
  if (name == "tls.reload") return reload_certificate();
  if (name == "log.key" && ledger_->log_key().spki.empty())
    return fail(Code::Corrupt, ledger_->health().trouble);
  if (name == "log.key") {
    std::string text = crypto::pem_of_spki(ledger_->log_key().spki);
    for (const std::string& line : ledger_->log_keys().lines) text += line + "\n";
    return json::Value(json::Object{{"pem", std::move(text)}});
  }
  return change(name, request);
}

}  // namespace counterfoil::app
