// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The main job from poster to proof, in a real browser: the code on the poster is read from its picture, a customer
// says yes, staff prove the number, the customer takes part of it back and then all of it, the head office pulls.
// Once with script, and with script switched off in English and in Spanish.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { assertNothingFound, assertQuiet, inspect, pageBytesMax, picture, watch, weigh } from "./inspect.mjs";
import { decode, oneTimeCode, openShop, program, run, words } from "./shop.mjs";
import { checkTwin } from "./twin.mjs";

let shop;
let browser;
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const locales = { en: "en-GB", es: "es-ES" };
const erasurePromised_ms = 60_000;
const swedish = (last) => `070-174 06 ${String(last).padStart(2, "0")}`;

before(async () => {
  shop = await openShop();
  browser = await chromium.launch({
    executablePath: process.env.CF_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      // Only this key is trusted beyond the usual authorities; every other mistake still ends the connection.
      `--ignore-certificate-errors-spki-list=${shop.pin}`],
  });
});

after(async () => {
  await browser?.close();
  await shop?.stop();
});

// A person with a browser of their own; done() checks that it stayed quiet.
async function visitor(language, options = {}) {
  const context = await browser.newContext({ locale: locales[language], ...options });
  const own = [new URL(shop.customer_url).origin, new URL(shop.staff_url).origin];
  const seen = watch(context, own);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  return {
    context, page, seen,
    w: words(language),
    async done(name) {
      assertQuiet(seen, name);
      await context.close();
    },
  };
}

const textOf = async (page, selector = "main") => (await page.locator(selector).innerText()).replace(/\s+/g, " ");
const headline = (page) => textOf(page, "h1");

// Presses what leads to another page and gives that page's answer.
async function press(page, locator) {
  const [response] = await Promise.all([
    page.waitForResponse((r) => r.request().isNavigationRequest() && r.status() !== 303),
    locator.click(),
  ]);
  await page.waitForLoadState("load");
  return response;
}

async function logIn(language) {
  const staff = await visitor(language, { viewport: { width: 1280, height: 900 } });
  await staff.page.goto(`${shop.staff_url}/staff`);
  assert.equal(await headline(staff.page), staff.w("staff.login.title"));
  await staff.page.fill("#user", shop.staff_user);
  await staff.page.fill("#password", shop.staff_password);
  await press(staff.page, staff.page.locator("main button"));
  await secondStep(staff);
  assert.equal(await headline(staff.page), staff.w("staff.home.title"));
  return staff;
}

// No code of time is accepted twice, so the first log-in gets recovery codes for the others.
const recoveryCodes = [];
async function secondStep({ page, w }) {
  assert.equal(await headline(page), w("staff.factor.title"));
  await page.fill("#code", recoveryCodes.pop() ?? oneTimeCode(shop.staff_secret));
  await press(page, page.locator("main button"));
  if (recoveryCodes.length > 1) return;
  await press(page, page.locator('a[href="/staff/account"]'));
  await page.fill("#code", recoveryCodes.pop() ?? oneTimeCode(shop.staff_secret, 1));
  await press(page, page.locator("main button"));
  recoveryCodes.splice(0, 1, ...(await page.locator(".codes code").allInnerTexts()));
  assert.equal(recoveryCodes.length, 10);
  await press(page, page.locator("main a.button"));
}

async function check(staff, number, topic, channel = "whatsapp") {
  const { page } = staff;
  await page.goto(`${shop.staff_url}/staff/check`);
  await page.selectOption("#region", "SE");
  await page.fill("#number", number);
  await page.selectOption("#topic", topic);
  await page.selectOption("#channel", channel);
  return press(page, page.locator('form[action="/staff/check"] button'));
}

async function expectVerdict(staff, number, topic, id) {
  const response = await check(staff, number, topic);
  const said = await headline(staff.page);
  const wanted = staff.w(`verdict.${id}.headline`, { channel: "WhatsApp" });
  assert.ok(said.includes(wanted), `${topic}: "${said}", not "${wanted}"`);
  return response;
}

async function fillForm(page, number, topics, channels = ["whatsapp"]) {
  for (const topic of topics) await page.check(`#topic-${topic}`);
  for (const channel of channels) await page.check(`#channel-${channel}`);
  await page.selectOption("#region", "SE");
  await page.fill("#number", number);
  await page.check("#age");
}

