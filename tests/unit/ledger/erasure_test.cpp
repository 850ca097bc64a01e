// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Whoever is erased is gone, whoever is not stays, and the log still verifies.
#include "ending.h"

#include <algorithm>
#include <filesystem>

namespace counterfoil::ledger::test {
namespace {

consent::WithdrawBody no_offers() {
  consent::WithdrawBody out;
  out.topics = {consent::TopicId("offers")};
  out.via = "link";
  return out;
}

bool is_in_file(const std::string& path, std::string_view what) {
  const auto bytes = read_file(path, std::size_t{1} << 30);
  return bytes && std::search(bytes->begin(), bytes->end(), what.begin(), what.end()) != bytes->end();
}

TEST_CASE("whoever is erased is gone at once, their keys soon, and the log still verifies") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kYes, true);
  REQUIRE((ana && bea));
  const auto line = box->ledger->receipt(ana->subject, ana->event.seq);
  REQUIRE(line);
  REQUIRE(box->ledger->confirm(ana->subject, confirmed_by_staff(), kYes));

  const auto id = erase(*box, ana->subject);
  CHECK(box->ledger->subject(ana->subject).error().code == Code::NotFound);
  CHECK(box->ledger->subject_by_token(ana->token).error().code == Code::NotFound);
  CHECK(box->ledger->subject_by_code(ana->code).error().code == Code::NotFound);
  CHECK(box->ledger->person(phone(kAna))->subjects.empty());
  CHECK(box->ledger->person(phone(kAna))->suppressed);
  CHECK_FALSE(box->ledger->person(phone(kAna))->damaged);
  CHECK(box->ledger->withdraw(ana->subject, no_offers(), kProof).error().code == Code::NotFound);

  const auto report = wait_for(*box, id, State::Ended);
  CHECK(report.epoch == 1);
  CHECK(report.lines == 3);  // the yes, its confirmation, the request itself
  CHECK(report.gone_at == kStart);
  CHECK_FALSE(report.tombstone);

  std::uint64_t deleted = 0;
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}, &deleted).empty());
  CHECK(deleted == 3);
  CHECK(box->ledger->erasure(id)->tombstone.has_value());
  CHECK(box->ledger->verify({}));
  CHECK_FALSE(is_in_file(ledger_path(box->folder.path()), line->line));
  const auto still = box->ledger->person(phone(kBea));
  REQUIRE(still);
  CHECK(still->subjects.size() == 1);
  CHECK_FALSE(still->damaged);

  // After a start nothing has changed.
  box->reopen();
  CHECK(box->ledger->verify({}));
  CHECK(box->ledger->health().trouble.empty());
  CHECK(box->ledger->person(phone(kAna))->subjects.empty());
  CHECK(box->ledger->person(phone(kAna))->suppressed);
  CHECK(box->ledger->subject_by_token(bea->token));
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}).empty());
}

TEST_CASE("a stop is still accepted after an erasure, and a new yes is a new person") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  REQUIRE(ana);
  wait_for(*box, erase(*box, ana->subject), State::Ended);
  CHECK(box->ledger->stop({phone(kAna)}, stop_of_person(), kProof));
  const auto again = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  REQUIRE(again);
  CHECK(again->subject != ana->subject);
  const auto person = box->ledger->person(phone(kAna));
  CHECK(person->subjects.size() == 1);
  CHECK(person->suppressed);
  CHECK(box->ledger->verify({}));
}

TEST_CASE("an erasure stops the other submissions of its number, and recipients are told") {
  const auto box = quick_box();
  const auto first = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  const auto second = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  REQUIRE((first && second));
  erase(*box, first->subject);
  REQUIRE(box->ledger->checkpoint());
  CHECK(box->ledger->subject(second->subject)->state.stop);
}

TEST_CASE("erasures go on where a start finds them, and many share a rotation") {
  const auto box = quick_box();
  std::vector<Opened> people;
  for (int i = 0; i < 300; ++i) {
    const auto opened =
        box->ledger->open_subject(somebody("+346000" + std::to_string(10'000 + i)), grant(), kYes, false);
    REQUIRE(opened);
    people.push_back(*opened);
  }
  SUBCASE("nothing was done yet") {
    box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 3'600'000};
  }
  SUBCASE("the keys are gone from keys.db, the old secret is not overwritten") {
    box->timing = {.overwrite_after_ms = 3'600'000, .rotate_every_ms = 0};
  }
  box->reopen();
  std::vector<std::int64_t> ids;
  wait_for(*box, erase(*box, people[7].subject), State::Asked);
  for (int i = 100; i < 290; ++i) ids.push_back(erase(*box, people[static_cast<std::size_t>(i)].subject));
  box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  box->reopen();
  const auto first = wait_for(*box, ids.front(), State::Ended);
  const auto last = wait_for(*box, ids.back(), State::Ended);
  CHECK(last.epoch <= first.epoch + 1);
  CHECK(box->ledger->verify({}));
  for (std::size_t i = 0; i < people.size(); ++i) {
    const bool gone = i == 7 || (i >= 100 && i < 290);
    CHECK(box->ledger->subject_by_token(people[i].token).has_value() == !gone);
  }
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}).empty());
  box->reopen();
  CHECK(box->ledger->verify({}));
  CHECK(box->ledger->health().trouble.empty());
}

