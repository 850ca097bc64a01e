// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "proof/line_order.h"

#include "base/limits.h"

#include <algorithm>

namespace counterfoil::proof {

std::string lines_text(std::uint64_t first, std::uint64_t last) {
  if (first == last) return "line " + std::to_string(first);
  return "lines " + std::to_string(first) + (last == first + 1 ? " and " : " to ") + std::to_string(last);
}

void LineOrder::known(std::uint64_t seq) {
  const std::uint64_t position = end_++;
  if (!runs_.empty()) {
    Run& last = runs_.back();
    // Unreadable lines in between belong to the run when the count fits.
    if (seq >= last.seq && seq - last.seq == position - last.position) {
      last.length = position + 1 - last.position;
      return;
    }
  }
  if (runs_.size() == limits::kOrderRunsMax) {
    hopeless_ = true;
    return;
  }
  runs_.push_back({position, seq, 1});
}

std::uint64_t LineOrder::expected() const {
  return runs_.empty() ? end_ : runs_.back().seq + (end_ - runs_.back().position);
}

struct LineOrder::Judge {
  std::uint64_t start;
  std::uint64_t end;
  std::optional<std::uint64_t> size;
  std::vector<Run> runs;
  Report report;
  RangeSet missing;
  struct Stray {
    Run run;
    std::optional<std::uint64_t> expected;  // number that belongs in its place
  };
  std::vector<Stray> strays;

  void find(std::string rule, std::uint64_t seq, std::string text) {
    report.findings.push_back({std::move(rule), seq, std::move(text)});
  }

  void mark_strays(const Run& run) {
    for (std::uint64_t p = run.position; p < run.position_end(); ++p) report.strays.insert(p);
  }

  // Number that belongs at the place of run i, judging by the run before it.
  [[nodiscard]] std::uint64_t wanted(std::size_t i, std::size_t before) const {
    if (before == runs.size()) return runs[i].position;
    return runs[before].seq + (runs[i].position - runs[before].position);
  }

  // Two runs of equal length of which each stands where the other belongs.
  void settle_swaps() {
    const std::size_t none = runs.size();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const std::size_t before_i = i == 0 ? none : i - 1;
      const std::uint64_t want_i = wanted(i, before_i);
      if (want_i == runs[i].seq) continue;
      for (std::size_t j = i + 1; j < runs.size(); ++j) {
        const std::uint64_t want_j = wanted(j, j == i + 1 ? before_i : j - 1);
        if (runs[j].length != runs[i].length || runs[i].seq != want_j || runs[j].seq != want_i) continue;
        swapped(want_i, want_j, runs[i].length);
        mark_strays(runs[i]);
        mark_strays(runs[j]);
        std::swap(runs[i].seq, runs[j].seq);
        break;
      }
    }
  }

  void swapped(std::uint64_t a, std::uint64_t b, std::uint64_t length) {
    const std::string what = length == 1
                                 ? "lines " + std::to_string(a) + " and " + std::to_string(b)
                                 : lines_text(a, a + length - 1) + " and " + lines_text(b, b + length - 1);
    find("V5", a, what + " are swapped");
  }

  // Cuts a run that begins with numbers already seen, so that a repetition costs only the repeated lines.
  void split_repeats() {
    std::vector<Run> out;
    std::uint64_t seen_end = 0;
    for (Run run : runs) {
      if (run.seq < seen_end && seen_end < run.seq_end()) {
        const std::uint64_t repeated = seen_end - run.seq;
        out.push_back({run.position, run.seq, repeated});
        run = {run.position + repeated, run.seq + repeated, run.length - repeated};
      }
      out.push_back(run);
      seen_end = std::max(seen_end, run.seq_end());
    }
    runs = std::move(out);
  }