async function sayYes(customer, link, number, topics) {
  const { page } = customer;
  await page.goto(`${shop.customer_url}/o/${link}`);
  await fillForm(page, number, topics);
  const receipt = await press(page, page.locator("button.yes"));
  assert.match(page.url(), /\/r\/[A-Za-z0-9_-]{22}$/);
  return receipt;
}

const codeOn = async (page) => (await textOf(page, ".code strong")).trim();

async function confirmCode(staff, code, name) {
  const { page, w } = staff;
  await page.goto(`${shop.staff_url}/staff/confirm`);
  await page.fill("#code", code);
  const look = await press(page, page.locator("main button"));
  assert.ok((await textOf(page)).includes(w("staff.confirm.look")));
  if (name) await inspect(page, `${name}-confirm-look`, look);
  const done = await press(page, page.locator('form[action="/staff/confirm/yes"] button'));
  assert.ok((await textOf(page)).includes(w("staff.confirm.say")));
  if (name) await inspect(page, `${name}-confirm-done`, done);
}

// The receipt as a file: complete without the box, and its proof stands up to a stranger.
async function keepReceipt(customer, code) {
  const { page, w } = customer;
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("a[download]")]);
  const file = path.join(shop.folder, "receipt.html");
  await download.saveAs(file);
  assert.ok(download.suggestedFilename().endsWith(".html"), download.suggestedFilename());
  const html = fs.readFileSync(file, "utf8");
  assert.ok(Buffer.byteLength(html) <= pageBytesMax, `the file weighs ${Buffer.byteLength(html)} bytes`);
  assert.doesNotMatch(html, /<(script|link|img|iframe|object|embed)\b|\ssrc=|url\(|@import/i, "refers to something outside");
  const home = await browser.newContext({ offline: true, javaScriptEnabled: false });
  const asked = [];
  home.on("request", (request) => asked.push(request.url()));
  const sheet = await home.newPage();
  await sheet.goto(pathToFileURL(file).href);
  const text = (await sheet.locator("body").innerText()).replace(/\s+/g, " ");
  assert.ok(text.includes(w("receipt.title_requested")));
  assert.ok(text.includes(code), "the code is not in the file");
  const stop = await sheet.locator('a.button[href^="https://wa.me/"]').first();
  assert.equal((await stop.innerText()).trim(), w("notice.way.whatsapp"), "no way to stop from home");
  assert.equal(asked.length, 1, `the file asked for ${asked.slice(1)}`);
  await sheet.screenshot({ path: picture("receipt-file"), fullPage: true });
  const proof = path.join(shop.folder, "receipt.tlog-proof");
  fs.writeFileSync(proof, await sheet.locator("#proof").textContent());
  const key = path.join(shop.folder, "receipt-key.pem");
  fs.writeFileSync(key, await sheet.locator("pre:not([id])").textContent());
  await home.close();
  for (const [kept, pem] of [[proof, shop.log_key_file], [proof, key], [file, key]]) {
    const verdict = run(program("counterfoil-verify"), "receipt", kept, "--key", pem);
    assert.equal(verdict.status, 0, verdict.stdout + verdict.stderr);
    assert.match(verdict.stdout, /^intact: /);
    assert.equal(verdict.stdout.includes("\ngiven to: "), kept === file, verdict.stdout);
  }
  const changed = fs.readFileSync(proof, "utf8").replace(/^extra (.{40})./m, (_, start) => `extra ${start}${"A"}`);
  fs.writeFileSync(proof, changed);
  assert.equal(run(program("counterfoil-verify"), "receipt", proof, "--key", key).status, 1, "a changed receipt passes");
}