TEST_CASE("old copies open only what is still alive") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kYes, false);
  REQUIRE((ana && bea));
  box->ledger.reset();
  const support::TempFolder old;
  std::filesystem::copy(box->folder.path(), old.path(), std::filesystem::copy_options::recursive);
  const auto old_anchor = box->anchor->read(0, ErasableAnchor::kAnchorBytes);
  REQUIRE(old_anchor);
  box->open();
  wait_for(*box, erase(*box, ana->subject), State::Ended);
  box->ledger.reset();
  const auto new_anchor = box->anchor->read(0, ErasableAnchor::kAnchorBytes);
  REQUIRE(new_anchor);

  const auto opens = [&](bool old_ledger, bool old_keys, bool old_secret) {
    Box thief;
    const auto take = [&](const std::string& name, bool from_old) {
      const std::string from = (from_old ? old.path() : box->folder.path()) + "/" + name;
      if (std::filesystem::exists(from)) std::filesystem::copy_file(from, thief.folder.path() + "/" + name);
    };
    for (const std::string suffix : {"", "-wal"}) {
      take("ledger.db" + suffix, old_ledger);
      take("keys.db" + suffix, old_keys);
      take("desk.db" + suffix, false);
    }
    REQUIRE(thief.anchor->write(0, (old_secret ? *old_anchor : *new_anchor).view()));
    auto opened = FileLedger::open(thief.options());
    if (!opened) return std::string(opened.error().code == Code::WrongKey ? "nothing" : "trouble");
    REQUIRE((*opened)->wait_ready(60'000));
    // The thief reads what the keys open, whatever the box thinks of the log.
    const bool reads_ana = (*opened)->subject_by_token(ana->token).has_value();
    const bool reads_bea = (*opened)->subject_by_token(bea->token).has_value();
    return std::string(reads_ana ? "ana " : "") + (reads_bea ? "bea" : "");
  };
  CHECK(opens(false, false, false) == "bea");     // as it is
  CHECK(opens(true, false, false) == "bea");      // old ledger, current keys: only the living
  CHECK(opens(false, true, false) == "nothing");  // old keys, current anchor
  CHECK(opens(true, true, false) == "nothing");
  CHECK(opens(false, false, true) == "nothing");  // current keys, old anchor
  CHECK(opens(true, false, true) == "nothing");
  CHECK(opens(true, true, true) == "ana bea");  // everything of that day: hence the anchor is in no backup
}

TEST_CASE("what a rotation wrote is not believed while somebody's bucket is missing") {
  const auto box = new_box();
  REQUIRE(box->ledger->open_subject(somebody(kAna), grant(), kYes, false));
  box->ledger.reset();
  Anchor anchor(*box->anchor);
  REQUIRE(anchor.open(box->anchor_epoch()));
  const AnchorRecord& now = anchor.record();
  const std::string path = keys_path(box->folder.path());
  CHECK(check_epoch(path, now.secret, now.epoch, nullptr));
  std::unique_ptr<Keyring> written;
  {
    auto keys = store::Database::open(path, {});
    REQUIRE(keys);
    auto roots = load_roots(*keys, now.secret, now.epoch);
    REQUIRE(roots);
    written = std::make_unique<Keyring>(*std::move(roots));
    REQUIRE(written->load(*keys));
  }
  CHECK(check_epoch(path, now.secret, now.epoch, written.get()));
  {
    auto keys = store::Database::open(path, {});
    REQUIRE(keys);
    REQUIRE(keys->exec("DELETE FROM bucket"));
    REQUIRE(keys->checkpoint(store::Checkpoint::Truncate));
  }
  CHECK(check_epoch(path, now.secret, now.epoch, nullptr).error().code == Code::Corrupt);
  CHECK(check_epoch(path, now.secret, now.epoch, written.get()).error().code == Code::Corrupt);
}

TEST_CASE("each recipient gets a notice by the handle it knows the person by, once the keys are gone") {
  const auto box = quick_box();
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), kYes, false);
  REQUIRE((ana && bea));
  const consent::RecipientId office("hq");
  const consent::RecipientId agency("agency");
  const auto handle_of = [&](const consent::RecipientId& recipient) {
    REQUIRE(box->ledger->checkpoint());
    std::string handle;
    const auto seq = ana->event.seq.value;
    REQUIRE(
        box->ledger->entries(seq, seq + 1, {recipient, false, true}, [&](std::string_view line) -> Status {
          const auto entry = proof::decode_entry(line);
          REQUIRE((entry && entry->p));
          handle = base64url(*entry->p);
          return {};
        }));
    return handle;
  };
  const std::string to_office = handle_of(office);
  CHECK(to_office != handle_of(agency));
  box->timing = {.overwrite_after_ms = 3'600'000, .rotate_every_ms = 0};
  box->reopen();
  const auto id = erase(*box, ana->subject, {office, agency});
  wait_for(*box, id, State::Ending);
  CHECK(box->ledger->items(kNoticeKind)->empty());  // a copy of keys.db could still bring the person back
  box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  box->reopen();
  wait_for(*box, id, State::Ended);
  const auto notices = box->ledger->items(kNoticeKind);
  REQUIRE(notices);
  CHECK(notices->size() == 2);
  const auto notice = box->ledger->item(kNoticeKind, notice_name("hq", to_office, id));
  REQUIRE(notice);
  CHECK(*notice->string_at("recipient") == "hq");
  CHECK(*notice->integer_at("job") == id);
  CHECK(*notice->integer_at("gone") > 0);
  CHECK_FALSE(is_in_file(desk_path(box->folder.path()), to_office));
  CHECK_FALSE(is_in_file(ledger_path(box->folder.path()), to_office));
  REQUIRE(box->ledger->remove_item(kNoticeKind, notice_name("hq", to_office, id)));
  CHECK(box->ledger->items(kNoticeKind)->size() == 1);
  wait_for(*box, erase(*box, bea->subject), State::Ended);
  CHECK(box->ledger->items(kNoticeKind)->size() == 1);
  CHECK(box->ledger->verify({}));
}

