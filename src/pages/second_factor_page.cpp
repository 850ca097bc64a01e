// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/second_factor_page.h"

#include "base/limits.h"
#include "crypto/crypto.h"
#include "crypto/one_time_code.h"
#include "pages/qr.h"

namespace counterfoil::pages {
namespace {

constexpr std::string_view kCodeRoute = "login-code";
constexpr std::string_view kEnrolRoute = "login-enrol";
constexpr std::string_view kNewCodesRoute = "account-codes";
constexpr std::string_view kTillCookie = "__Host-cf-till";
constexpr std::string_view kEnrolContext = "counterfoil second factor 1";
constexpr std::size_t kSecretGroup = 4;

/// Whoever gave the right password in this browser a moment ago.
struct HalfWay {
  desk::User user;
  net::Session step;
};

std::optional<HalfWay> half_way(const Site& site, const net::Request& request) {
  auto step = site.steps.find(request);
  if (!step) return std::nullopt;
  auto user = site.desk.user(step->user);
  if (!user) return std::nullopt;
  return HalfWay{*std::move(user), *std::move(step)};
}

net::Response too_late() {
  return net::Response::redirect("/staff/login?done=late");
}

bool clock_untrusted(const Site& site) {
  return site.desk.clock_state() == ClockState::Untrusted;
}

/// The secret of an enrolment lives as long as its step and is stored nowhere before a code proves it.
Key enrolment_secret(const net::Session& step) {
  return crypto::hkdf_sha256(as_bytes(step.form_context), {}, kEnrolContext);
}
ByteView secret_of(const Key& key) {
  return key.view().first(crypto::kOneTimeSecretBytes);
}

/// Google's "Key Uri Format", which all apps read.
std::string otpauth_uri(const View& view, const desk::User& user, std::string_view secret) {
  const std::string issuer = net::percent_encode(view.business().name);
  return "otpauth://totp/" + issuer + ":" + net::percent_encode(user.id.text()) +
         "?secret=" + std::string(secret) + "&issuer=" + issuer + "&algorithm=SHA1&digits=6&period=30";
}

std::string in_groups(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += kSecretGroup)
    out += (i == 0 ? "" : " ") + std::string(text.substr(i, kSecretGroup));
  return out;
}

void put_code_field(const Site& site, Page& page, const Remarks& remarks) {
  page.status = remarks.status;
  put_problems(page.values, remarks.problems, remarks.message);
  page.values.html("code_error_html", remarks.about("code"))
      .flag("clock_untrusted", clock_untrusted(site))
      .text("stop_url", site.look.customer_url + "/stop");
}

net::Response code_page(const Site& site, const View& view, const HalfWay& who, const Remarks& remarks) {
  Page page;
  page.staff = true;
  page.title = view.tr("staff.factor.title");
  page.name = "login_code";
  page.values.text("token", site.token(kCodeRoute, who.step.form_context));
  put_code_field(site, page, remarks);
  return respond(view, page);
}

net::Response enrol_page(const Site& site, const View& view, const net::Request& request, const HalfWay& who,
                         const Remarks& remarks) {
  const Key key = enrolment_secret(who.step);
  const std::string secret = base32(secret_of(key));
  const std::string uri = otpauth_uri(view, who.user, secret);
  const auto code = qr::svg(uri, view.tr("staff.enrol.qr_alt"));
  if (!code) return error_answer(view, request, code.error(), true);
  Page page;
  page.staff = true;
  page.title = view.tr("staff.enrol.title");
  page.name = "login_enrol";
  page.values.text("token", site.token(kEnrolRoute, who.step.form_context))
      .html("qr_html", Html::trusted(*code))
      .text("uri", uri)
      .text("secret_words", in_groups(secret));
  put_code_field(site, page, remarks);
  return respond(view, page);
}

net::Response codes_page(const View& view, const desk::User& user, const std::vector<std::string>& codes) {
  Page page;
  page.staff = true;
  page.bare = true;  // to be printed; and no link of a frame leads away from what is shown only once
  page.title = view.tr("staff.codes.title");
  page.name = "recovery_codes";
  std::vector<Values> items;
  for (const std::string& code : codes) items.push_back(Values().text("recovery_code", code));
  page.values.text("business_name", view.business().name)
      .text("user", user.id.text())
      .list("codes", std::move(items));
  return respond(view, page);
}

/// What is to be said of a code that was not taken; nothing where it is no matter of the code.
std::optional<Remarks> code_remarks(const View& view, const Error& error, std::string_view wrong,
                                    std::string_view clock) {
  const int status = http_status(error.code);
  if (error.code == Code::Refused) return Remarks{{{"code", view.phrase(wrong)}}, {}, status};
  if (error.code == Code::Limit)
    return Remarks{{}, view.phrase("staff.factor.wait", {{"n", seconds_of(error)}}), status};
  if (error.code == Code::NotReady && error.detail == "clock") return Remarks{{}, view.phrase(clock), status};
  return std::nullopt;
}

/// Both factors were right: the step ends, a session begins, and strangers slow this browser down no more.
Status admit(Site& site, const net::Request& request, const desk::User& user, net::Response& answer) {
  CF_TRY(const auto opened,
         site.sessions.log_in(request, user.id.text(), std::string(desk::role_name(user.role))));
  std::string mark(request.cookie(kTillCookie).value_or(""));
  if (!site.desk.is_known_till(mark)) mark = site.desk.new_till_mark();
  answer.with("Set-Cookie", opened.set_cookie)
      .with("Set-Cookie", site.steps.log_out(request))
      .with("Set-Cookie", std::string(kTillCookie) + "=" + mark +
                              "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=" +
                              std::to_string(limits::kTillMarkLife_s));
  return {};
}

net::Response account_page(const Site& site, const View& view, const StaffPerson& person,
                           const Remarks& remarks) {
  Page page = staff_page(site, person, view.tr("staff.account.title"), "account");
  page.values.text("token", staff_token(site, person, kNewCodesRoute))
      .text("user", person.user.id.text())
      .text("codes_left", std::to_string(person.user.recovery_codes));
  put_code_field(site, page, remarks);
  return respond(view, page);
}

}  // namespace

