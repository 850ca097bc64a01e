// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "counterfoil/consent/event.h"

#include <array>

namespace counterfoil::consent {
namespace {

// The closed table. Writers: person, staff, manager, operator (who runs the box), backend, box (by itself).
constexpr std::array kEventTable = {
    EventRow{EventType::Grant, "consent.grant", true, "person, staff"},
    EventRow{EventType::Renew, "consent.renew", true, "person"},
    EventRow{EventType::Withdraw, "consent.withdraw", true, "person, staff, manager"},
    EventRow{EventType::Stop, "consent.stop", true, "person, staff, manager, backend"},
    EventRow{EventType::Confirm, "consent.confirm", true, "staff, manager, backend"},
    EventRow{EventType::Lift, "consent.lift", true, "person, staff, manager"},
    EventRow{EventType::Restrict, "consent.restrict", true, "person, manager"},
    EventRow{EventType::Object, "consent.object", true, "person, manager"},
    EventRow{EventType::Import, "consent.import", true, "manager"},
    EventRow{EventType::Correct, "subject.correct", true, "person, manager"},
    EventRow{EventType::Lookup, "staff.lookup", true, "box"},
    EventRow{EventType::Sent, "contact.sent", true, "staff, manager, backend"},
    EventRow{EventType::Inbound, "contact.inbound", true, "backend"},
    EventRow{EventType::NativeStop, "contact.native_stop", true, "staff, manager, backend"},
    EventRow{EventType::NativeResume, "contact.native_resume", true, "backend"},
    EventRow{EventType::HoldSet, "hold.set", true, "manager, backend"},
    EventRow{EventType::HoldClear, "hold.clear", true, "manager, backend"},
    EventRow{EventType::RetentionChange, "retention.change", true, "box"},
    EventRow{EventType::EraseRequest, "erase.request", true, "person, manager"},
    EventRow{EventType::EraseDone, "erase.done", false, "box"},
    EventRow{EventType::ExpireDone, "expire.done", false, "box"},
    EventRow{EventType::NoticePublish, "notice.publish", false, "box"},
    EventRow{EventType::SysGenesis, "sys.genesis", false, "box"},
    EventRow{EventType::SysBoot, "sys.boot", false, "box"},
    EventRow{EventType::SysKey, "sys.key", false, "box"},
    EventRow{EventType::SysCosign, "sys.cosign", false, "backend"},
    EventRow{EventType::SysTime, "sys.time", false, "backend, box"},
    EventRow{EventType::SysMeta, "sys.meta", false, "box"},
    EventRow{EventType::SysCount, "sys.count", false, "box"},
    EventRow{EventType::SysQuality, "sys.quality", false, "backend"},
    EventRow{EventType::SysConfig, "sys.config", false, "manager, operator"},
    EventRow{EventType::SysAudit, "sys.audit", false, "box"},
};
static_assert(kEventTable.size() == static_cast<std::size_t>(EventType::SysAudit) + 1);
static_assert(
    [] {
      for (std::size_t i = 0; i < kEventTable.size(); ++i) {
        if (kEventTable.at(i).type != static_cast<EventType>(i)) return false;
      }
      return true;
    }(),
    "the table is in the order of EventType");

const EventRow& event_row(EventType t) {
  return kEventTable.at(static_cast<std::size_t>(t));
}

}  // namespace

std::span<const EventRow> event_table() {
  return kEventTable;
}

std::string_view event_name(EventType t) {
  return event_row(t).name;
}

bool is_person_event(EventType t) {
  return event_row(t).person;
}

std::optional<EventType> event_from_name(std::string_view name) {
  for (const EventRow& row : kEventTable) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

}  // namespace counterfoil::consent
