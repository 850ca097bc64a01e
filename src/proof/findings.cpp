// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "proof/findings.h"

#include "base/limits.h"
#include "proof/line_order.h"

#include <algorithm>

namespace counterfoil::proof {

void Defects::add(Defect defect) {
  if (!groups_.empty()) {
    Group& last = groups_.back();
    if (last.first.rule == defect.rule && last.first.one == defect.one &&
        defect.position == last.first.position + last.count && defect.seq == last.first.seq + last.count) {
      ++last.count;
      return;
    }
  }
  // More than a reader can use; the findings up to here already say that the log is not intact.
  if (groups_.size() > 10 * limits::kFindingsMax) return;
  groups_.push_back({std::move(defect)});
}

void Defects::changed(std::uint64_t position, std::uint64_t seq, const std::string& why) {
  const std::string reason = why.empty() ? "" : " (" + why + ")";
  add({"V4", position, seq, "was changed" + reason, "were changed" + reason});
}

void Defects::tell_group(const Defect& first, std::uint64_t count, std::vector<Finding>& out) {
  out.push_back({first.rule, first.seq,
                 lines_text(first.seq, first.seq + count - 1) + " " + (count == 1 ? first.one : first.many)});
}

void Defects::tell(const std::set<std::uint64_t>& skip, std::vector<Finding>& out) const {
  for (const Group& group : groups_) {
    std::uint64_t from = 0;  // start of the part not yet told
    for (auto it = skip.lower_bound(group.first.position);
         it != skip.end() && *it < group.first.position + group.count; ++it) {
      const std::uint64_t at = *it - group.first.position;
      if (at > from) {
        Defect part = group.first;
        part.seq += from;
        tell_group(part, at - from, out);
      }
      from = at + 1;
    }
    if (from == group.count) continue;
    Defect part = group.first;
    part.seq += from;
    tell_group(part, group.count - from, out);
  }
}

void tidy(std::vector<Finding>& findings) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.seq < b.seq; });
  findings.erase(std::unique(findings.begin(), findings.end()), findings.end());
  if (findings.size() <= limits::kFindingsMax) return;
  const std::size_t rest = findings.size() - limits::kFindingsMax;
  findings.resize(limits::kFindingsMax);
  findings.push_back({findings.back().rule, findings.back().seq, "and " + std::to_string(rest) + " more"});
}

}  // namespace counterfoil::proof