desk::LoginPlace login_place(const net::Request& request) {
  return {request.address_key, std::string(request.cookie(kTillCookie).value_or(""))};
}

net::Response to_second_factor(Site& site, const net::Request& request, const desk::User& user) {
  const auto step = site.steps.log_in(request, user.id.text(), std::string(desk::role_name(user.role)));
  if (!step) return error_answer(staff_view(site.look, request), request, step.error(), true);
  return net::Response::redirect(user.second_factor ? "/staff/login/code" : "/staff/login/enrol")
      .with("Set-Cookie", step->set_cookie);
}

net::Response get_login_code(Site& site, const net::Request& request) {
  const auto who = half_way(site, request);
  if (!who) return too_late();
  return code_page(site, staff_view(site.look, request), *who, {});
}

net::Response post_login_code(Site& site, const net::Request& request) {
  const View view = staff_view(site.look, request);
  const auto who = half_way(site, request);
  if (!who) return too_late();
  const auto posted = read_post(site, request, kCodeRoute, who->step.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  if (!posted->token_good)
    return code_page(site, view, *who, {{}, view.phrase("error.bad_token.body"), posted->status});
  const auto user =
      site.desk.second_factor(who->user.id.text(), posted->form.text("code"), login_place(request));
  if (!user) {
    const auto remarks = code_remarks(view, user.error(), "staff.factor.wrong", "staff.factor.clock");
    return remarks ? code_page(site, view, *who, *remarks) : error_answer(view, request, user.error(), true);
  }
  net::Response answer = net::Response::redirect("/staff");
  if (const auto done = admit(site, request, *user, answer); !done)
    return error_answer(view, request, done.error(), true);
  return answer;
}

net::Response get_enrol(Site& site, const net::Request& request) {
  const auto who = half_way(site, request);
  if (!who) return too_late();
  if (who->user.second_factor) return net::Response::redirect("/staff/login/code");
  return enrol_page(site, staff_view(site.look, request), request, *who, {});
}

net::Response post_enrol(Site& site, const net::Request& request) {
  const View view = staff_view(site.look, request);
  const auto who = half_way(site, request);
  if (!who) return too_late();
  const auto posted = read_post(site, request, kEnrolRoute, who->step.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  if (!posted->token_good)
    return enrol_page(site, view, request, *who, {{}, view.phrase("error.bad_token.body"), posted->status});
  const Key key = enrolment_secret(who->step);
  const auto codes = site.desk.enrol(who->user.id.text(), secret_of(key), posted->form.text("code"));
  if (!codes && codes.error().code == Code::Conflict) return net::Response::redirect("/staff/login/code");
  if (!codes) {
    const auto remarks = code_remarks(view, codes.error(), "staff.enrol.wrong", "staff.enrol.clock");
    return remarks ? enrol_page(site, view, request, *who, *remarks)
                   : error_answer(view, request, codes.error(), true);
  }
  net::Response answer = codes_page(view, who->user, *codes);
  if (const auto done = admit(site, request, who->user, answer); !done)
    return error_answer(view, request, done.error(), true);
  return answer;
}

net::Response get_account(Site& site, const net::Request& request, const StaffPerson& person) {
  return account_page(site, staff_view(site.look, request), person, {});
}

net::Response post_new_codes(Site& site, const net::Request& request, const StaffPerson& person) {
  View view = staff_view(site.look, request);
  view.path = "/staff/account";
  const auto posted = read_post(site, request, kNewCodesRoute, person.session.form_context);
  if (!posted) return unreadable(view, request, posted.error(), true);
  if (!posted->token_good)
    return account_page(site, view, person, {{}, view.phrase("error.bad_token.body"), posted->status});
  const auto codes =
      site.desk.new_recovery_codes(person.user.id.text(), posted->form.text("code"), login_place(request));
  if (codes) return codes_page(view, person.user, *codes);
  const auto remarks = code_remarks(view, codes.error(), "staff.factor.wrong", "staff.factor.clock");
  return remarks ? account_page(site, view, person, *remarks)
                 : error_answer(view, request, codes.error(), true);
}

}  // namespace counterfoil::pages
