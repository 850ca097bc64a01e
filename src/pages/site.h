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
class AnsweredPosts {
 public:
  void remember(std::string_view post, std::string answer, std::int64_t now_boot_ms);
  /// Forgets answers that contain the text: an erased person's address must not stay in memory.
  void forget(std::string_view part);
  /// Nothing when the post is not known, or was answered longer ago than age_max_ms.
  [[nodiscard]] std::optional<std::string> find(std::string_view post, std::int64_t now_boot_ms,
                                                std::int64_t age_max_ms) const;

 private:
  struct Item {
    Hash post{};
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
        steps(context.steps),
        clock(context.clock),
        certificate_end(context.certificate_end),
        look(std::move(made)) {}

  desk::Desk& desk;
  net::FormTokens& tokens;
  net::Sessions& sessions;
  net::Sessions& steps;  // between the two factors of a log-in; none of them opens a page
  const Clock& clock;
  const std::function<std::optional<Instant>()> certificate_end;
  const Look look;
  AnsweredPosts answered_posts;

  /// A fresh form token.
  [[nodiscard]] std::string token(std::string_view route, std::string_view context) const;
  /// What this very post was answered with, if it was carried out within age_max_ms.
  [[nodiscard]] std::optional<std::string> earlier_answer(std::string_view post,
                                                          std::int64_t age_max_ms) const {
    return answered_posts.find(post, clock.boot_ms(), age_max_ms);
  }
  void remember_answer(std::string_view post, std::string answer) {
    answered_posts.remember(post, std::move(answer), clock.boot_ms());
  }
};

/// The view of a customer page; below /o/{link} it knows whether that link stands on a shared tablet. `asked`
/// is the form's own language.
View customer_view(const Site& site, const net::Request& request, std::string_view asked = {});

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
/// What a form that is shown again says about what was sent.
struct Remarks {
  std::vector<Problem> problems;
  Html message;  // about the whole
  int status = 200;

  /// The words about one field; empty when nothing is wrong with it.
  [[nodiscard]] Html about(std::string_view field) const;
};
/// Adds what problems.mustache needs.
void put_problems(Values& values, const std::vector<Problem>& problems, const Html& message = {});

/// True when the desk refused the input and names this word among its machine reasons ("no_topic age").
bool names(const Error& error, std::string_view word);

/// The country chosen on a form, or the shop's own where none was chosen.
std::string region_or_own(const View& view, std::string_view chosen);
/// A number as it was typed, with the country it is read for.
struct TypedNumber {
  std::string number;
  std::string region;
};
TypedNumber typed_number(const View& view, const net::Form& form);
/// What is wrong with a number: the catalogue's words for it, with the country it was read for.
Problem wrong_number(const View& view, std::string_view id, std::string_view region);

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