async function mainJob(language, script, number) {
  const name = script ? language : `${language}-noscript`;
  const staff = await logIn(language);
  const { w } = staff;

  // The poster, and the code in its picture.
  await press(staff.page, staff.page.locator('a[href="/staff/links"]'));
  await press(staff.page, staff.page.locator('a[href="/staff/poster/caja"]'));
  await staff.page.screenshot({ path: picture(`${name}-poster`), fullPage: true });
  const address = decode(picture(`${name}-poster`));
  assert.equal(address, `${shop.customer_url}/o/caja`);

  // Nothing is ticked, and nothing is taken until something is.
  const customer = await visitor(language, { ...phone, javaScriptEnabled: script });
  const opened = await customer.page.goto(address);
  assert.equal(opened.status(), 200);
  const boxes = customer.page.locator("input[type=checkbox]");
  assert.ok((await boxes.count()) >= 7);
  assert.equal(await customer.page.locator("input[type=checkbox]:checked").count(), 0, "a box is ticked");
  const refused = await press(customer.page, customer.page.locator("button.yes"));
  assert.equal(refused.status(), 400);
  assert.ok((await textOf(customer.page)).includes(w("form.no_number")));
  assert.equal(await customer.page.locator("input[type=checkbox]:checked").count(), 0, "a box was ticked by the box");

  // Yes to two topics; the receipt says requested, not given, and shows a code.
  await fillForm(customer.page, number, ["offers", "care"]);
  await press(customer.page, customer.page.locator("button.yes"));
  assert.equal(await headline(customer.page), w("receipt.title_requested"));
  let text = await textOf(customer.page);
  assert.ok(text.includes(w("state.requested")), text);
  assert.ok(text.includes("ConsentRequested"), text);
  assert.ok(!text.includes("ConsentGiven"), text);
  const code = await codeOn(customer.page);
  assert.match(code, /^\d{6}$/);
  await customer.page.screenshot({ path: picture(`${name}-receipt-requested-390`), fullPage: true });
  await keepReceipt(customer, code);
  const receipt = customer.page.url().replace(/\?.*/, "");
  await checkTwin(shop, receipt, ["ConsentRequested"]);

  // Staff: not yet, then the code, then yes with its evidence.
  await expectVerdict(staff, number, "offers", "unconfirmed");
  await confirmCode(staff, code);
  await expectVerdict(staff, number, "offers", "allow");
  await staff.page.locator("details summary").click();
  assert.ok((await textOf(staff.page)).includes(w("evidence.present")), "the yes does not show its evidence");
  await expectVerdict(staff, number, "orders", "topic_not_granted");
  await customer.page.reload();
  text = await textOf(customer.page);
  assert.ok(text.includes(w("state.given")) && text.includes("ConsentGiven"), text);
  await checkTwin(shop, receipt, ["ConsentRequested", "ConsentGiven"]);

  // One topic taken back: withdrawn for it, yes for the other.
  await press(customer.page, customer.page.locator('a[href^="/m/"]').first());
  const lookUps = (page) => page.locator("dl div", { hasText: w("manage.look_ups") });
  assert.match(await lookUps(customer.page).innerText(), /\b4\b/, "three checks and a code are four look-ups");
  await customer.page.uncheck("#topic-offers");
  await press(customer.page, customer.page.locator('form[action^="/m/"] button').first());
  assert.ok((await textOf(customer.page)).includes(w("state.withdrawn")));
  await customer.page.screenshot({ path: picture(`${name}-manage-saved-390`), fullPage: true });
  await expectVerdict(staff, number, "offers", "withdrawn");
  await expectVerdict(staff, number, "care", "allow");
  const record = await checkTwin(shop, receipt, ["ConsentRequested", "ConsentGiven", "ConsentWithdrawn"]);
  assert.deepEqual(record.events.at(-1).purposes, ["offers"]);
  assert.equal(record.language, language);
  const manage = customer.page.url().replace(/\?.*/, "");

  // Another form for the same number sees and changes nothing of this one.
  const stranger = await visitor(language, { ...phone, javaScriptEnabled: script });
  await sayYes(stranger, "caja", number, ["tastings"]);
  const theirs = stranger.page.url().replace("/r/", "/m/");
  await stranger.page.goto(theirs);
  assert.equal(await stranger.page.locator("#topic-tastings").count(), 1);
  assert.equal(await stranger.page.locator("#topic-care").count(), 0, "a second form sees the first");
  assert.equal(await lookUps(stranger.page).count(), 0, "a stranger learns who was looked up");
  await expectVerdict(staff, number, "care", "allow");
  await expectVerdict(staff, number, "tastings", "unconfirmed");
  await stranger.page.goto(theirs.replace("/m/", "/r/"));
  await press(stranger.page, stranger.page.locator('form[action$="/undo"] button'));
  assert.ok((await textOf(stranger.page)).includes(w("receipt.undone")));
  await expectVerdict(staff, number, "care", "allow");
  await customer.page.goto(manage);
  assert.equal(await customer.page.locator("#topic-tastings").count(), 0, "the first form sees the second");
  await stranger.done(`${name} second form`);

  // A wrong number is corrected: the entry ends, another one has an address of its own.
  const mistaken = await visitor(language, { ...phone, javaScriptEnabled: script });
  await sayYes(mistaken, "caja", number, ["offers"]);
  const wrongEntry = mistaken.page.url().replace("/r/", "/m/");
  await mistaken.page.goto(wrongEntry);
  await press(mistaken.page, mistaken.page.locator('a[href$="/correct"]'));
  await fillForm(mistaken.page, swedish(90), ["offers"], ["sms"]);
  await press(mistaken.page, mistaken.page.locator("button.yes"));
  assert.notEqual(mistaken.page.url().replace("/r/", "/m/"), wrongEntry);
  await expectVerdict(staff, number, "care", "allow");
  await mistaken.page.goto(wrongEntry);
  assert.ok((await textOf(mistaken.page)).includes(w("state.withdrawn")));
  await mistaken.done(`${name} correction`);

  // Stop all.
  await press(customer.page, customer.page.locator("button.stop"));
  text = await textOf(customer.page);
  assert.ok(text.includes(w("state.stopped")), text);
  await expectVerdict(staff, number, "care", "suppressed");
  assert.ok((await textOf(staff.page)).includes(w("verdict.suppressed.why")));
  await expectVerdict(staff, number, "tastings", "suppressed");
  assert.deepEqual(await customer.context.cookies(), [], "a customer got a cookie");
  await customer.done(`${name} customer`);
  await staff.done(`${name} staff`);
}

