// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A Decision in the words of the till: one headline, one reason, one thing to do, one thing to say.
// Pure. Thread rule: any thread.
#pragma once

#include "desk/desk.h"
#include "pages/look.h"

namespace counterfoil::pages {

struct VerdictWords {
  std::string tone;  // "yes", "no", "later": a class of the style sheet
  std::string sign;  // ✔ ✖ ◷, beside the words and never instead of them
  std::string headline;
  Html why;
  Html act;
  Html say;
};

/// Words for one row of the grid. The first reason is the most absolute one, so it is the one told.
VerdictWords verdict_words(const View& view, const desk::Check& check, const desk::CheckRow& row);
/// "yes", "no", "not yet" for a cell of the grid.
std::string cell_words(const View& view, const decide::Decision& decision);
/// Headline of a reason, for the folded list of all reasons.
std::string reason_words(const View& view, const desk::Check& check, const desk::CheckRow& row,
                         const decide::Reason& reason);

}  // namespace counterfoil::pages
