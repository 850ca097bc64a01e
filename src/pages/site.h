// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the handlers share, and the one way to read a posted form. Thread rule: any thread.
#pragma once

#include "pages/frame.h"
#include "pages/pages.h"

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace counterfoil::pages {

/// Answers of posts that were carried out, by the whole post, so that a double tap on a button ends at the
/// answer of the first tap and not at "sent twice"; a page gone back to and filled in anew is another post.
/// Bounded; the oldest go first. Thread rule: any thread.
class Answered {
 public:
  void remember(std::string_view token, std::string answer, std::int64_t now_boot_ms);
  /// Nothing when the token is not known, or was answered longer ago than age_max_ms.
  [[nodiscard]] std::optional<std::string> find(std::string_view token, std::int64_t now_boot_ms,
                                                std::int64_t age_max_ms) const;

 private:
  struct Item {
    Hash token{};
    std::string answer;
    std::int64_t boot_ms = 0;
  };
  mutable std::mutex mutex_;
  std::deque<Item> items_;  // guarded by mutex_
};

class Site {
 public:
  Site(const Context& context, Look made)
      : desk(context.desk),
        tokens(context.tokens),
        sessions(context.sessions),
        clock(context.clock),
        look(std::move(made)) {}

  desk::Desk& desk;
  net::FormTokens& tokens;
  net::Sessions& sessions;
  const Clock& clock;
  const Look look;
  Answered answered;

  /// A fresh form token.
  [[nodiscard]] std::string token(std::string_view route, std::string_view context) const;
  /// What the post with this token was answered with, if it was carried out within age_max_ms.
  [[nodiscard]] std::optional<std::string> earlier_answer(std::string_view token,
                                                          std::int64_t age_max_ms) const {
    return answered.find(token, clock.boot_ms(), age_max_ms);
  }
  void remember_answer(std::string_view token, std::string answer) {
    answered.remember(token, std::move(answer), clock.boot_ms());
  }
};

/// A form that was read, and whether its token was good.
struct Posted {
  net::Form form{{}};
  bool token_good = false;
  bool input_ours = false;  // the page came from us (token good, stale or used): its input may be shown again
  int status = 400;         // to answer with when the token is not good
  std::string whole;        // the body as sent: only the very same post is answered like the first one
};
/// Reads the form and spends its token. Fails as net::parse_form does.
Result<Posted> read_post(Site& site, const net::Request& request, std::string_view route,
                         std::string_view context);
/// The answer for a form that cannot be read at all.
net::Response unreadable(const View& view, const net::Request& request, const Error& error, bool staff);

/// Something wrong with a field, in words, shown in the summary and beside it.
struct Problem {
  std::string field;  // id of the input
  Html words;
};
/// Adds what problems.mustache needs.
void put_problems(Values& values, const std::vector<Problem>& problems, const Html& message = {});

/// A number field as number_field.mustache shows it.
struct NumberField {
  std::string label;
  std::string hint;
  std::string number;
  std::string region;
  Html error;
  bool autofill = true;  // off on a shared tablet and at the till
};
void put_number_field(const View& view, Values& values, const NumberField& field);

}  // namespace counterfoil::pages