test("the main job in English, with script", () => mainJob("en", true, swedish(70)));
test("the main job in English, script switched off", () => mainJob("en", false, swedish(71)));
test("the main job in Spanish, script switched off", () => mainJob("es", false, swedish(72)));

test("a stop by number stops every form that names it", async () => {
  const first = await visitor("en", { ...phone, javaScriptEnabled: false });
  const second = await visitor("en", { ...phone, javaScriptEnabled: false });
  const number = swedish(73);
  await sayYes(first, "caja", number, ["offers"]);
  const staff = await logIn("en");
  await confirmCode(staff, await codeOn(first.page));
  await sayYes(second, "entrada", number, ["care"]);
  await expectVerdict(staff, number, "offers", "allow");
  const anyone = await visitor("en", { ...phone, javaScriptEnabled: false });
  await anyone.page.goto(`${shop.customer_url}/stop`);
  await anyone.page.selectOption("#region", "SE");
  await anyone.page.fill("#number", number);
  await press(anyone.page, anyone.page.locator("button.stop"));
  const known = (await textOf(anyone.page)).replace(/\d\d?:\d\d/g, "…");
  assert.ok(known.includes(anyone.w("stop.done_number")), known);
  await first.page.reload();
  assert.ok((await textOf(first.page)).includes(first.w("state.stopped")), "a proved receipt does not tell of the stop");
  // The second form was never proved: a stranger who typed the number must not learn that its owner stopped.
  await second.page.reload();
  assert.ok((await textOf(second.page)).includes(second.w("state.requested")), "a stranger's receipt tells of the stop");
  for (const topic of ["offers", "care"]) await expectVerdict(staff, number, topic, "suppressed");
  // A number that nobody knows is answered in the very same words.
  await anyone.page.goto(`${shop.customer_url}/stop`);
  await anyone.page.selectOption("#region", "SE");
  await anyone.page.fill("#number", swedish(98));
  await press(anyone.page, anyone.page.locator("button.stop"));
  assert.equal((await textOf(anyone.page)).replace(/\d\d?:\d\d/g, "…"), known);
  for (const one of [first, second, anyone]) await one.done("stop by number");
  await staff.done("stop by number, staff");
});