  // The runs that keep their order and hold the most lines; of equals, those without a gap before them. What
  // is left over are strays.
  [[nodiscard]] std::vector<bool> skeleton() const {
    std::vector<std::uint64_t> weight(runs.size());
    std::vector<std::size_t> before(runs.size(), runs.size());
    std::size_t best = runs.size();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      weight[i] = 2 * runs[i].length;
      for (std::size_t j = 0; j < i; ++j) {
        if (runs[j].seq_end() > runs[i].seq) continue;
        const bool joined = runs[j].position_end() == runs[i].position && runs[j].seq_end() == runs[i].seq;
        const std::uint64_t together = weight[j] + 2 * runs[i].length + (joined ? 1 : 0);
        if (together <= weight[i]) continue;
        weight[i] = together;
        before[i] = j;
      }
      if (best == runs.size() || weight[i] > weight[best]) best = i;
    }
    std::vector<bool> kept(runs.size(), false);
    for (std::size_t i = best; i < runs.size(); i = before[i]) kept[i] = true;
    return kept;
  }

  // What lies between two kept runs: numbers [seq, seq_end) on positions [position, position_end).
  void gap(std::uint64_t position, std::uint64_t position_end, std::uint64_t seq, std::uint64_t seq_end,
           const std::vector<Run>& between) {
    const std::uint64_t hole = seq_end - seq;
    const std::uint64_t places = position_end - position;
    std::uint64_t stray_lines = 0;
    for (const Run& run : between) {
      stray_lines += run.length;
      strays.push_back({run, hole == places ? std::optional(seq + (run.position - position)) : std::nullopt});
    }
    if (hole == places) return;
    const std::uint64_t unread = places - stray_lines;
    if (unread == 0 && hole > 0) {
      missing.add(seq, seq_end - 1);
    } else if (hole > unread) {
      find("V5", seq,
           std::to_string(hole - unread) + " of " + lines_text(seq, seq_end - 1) +
               (hole - unread == 1 ? " is missing" : " are missing"));
    } else if (hole < unread) {
      find("V5", seq, lines_too_many(unread - hole) + " before line " + std::to_string(seq_end));
    }
  }

  static std::string lines_too_many(std::uint64_t n) {
    return n == 1 ? "there is 1 line too many" : "there are " + std::to_string(n) + " lines too many";
  }

  // After the last kept run: numbers from seq, positions from position to the end.
  void tail(std::uint64_t position, std::uint64_t seq, const std::vector<Run>& between) {
    const std::uint64_t places = end - position;
    std::uint64_t stray_lines = 0;
    for (const Run& run : between) stray_lines += run.length;
    const bool same = size && *size >= seq && *size - seq == places;
    for (const Run& run : between)
      strays.push_back({run, same ? std::optional(seq + (run.position - position)) : std::nullopt});
    if (!size || same) return;
    const std::uint64_t there = seq + (places - stray_lines);
    if (there < *size) missing.add(there, *size - 1);
    if (there > *size) {
      const std::uint64_t surplus = there - *size;
      find("V3", *size,
           surplus == 1
               ? "the last line is more than the checkpoint covers"
               : "the last " + std::to_string(surplus) + " lines are more than the checkpoint covers");
    }
  }

  void walk() {
    const std::vector<bool> kept = skeleton();
    std::uint64_t position = start;
    std::uint64_t seq = start;
    std::vector<Run> between;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (!kept[i] || runs[i].seq < seq) {
        between.push_back(runs[i]);
        continue;
      }
      gap(position, runs[i].position, seq, runs[i].seq, between);
      between.clear();
      position = runs[i].position_end();
      seq = runs[i].seq_end();
    }
    tail(position, seq, between);
  }

  void tell_strays() {
    for (const Stray& stray : strays) {
      const std::uint64_t first = stray.run.seq;
      const std::uint64_t last = stray.run.seq_end() - 1;
      const bool one = first == last;
      mark_strays(stray.run);
      if (stray.expected) {
        const std::uint64_t e = *stray.expected;
        find("V5", e,
             lines_text(e, e + stray.run.length - 1) +
                 (one ? " was changed (it calls itself " : " were changed (they call themselves ") +
                 lines_text(first, last) + ")");
      } else if (missing.contains(first, last)) {
        missing.remove(first, last);
        find("V5", first, lines_text(first, last) + (one ? " is" : " are") + " out of place");
      } else {
        find("V5", first, lines_text(first, last) + (one ? " is" : " are") + " there twice");
      }
    }
  }

  void tell_missing() {
    for (const auto& [first, last] : missing.ranges()) {
      const std::uint64_t n = last - first + 1;
      if (size && last + 1 == *size) {
        find("V3", first,
             n == 1 ? "the last line is missing" : "the last " + std::to_string(n) + " lines are missing");
      } else {
        find("V5", first, lines_text(first, last) + (n == 1 ? " is missing" : " are missing"));
      }
    }
  }
};

LineOrder::Report LineOrder::judge(std::optional<std::uint64_t> size) const {
  Judge judge{start_, end_, size, runs_, {}, {}, {}};
  if (hopeless_) {
    judge.find("V5", start_, "the lines are in no order");
    return std::move(judge.report);
  }
  judge.settle_swaps();
  judge.split_repeats();
  judge.walk();
  judge.tell_strays();
  judge.tell_missing();
  return std::move(judge.report);
}

}  // namespace counterfoil::proof
