// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// One question about a whole list: what it costs beside reading the people on it once, and how flat memory
// stays; and how many decisions a core makes when nobody has to be read.
#include "base/limits.h"
#include "box.h"
#include "desk/desk.h"
#include "report.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace counterfoil::bench {
namespace {

constexpr std::uint64_t kListed = 10;  // numbers on the list for each person enrolled
constexpr unsigned kMoreEvents = 9;    // of a person, after the first
const consent::UserId kClient("client/bench");
const ledger::Retention kKept{"yes-24m", "2028-12"};

std::string number(std::uint64_t n) {
  std::string digits = std::to_string(n);
  digits.insert(0, 7 - digits.size(), '0');
  return "+4670" + digits;
}

consent::Business sample_business() {
  consent::Business out;
  out.jurisdiction = "SE";
  out.time_zone = "Europe/Stockholm";
  out.promise = consent::Promise::at_any_time();
  out.senders.push_back({consent::SenderId("wa"), consent::Channel::WhatsApp, {}});
  consent::Topic offers;
  offers.id = consent::TopicId("offers");
  out.topics.push_back(offers);
  return out;
}

ledger::Opening sample_opening(std::uint64_t n, Instant now) {
  ledger::Opening out;
  out.identity.addresses = {{consent::AddressKind::Phone, number(n), consent::Evidence::Present}};
  out.identity.language = "sv";
  out.grant.channels = {consent::Channel::WhatsApp};
  out.grant.topics = {consent::TopicId("offers")};
  out.grant.notice = {consent::NoticeId("N1"), "sv", {}};
  out.grant.method = "form";
  out.grant.link = consent::LinkId("caja");
  out.grant.place = consent::ShopId("torrevieja");
  out.grant.age_affirmed = true;
  out.grant.minimum_age = 14;
  out.grant.evidence = consent::Evidence::Present;
  out.grant.promise = consent::Promise::at_any_time();
  out.grant.ends = now + 86'400 * 365;
  out.retention = kKept;
  return out;
}

/// Every tenth number of the list, with ten events each.
Status enrol_people(Box& box, std::uint64_t people) {
  consent::LookupBody looked;
  looked.answer = "allow";
  looked.user = consent::UserId("caja-1");
  for (std::uint64_t n = 0; n < people;) {
    std::vector<ledger::Opening> openings;
    for (; n < people && openings.size() < limits::kOpenedTogetherMax; ++n)
      openings.push_back(sample_opening(n * kListed, box.clock().now()));
    CF_TRY(const auto opened, box.ledger->open_subjects(openings));
    std::vector<consent::SubjectId> subjects;
    for (const auto& one : opened) subjects.push_back(one.subject);
    for (unsigned i = 0; i < kMoreEvents; ++i) CF_CHECK(box.ledger->look_up(subjects, looked, kKept));
  }
  return {};
}

/// CPU seconds to decrypt and fold everybody's events once.
Result<double> fold_everybody(const Box& box, std::uint64_t people) {
  const double start = process_cpu_s();
  for (std::uint64_t n = 0; n < people; ++n) {
    CF_TRY(const auto person, box.ledger->person({consent::AddressKind::Phone, number(n * kListed), {}}));
    if (person.subjects.size() != 1) return fail(Code::Internal, "somebody was not found");
  }
  return process_cpu_s() - start;
}

Status send_list(desk::Scrubs& scrubs, const std::string& id, std::uint64_t numbers) {
  std::string piece;
  std::uint64_t at = 0;
  for (std::uint64_t n = 0; n < numbers; ++n) {
    piece += number(n) + "\n";
    if (piece.size() < limits::kListPieceBytesMax - 100 && n + 1 < numbers) continue;
    CF_CHECK(scrubs.add(id, kClient, at, piece));
    at += piece.size();
    piece.clear();
  }
  return {};
}

double resident_mb() {
  return static_cast<double>(proc_self("status", "VmRSS:")) / 1024;
}

Status bench_list(const Box& box, desk::Desk& desk, std::uint64_t people, Report& report) {
  CF_TRY(const double fold_s, fold_everybody(box, people));
  ::malloc_trim(0);
  const double before_mb = resident_mb();
  double most_mb = before_mb;
  auto& scrubs = desk.scrubs();
  CF_TRY(auto state,
         scrubs.open({{{}, {}, consent::Channel::WhatsApp, consent::TopicId("offers")}}, kClient));
  CF_CHECK(send_list(scrubs, state.id, people * kListed));
  const double start = process_cpu_s();
  const double start_wall = wall_s();
  CF_CHECK(scrubs.run(state.id, kClient));
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    most_mb = std::max(most_mb, resident_mb());
    CF_TRY(state, scrubs.state(state.id, kClient));
  } while (state.stage == desk::ScrubState::Stage::Running);
  if (state.stage != desk::ScrubState::Stage::Done) return fail(Code::Internal, state.trouble);
  const double scrub_s = process_cpu_s() - start;
  CF_TRY(const auto first, scrubs.lines(state.id, kClient, 0));
  if (first[0].verdict != decide::Verdict::Allow || first[1].verdict != decide::Verdict::Deny)
    return fail(Code::Internal, "the list has other answers than it should");
  report.add({"list of " + std::to_string(people * kListed) + ", beside folding the people on it", scrub_s,
              fold_s, "CPU s", 2.5, true, 0});
  report.add({"list, numbers", static_cast<double>(people * kListed) / (wall_s() - start_wall), 0, "per s", 0,
              false, 0});
  report.add({"memory that a list adds", most_mb - before_mb, 0, "MB", 0, true, 8});
  return {};
}

Status bench_decide(const Box& box, const desk::Desk& desk, Report& report) {
  constexpr std::uint64_t kRounds = 1'000'000;
  CF_TRY(const auto person, box.ledger->person({consent::AddressKind::Phone, number(0), {}}));
  CF_TRY(const auto question,
         desk.question({number(0), {}, consent::Channel::WhatsApp, consent::TopicId("offers")}));
  const decide::Rules rules;
  std::uint64_t allowed = 0;
  const double start = process_cpu_s();
  for (std::uint64_t i = 0; i < kRounds; ++i)
    allowed += decide::decide(person, question, rules, box.clock().now(), ClockState::Synced).verdict ==
                       decide::Verdict::Allow
                   ? 1U
                   : 0U;
  const double seconds = process_cpu_s() - start;
  if (allowed != kRounds) return fail(Code::Internal, "the sample is not allowed");
  report.add({"decisions about somebody already read", kRounds / seconds / 1e6, 0, "million/s", 0, false, 1});
  return {};
}

}  // namespace

Status bench_scrub(const Options& options, Report& report) {
  const std::uint64_t people = options.full ? 100'000 : 10'000;
  CF_TRY(Box box, Box::make(options.folder + "/list"));
  CF_CHECK(enrol_people(box, people));
  const auto business = sample_business();
  CF_TRY(const auto desk, desk::Desk::open(business, decide::Rules(), *box.ledger, box.clock()));
  CF_CHECK(bench_decide(box, *desk, report));
  return bench_list(box, *desk, people, report);
}

}  // namespace counterfoil::bench