test("with the keyboard alone", async () => {
  const { page, w, ...person } = await visitor("en", phone);
  await page.goto(`${shop.customer_url}/o/entrada`);
  const focused = () => page.evaluate(() => document.activeElement?.id ?? "");
  const visited = [];
  const reach = async (id) => {
    for (let n = 0; n < 40 && (await focused()) !== id; ++n) {
      await page.keyboard.press("Tab");
      visited.push(await focused());
      const ring = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== "none" || style.boxShadow !== "none";
      });
      assert.ok(ring, `no visible focus on ${await focused()}`);
    }
    assert.equal(await focused(), id, `cannot reach ${id} by Tab: ${visited}`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip", "the first stop is the skip link");
  await reach("channel-sms");
  await page.keyboard.press("Space");
  await reach("topic-care");
  await page.keyboard.press("Space");
  await reach("region");
  await page.keyboard.type("Swe");
  await reach("number");
  await page.keyboard.type(swedish(74));
  await reach("age");
  await page.keyboard.press("Space");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/r\//);
  assert.equal(await headline(page), w("receipt.title_requested"));
  await person.done("keyboard");
});

for (const language of ["en", "es"])
  test(`every customer page, ${language}`, async () => {
    const { page, w, ...person } = await visitor(language, phone);
    const at = async (target, name, status = 200) => {
      const response = await page.goto(shop.customer_url + target);
      assert.equal(response.status(), status, target);
      await inspect(page, `${language}-${name}`, response);
    };
    await at("/o/caja", "opt-in");
    await at("/", "front");
    await at("/stop", "stop");
    await at("/privacy", "privacy");
    await at("/o/tablet", "opt-in-kiosk");
    await at("/o/nowhere", "stale-link", 404);
    await at("/nowhere", "not-found", 404);
    await at(`/r/${"A".repeat(22)}`, "unknown-receipt", 404);

    await page.goto(`${shop.customer_url}/o/caja`);
    await page.fill("#number", "12");
    await inspect(page, `${language}-opt-in-mistakes`, await press(page, page.locator("button.yes")));
    const number = language === "en" ? swedish(75) : swedish(76);
    await fillForm(page, number, ["orders", "care", "offers", "tastings"], ["whatsapp", "sms"]);
    await inspect(page, `${language}-receipt-requested`, await press(page, page.locator("button.yes")));
    const receipt = page.url();
    const staff = await logIn(language);
    await confirmCode(staff, await codeOn(page));
    await inspect(page, `${language}-receipt-given`, await page.reload());
    const manage = receipt.replace("/r/", "/m/");
    await inspect(page, `${language}-manage`, await page.goto(manage));
    await page.uncheck("#topic-offers");
    await inspect(page, `${language}-manage-saved`,
      await press(page, page.locator('form[action^="/m/"] button').first()));
    await inspect(page, `${language}-manage-stopped`, await press(page, page.locator("button.stop")));
    await inspect(page, `${language}-receipt-stopped`, await page.goto(receipt));

    await page.goto(`${shop.customer_url}/stop`);
    await page.fill("#number", "12");
    await inspect(page, `${language}-stop-mistake`, await press(page, page.locator("button.stop")));
    await page.selectOption("#region", "SE");
    await page.fill("#number", swedish(77));
    await inspect(page, `${language}-stop-done`, await press(page, page.locator("button.stop")));

    await page.goto(`${shop.customer_url}/o/tablet`);
    await fillForm(page, swedish(78), ["offers"], ["sms"]);
    // A shared tablet must not show one customer's receipt to the next: it clears itself, without script.
    const handedOver = await press(page, page.locator("button.yes"));
    await inspect(page, `${language}-kiosk-hand-over`, handedOver, ["meta-refresh"]);
    await page.setViewportSize({ width: 800, height: 1200 });
    await page.screenshot({ path: picture(`${language}-kiosk-800`), fullPage: true });
    assert.match(decode(picture(`${language}-kiosk-800`)), /^https:\/\/localhost:\d+\/r\/[A-Za-z0-9_-]{22}$/);

    for (const target of ["/o/caja", new URL(receipt).pathname, new URL(manage).pathname, "/stop", "/privacy"]) {
      const bytes = await weigh(browser, shop.customer_url + target, { locale: locales[language] });
      assert.ok(bytes <= pageBytesMax, `${target} weighs ${bytes} bytes`);
    }
    await inspect(page, `${language}-correct`, await page.goto(`${manage}/correct`));
    await inspect(page, `${language}-erase`, await page.goto(`${manage}/erase`));
    // Until the keys are gone the page asks again by itself; there is no script.
    await inspect(page, `${language}-erasure-waiting`, await press(page, page.locator("button.stop")), ["meta-refresh"]);
    if (language === "en") {
      await page.locator("p.good").waitFor({ timeout: erasurePromised_ms });
      await inspect(page, `${language}-erasure`, await page.reload());
    }
    await staff.done(`customer pages ${language}, staff`);
    await person.done(`customer pages ${language}`);
    assertNothingFound();
  });

