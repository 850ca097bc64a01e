// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/stop_page.h"

#include "base/limits.h"

#include <charconv>
#include <chrono>
#include <thread>

namespace counterfoil::pages {
namespace {

constexpr std::string_view kStopByNumberRoute = "stop";

net::Response stop_form(const Site& site, const View& view, const TypedNumber& input,
                        const Remarks& remarks) {
  Page page;
  page.title = view.tr("stop.title");
  page.name = "stop";
  page.status = remarks.status;
  page.kiosk_refresh_s = limits::kKioskFormRefresh_s;
  page.values.text("token", site.token(kStopByNumberRoute, ""))
      .text("form_lang", view.language.code())
      .html("home_html",
            home_stops(view).empty() ? Html() : view.phrase("stop.home", {{"ways", home_stop_words(view)}}));
  put_problems(page.values, remarks.problems, remarks.message);
  put_number_field(
      view, page.values,
      {view.tr("stop.number"), "", input.number, input.region, remarks.about("number"), !view.kiosk()});
  return respond(view, page);
}

net::Response stopped_page(const View& view, Instant at) {
  Page page;
  page.title = view.tr("stop.title");
  page.name = "stop_done";
  page.values.html("done_html", view.phrase("stop.done", {{"time", time_words(view, at)}}));
  return respond(view, page);
}

/// Answers leave on a fixed grid of time, so that the wait does not tell whether the number was known.
void wait_for_grid(const Clock& clock) {
  const std::int64_t into = clock.boot_ms() % limits::kStopAnswerGrid_ms;
  std::this_thread::sleep_for(std::chrono::milliseconds(limits::kStopAnswerGrid_ms - into));
}

net::Response not_recorded(const Site& site, const View& view, const TypedNumber& input, const Error& error) {
  if (names(error, "number"))
    return stop_form(site, view, input, {{wrong_number(view, "stop.bad_number", input.region)}, {}, 400});
  const Html message = error.code == Code::Limit
                           ? view.phrase("error.too_many.body", {{"n", seconds_of(error)}})
                           : view.phrase("stop.not_saved", {{"ways", home_stop_words(view)}});
  return stop_form(site, view, input, {{}, message, http_status(error.code)});
}

}  // namespace

net::Response get_stop(Site& site, const net::Request& request) {
  const View view = customer_view(site, request);
  return stop_form(site, view, {}, {});
}

net::Response post_stop(Site& site, const net::Request& request) {
  const auto posted = read_post(site, request, kStopByNumberRoute, "");
  const View view = customer_view(site, request, posted ? posted->form.text("lang") : std::string_view());
  if (!posted) return unreadable(view, request, posted.error(), false);
  const TypedNumber input = typed_number(view, posted->form);
  if (!posted->token_good) {
    Instant at = 0;
    const auto earlier = site.earlier_answer(posted->whole, limits::kFormTokenLife_ms);
    if (earlier && std::from_chars(earlier->data(), earlier->data() + earlier->size(), at).ec == std::errc())
      return stopped_page(view, at);
    // A token of before a restart looks foreign; whoever wants to stop does not type the number twice.
    return stop_form(site, view, input, {{}, view.phrase("form.stale_page"), posted->status});
  }
  consent::StopBody by;
  by.by = consent::Actor::Person;
  by.via = "number";
  const auto stopped = site.desk.stop_by_number(input.number, input.region, by);
  wait_for_grid(site.clock);
  if (!stopped) return not_recorded(site, view, input, stopped.error());
  const Instant now = site.clock.now();  // of this answer: a repeat must not show when the first stop was
  site.remember_answer(posted->whole, std::to_string(now));
  return stopped_page(view, now);
}

}  // namespace counterfoil::pages
