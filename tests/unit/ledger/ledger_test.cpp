// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What people cause: submissions, codes, confirmations, stops, and the operator's items.
#include "counterfoil/proof/receipt.h"
#include "fixture.h"

#include <sys/stat.h>

namespace counterfoil::ledger::test {
namespace {

using consent::Channel;
using consent::TopicId;

const consent::PairState& offers(const consent::SubjectState& state) {
  return state.pairs.at({Channel::WhatsApp, TopicId("offers")});
}

TEST_CASE("a submission is found by token, code, id and number, and folds to what was said") {
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(opened);
  CHECK(opened->token.size() == 22);
  CHECK(opened->code.size() == 6);
  CHECK(opened->event.seq.value == 3);  // after sys.genesis, sys.boot and sys.meta
  CHECK(opened->event.t == kStart);
  CHECK(opened->event.clock == ClockState::Synced);

  for (int round = 0; round < 2; ++round) {
    const auto by_token = box->ledger->subject_by_token(opened->token);
    const auto by_code = box->ledger->subject_by_code(opened->code);
    const auto by_id = box->ledger->subject(opened->subject);
    REQUIRE((by_token && by_code && by_id));
    CHECK(by_token->id == opened->subject);
    CHECK(by_token->state == by_code->state);
    CHECK(by_token->state == by_id->state);
    CHECK(by_token->code == opened->code);
    CHECK(by_token->code_ends == kStart + 7 * kDay_s);
    CHECK(by_token->state.events == 1);
    CHECK_FALSE(by_token->state.damaged);
    CHECK(offers(by_token->state).state == consent::State::ConsentGiven);
    const auto person = box->ledger->person(phone(kAna));
    REQUIRE(person);
    REQUIRE(person->subjects.size() == 1);
    CHECK(person->subjects[0] == by_token->state);
    CHECK_FALSE(person->suppressed);
    CHECK(box->ledger->person(phone(kBea))->subjects.empty());
    CHECK(box->ledger->subject_by_token("AAAAAAAAAAAAAAAAAAAAAA").error().code == Code::NotFound);
    box->reopen();
  }
}

TEST_CASE("a second submission for a number changes nothing of the first") {
  const auto box = new_box();
  const auto first = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(first);
  const auto before = box->ledger->subject(first->subject);
  auto other = grant();
  other.topics = {TopicId("orders")};
  const auto second = box->ledger->open_subject(somebody(kAna), other, kYes, true);
  REQUIRE(second);
  CHECK(second->code != first->code);
  CHECK(second->token != first->token);
  CHECK(box->ledger->subject(first->subject)->state == before->state);
  CHECK(box->ledger->person(phone(kAna))->subjects.size() == 2);
}

TEST_CASE("a confirmation raises the evidence and closes the code") {
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(opened);
  REQUIRE(box->ledger->confirm(opened->subject, confirmed_by_staff(), kYes));
  for (int round = 0; round < 2; ++round) {
    const auto subject = box->ledger->subject(opened->subject);
    REQUIRE(subject);
    CHECK(subject->state.proof_of(phone(kAna)) == consent::Evidence::Present);
    CHECK(subject->code.empty());
    CHECK(box->ledger->subject_by_code(opened->code).error().code == Code::NotFound);
    box->reopen();
  }
}

TEST_CASE("a code lives seven days") {
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, true);
  REQUIRE(opened);
  box->clock.set(kStart + 7 * kDay_s - 1);
  CHECK(box->ledger->subject_by_code(opened->code));
  box->clock.set(kStart + 7 * kDay_s);
  CHECK(box->ledger->subject_by_code(opened->code).error().code == Code::NotFound);
  CHECK(box->ledger->subject(opened->subject)->code.empty());
}

TEST_CASE("a withdrawal takes one topic and leaves the other") {
  const auto box = new_box();
  const auto opened = box->ledger->open_subject(somebody(kAna), grant(), kYes, false);
  REQUIRE(opened);
  CHECK(opened->code.empty());
  consent::WithdrawBody body;
  body.topics = {TopicId("offers")};
  body.via = "link";
  REQUIRE(box->ledger->withdraw(opened->subject, body, kProof));
  const auto state = box->ledger->subject(opened->subject)->state;
  CHECK(offers(state).state == consent::State::ConsentWithdrawn);
  CHECK(state.pairs.at({Channel::WhatsApp, TopicId("orders")}).state == consent::State::ConsentGiven);
  CHECK(state.events == 2);
  CHECK(box->ledger->withdraw({}, body, kProof).error().code == Code::NotFound);
}

TEST_CASE("items come back, are replaced and removed, and their kinds stay apart") {
  const auto box = new_box();
  const json::Value one = json::Object{{"name", "one"}};
  REQUIRE(box->ledger->put_item("user", "sara", one));
  REQUIRE(box->ledger->put_item("peer", "sara", json::Object{{"name", "other"}}));
  REQUIRE(box->ledger->put_item("user", "nuria", json::Object{{"name", "two"}}));
  box->reopen();
  CHECK(box->ledger->item("user", "sara") == one);
  CHECK(box->ledger->items("user")->size() == 2);
  REQUIRE(box->ledger->put_item("user", "sara", json::Object{{"name", "three"}}));
  CHECK(box->ledger->item("user", "sara")->string_at("name") == std::string("three"));
  REQUIRE(box->ledger->remove_item("user", "sara"));
  CHECK(box->ledger->item("user", "sara").error().code == Code::NotFound);
  CHECK(box->ledger->items("user")->size() == 1);
  CHECK(box->ledger->items("peer")->size() == 1);
}

TEST_CASE("what does not fit is refused and writes nothing") {
  const auto box = new_box();
  const auto size = box->ledger->health().size;
  CHECK(box->ledger->open_subject({}, grant(), kYes, true).error().code == Code::BadInput);
  CHECK(box->ledger->open_subject(somebody(kAna), grant(), {"consent", "soon"}, true).error().code ==
        Code::BadInput);
  CHECK(box->ledger->open_subject(somebody(kAna), grant(), {"", "2028-11"}, true).error().code ==
        Code::BadInput);
  CHECK(box->ledger->stop({}, stop_of_person(), kProof).error().code == Code::BadInput);
  CHECK(box->ledger->record(consent::EventType::Grant, json::Object{}).error().code == Code::BadInput);
  CHECK(box->ledger->put_item("", "x", json::Object{}).error().code == Code::BadInput);
  CHECK(box->ledger->health().size == size);
  CHECK(box->ledger->health().subjects == 0);
}

TEST_CASE("a ledger is made once, and found where it was made") {
  Box box;
  CHECK(FileLedger::open(box.options()).error().code == Code::NotFound);
  box.create();
  CHECK(Ledger::create(box.options()).error().code == Code::Conflict);
  box.open();
  CHECK(box.ledger->health().origin == "tres-faroles.example/demo/1");
  CHECK(FileLedger::open(box.options()).error().code == Code::Locked);
  box.ledger.reset();
  Box other;
  other.anchor = std::move(box.anchor);
  CHECK(Ledger::create(other.options()).error().code == Code::Conflict);  // the anchor is in use
}

TEST_CASE("a folder open to others is refused") {
  Box box;
  REQUIRE(chmod(box.folder.path().c_str(), 0755) == 0);
  CHECK(Ledger::create(box.options()).error().code == Code::Refused);
}

}  // namespace
}  // namespace counterfoil::ledger::test