// A new member of the staff logs in for the first time, on a narrow screen, and again with the app.
async function setUpSecondStep(language) {
  const user = `new-${language}`;
  const added = spawnSync(program("counterfoil"), ["--config", path.join(shop.folder, "shop/counterfoil.toml"), "--data",
    shop.data_dir, "user", "add", user], { input: "a long password\n", encoding: "utf8" });
  assert.equal(added.status, 0, added.stderr);
  const staff = await visitor(language, { viewport: { width: 320, height: 700 } });
  const { page, w } = staff;
  const password = async () => {
    await page.goto(`${shop.staff_url}/staff/login`);
    await page.fill("#user", user);
    await page.fill("#password", "a long password");
    return press(page, page.locator("main button"));
  };
  await inspect(page, `${language}-staff-enrol`, await password());
  assert.equal(await headline(page), w("staff.enrol.title"));
  const image = picture(`${language}-staff-enrol-qr`);
  await page.locator(".qr").screenshot({ path: image });
  const uri = new URL(decode(image));
  assert.equal(`${uri.protocol}//${uri.host}`, "otpauth://totp");
  const secret = uri.searchParams.get("secret");
  assert.equal((await textOf(page, "main .typed")).replaceAll(" ", ""), secret);
  await page.fill("#code", "000000");
  await inspect(page, `${language}-staff-enrol-wrong`, await press(page, page.locator("main button")));
  const proof = oneTimeCode(secret);
  await page.fill("#code", proof);
  await inspect(page, `${language}-staff-recovery-codes`, await press(page, page.locator("main button")));
  assert.equal(await page.locator(".codes code").count(), 10);
  const pdf = (await page.pdf()).toString("latin1");
  assert.equal((pdf.match(/\/Type\s*\/Page\b/g) ?? []).length, 1, "the recovery codes need more than one page");
  await press(page, page.locator("main a.button"));
  assert.equal(await headline(page), w("staff.home.title"));
  await inspect(page, `${language}-staff-login-code`, await password());
  await page.fill("#code", proof);
  const used = await press(page, page.locator("main button"));
  assert.equal(used.status(), 403, "a code was accepted twice");
  await inspect(page, `${language}-staff-login-code-used`, used);
  await page.fill("#code", oneTimeCode(secret, 1));
  await press(page, page.locator("main button"));
  assert.equal(await headline(page), w("staff.home.title"));
  await staff.done(`${language} second step`);
}