TEST_CASE("what is due goes by schedule: a cohort's lines, and whoever has nothing else left") {
  const auto box = quick_box();
  const Retention short_yes{"consent", "2026-10"};
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), short_yes, false);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), short_yes, false);
  REQUIRE((ana && bea));
  REQUIRE(box->ledger->withdraw(bea->subject, no_offers(), kProof));
  CHECK(box->ledger->due(box->clock.now()).empty());
  const Instant november = 1'793'500'000;  // 2026-11-01
  const auto due = box->ledger->due(november);
  REQUIRE(due.size() == 1);
  CHECK(due.front().cohort == "2026-10");
  CHECK(box->ledger->due(november - kDay_s).empty());

  CHECK(box->ledger->sweep(false).error().code == Code::NotFound);  // nothing is due
  box->clock.set(november);
  box->clock.set_state(ClockState::Untrusted);
  CHECK(box->ledger->sweep(true).error().code == Code::Refused);
  box->clock.set_state(ClockState::Synced);
  CHECK(box->ledger->sweep(false).error().code ==
        Code::Conflict);  // a month in one leap: is the clock right?
  CHECK(box->ledger->health().trouble.find("--clock-is-right") != std::string::npos);
  CHECK(box->ledger->subject_by_token(ana->token));
  const auto id = box->ledger->sweep(true);
  REQUIRE(id);
  CHECK(box->ledger->health().trouble.empty());
  const auto report = wait_for(*box, *id, State::Ended);
  CHECK(report.lines == 2);
  CHECK(box->ledger->due(november).empty());
  CHECK(box->ledger->subject_by_token(ana->token).error().code == Code::NotFound);
  const auto rest = box->ledger->subject_by_token(bea->token);
  REQUIRE(rest);
  CHECK_FALSE(rest->state.damaged);
  CHECK(rest->state.events == 1);
  CHECK(box->ledger->verify({}));
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}).empty());
  box->reopen();
  CHECK(box->ledger->verify({}));
  CHECK(box->ledger->health().trouble.empty());
  CHECK(box->ledger->subject_by_token(bea->token));
}

TEST_CASE("an erasure and a sweep that end the same line share a rotation, and the line has one tombstone") {
  const auto box = quick_box();
  const Retention short_yes{"consent", "2026-10"};
  const auto other = box->ledger->open_subject(somebody("+34600000009"), grant(), kYes, false);
  const auto ana = box->ledger->open_subject(somebody(kAna), grant(), short_yes, false);
  const auto bea = box->ledger->open_subject(somebody(kBea), grant(), short_yes, false);
  REQUIRE((other && ana && bea));
  box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 3'600'000};
  box->reopen();
  wait_for(*box, erase(*box, other->subject), State::Ended);  // the one rotation of this hour
  box->clock.set(1'793'500'000);                              // 2026-11-01
  const auto erased = erase(*box, ana->subject);
  const auto swept = box->ledger->sweep(true);
  REQUIRE(swept);
  const auto again = box->ledger->sweep(true);  // finds the same still there
  REQUIRE(again);
  box->timing = {.overwrite_after_ms = 0, .rotate_every_ms = 0};
  box->reopen();
  const auto first = wait_for(*box, erased, State::Ended);
  CHECK(wait_for(*box, *swept, State::Ended).epoch == first.epoch);
  const auto lines =
      first.lines + box->ledger->erasure(*swept)->lines + wait_for(*box, *again, State::Ended).lines;
  // Two yeses and the request; the hourly look at what is due, which the erasure wakes, may have taken bea's.
  CHECK(lines <= 3);
  CHECK(lines >= 2);
  CHECK(findings(*box, {.recipient = {}, .identity = true, .consent = true}).empty());
  CHECK(box->ledger->erasure(*again)->tombstone.has_value());
  box->reopen();
  CHECK(box->ledger->verify({}));
  CHECK(box->ledger->health().trouble.empty());
  CHECK(box->ledger->person(phone(kBea))->subjects.empty());
}

}  // namespace
}  // namespace counterfoil::ledger::test