for (const language of ["en", "es"])
  test(`every staff page, ${language}`, async () => {
    const out = await visitor(language, { viewport: { width: 1280, height: 900 } });
    await inspect(out.page, `${language}-staff-login`, await out.page.goto(`${shop.staff_url}/staff/login`));
    await out.page.fill("#user", "nobody-here");
    await out.page.fill("#password", "not the password");
    const failed = await press(out.page, out.page.locator("main button"));
    assert.equal(failed.status(), 403);
    await inspect(out.page, `${language}-staff-login-failed`, failed);
    await out.done(`${language} login`);
    await setUpSecondStep(language);

    const staff = await logIn(language);
    const { page, w } = staff;
    const at = async (target, name) =>
      inspect(page, `${language}-staff-${name}`, await page.goto(`${shop.staff_url}${target}`));
    await at("/staff", "home");
    await at("/staff/account", "account");
    await at("/staff/links", "links");
    await at("/staff/check", "check");
    await at("/staff/confirm", "confirm");
    await at("/staff/stop", "stop");
    await at("/staff/poster/caja", "poster-tent");
    await at("/staff/poster/entrada", "poster-A4");
    for (const [last, topic, id] of [[5, "offers", "allow"], [6, "offers", "topic_not_granted"],
      [7, "offers", "channel_not_granted"], [8, "offers", "suppressed"], [10, "offers", "expired"],
      [11, "offers", "withdrawn"], [12, "offers", "unconfirmed"], [99, "offers", "never_consented"]]) {
      const response = await expectVerdict(staff, swedish(last), topic, id);
      await page.locator("details summary").click();
      await inspect(page, `${language}-verdict-${id}`, response);
    }
    await at("/staff/look-ups", "look-ups");
    assert.equal(await page.locator("tbody tr").count(), 1, "one member of the staff looked people up");
    await page.goto(`${shop.staff_url}/staff/confirm`);
    await page.fill("#code", "000000");
    await inspect(page, `${language}-staff-confirm-unknown`, await press(page, page.locator("main button")));
    const customer = await visitor(language, phone);
    const known = swedish(language === "en" ? 79 : 80);
    await sayYes(customer, "caja", known, ["offers"]);
    await confirmCode(staff, await codeOn(customer.page), `${language}-staff`);
    await customer.done(`${language} customer for a code`);
    await expectVerdict(staff, known, "offers", "allow");
    const written = await press(page, page.locator('form[action="/staff/write"] button'));
    await inspect(page, `${language}-staff-written`, written);
    const ready = new URL(await page.locator("main a.button").getAttribute("href"));
    assert.equal(ready.origin, "https://wa.me");
    const line = await textOf(page, ".letter");
    assert.equal(ready.searchParams.get("text").replace(/\s+/g, " "), line.replace(/\s+/g, " ").trim());
    assert.ok(line.startsWith("Tres Faroles"), line);
    await page.goto(`${shop.staff_url}/staff/stop`);
    await page.selectOption("#region", "SE");
    await page.fill("#number", swedish(81));
    await inspect(page, `${language}-staff-stop-done`, await press(page, page.locator("main button.stop")));

    // Showing the code locks the session: the next person at the screen is a customer.
    await page.goto(`${shop.staff_url}/staff/links`);
    const shown = await press(page, page.locator('form[action="/staff/show"] button').first());
    await inspect(page, `${language}-staff-show`, shown);
    await page.goto(`${shop.staff_url}/staff/check`);
    assert.equal(await headline(page), w("staff.login.title"));
    await staff.done(`staff pages ${language}`);
    assertNothingFound();
  });

test("posters print on one page", async () => {
  const staff = await logIn("es");
  for (const link of ["caja", "entrada", "arreglos"]) {
    await staff.page.goto(`${shop.staff_url}/staff/poster/${link}`);
    const pdf = await staff.page.pdf({ preferCSSPageSize: true, printBackground: true });
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) ?? [];
    assert.equal(pages.length, 1, `the poster of ${link} needs ${pages.length} pages`);
  }
  await staff.done("posters");
});

test("the head office pulls, verifies, and finds what was changed", () => {
  const good = path.join(shop.folder, "bundle");
  const pulled = shop.pull(good);
  assert.equal(pulled.status, 0, pulled.stdout + pulled.stderr);
  const intact = shop.verify(good);
  assert.equal(intact.status, 0, intact.stdout + intact.stderr);
  assert.match(intact.stdout, /^intact: \d+ events/);
  const lines = fs.readFileSync(path.join(good, "entries-0.ndjson"), "utf8").trimEnd().split("\n");
  const person = lines.findIndex((line) => line.includes('\\"consent.grant\\"'));
  const changes = {
    "a flipped byte": [(l) => { l[person] = l[person].replace("consent.grant", "consent.grand"); }, `line ${person}`],
    "a dropped line": [(l) => { l.splice(person, 1); }, `line ${person} is missing`],
    "a swapped pair": [(l) => { [l[person], l[person + 1]] = [l[person + 1], l[person]]; },
      `lines ${person} and ${person + 1} are swapped`],
    "a truncated tail": [(l) => { l.pop(); }, "the last line is missing"],
  };
  for (const [name, [change, said]] of Object.entries(changes)) {
    const bad = path.join(shop.folder, name.replaceAll(" ", "-"));
    fs.cpSync(good, bad, { recursive: true });
    // The last file is the one whose tail is cut; this shop has fewer lines than one file holds.
    assert.ok(!fs.existsSync(path.join(bad, "entries-256.ndjson")), "the journey grew: cut the last file instead");
    const copy = [...lines];
    change(copy);
    fs.writeFileSync(path.join(bad, "entries-0.ndjson"), `${copy.join("\n")}\n`);
    const verdict = shop.verify(bad);
    assert.equal(verdict.status, 1, `${name}: ${verdict.stdout}${verdict.stderr}`);
    assert.ok(verdict.stdout.includes(said), `${name}: "${verdict.stdout}" does not say "${said}"`);
  }
});
