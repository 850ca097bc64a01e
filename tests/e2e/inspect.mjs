// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What every page must stand: axe in light and dark, valid HTML, no sideways scrolling at 320 and 1280 pixels, a
// strict content policy, nothing from elsewhere, few bytes. Pictures go to build/screenshots for a person to look at.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { HtmlValidate } from "html-validate";
import { source } from "./shop.mjs";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const validator = new HtmlValidate({
  extends: ["html-validate:standard", "html-validate:a11y"],
  rules: { "no-trailing-whitespace": "off" },
});
const pictures = path.join(source, "build/screenshots");
fs.mkdirSync(pictures, { recursive: true });
export const pageBytesMax = 30_000;

// Everything found on the pages of one journey; told together, so that one run shows all.
const findings = [];
export function assertNothingFound() {
  assert.equal(findings.splice(0).join("\n"), "");
}

export const picture = (name) => path.join(pictures, `${name}.png`);

// Listens to everything a context loads; own are the origins that may be asked.
export function watch(context, own) {
  const seen = { foreign: [], answers: [], console: [] };
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (!own.includes(url.origin) && url.protocol !== "data:") seen.foreign.push(request.url());
  });
  context.on("response", (response) => seen.answers.push(response));
  context.on("console", (message) => seen.console.push(message.text()));
  context.on("weberror", (error) => seen.console.push(String(error.error())));
  return seen;
}

export function assertQuiet(seen, name) {
  assert.deepEqual(seen.foreign, [], `${name}: asked somebody else`);
  const loud = seen.console.filter((line) => /Content Security Policy|Refused to|Uncaught/.test(line));
  assert.deepEqual(loud, [], `${name}: the browser complained`);
}

async function axeFindings(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() =>
    globalThis.axe.run(document, { rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] }));
  return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(" ")} ${n.failureSummary ?? ""}`).join(" | ")}`);
}

// Words of legends that a field of the same group lies on.
async function coveredLegends(page) {
  return page.evaluate(() => [...document.querySelectorAll("legend")].filter((legend) => {
    const range = document.createRange();
    range.selectNodeContents(legend);
    const fields = [...legend.parentElement.querySelectorAll("input, select")].map((field) => field.getBoundingClientRect());
    return [...range.getClientRects()].some((words) => fields.some((field) =>
      field.top < words.bottom - 1 && field.bottom > words.top + 1 && field.left < words.right && field.right > words.left));
  }).map((legend) => legend.textContent));
}

function htmlFindings(html, name) {
  const report = validator.validateStringSync(html, name);
  return report.results.flatMap((r) => r.messages.map((m) => `${name}:${m.line}: ${m.ruleId}: ${m.message}`));
}

// Judges the page as it stands, and the answer it came from.
// excused: names of rules that this page breaks on purpose.
export async function inspect(page, name, response, excused = []) {
  const html = await response.text();
  const judged = (list) => list.filter((finding) => !excused.some((rule) => finding.includes(`${rule}:`)));
  findings.push(...judged(htmlFindings(html, name)));
  const policy = response.headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src 'none'/, `${name}: no content policy`);
  assert.doesNotMatch(policy, /unsafe|\*|http:/, `${name}: a weak content policy`);
  assert.equal(response.headers()["cache-control"], "no-store", name);
  assert.equal(response.headers()["referrer-policy"], "no-referrer", name);
  assert.doesNotMatch(html, /<script|\son[a-z]+=|style=/i, `${name}: script or inline style`);
  const before = page.viewportSize();
  // English stands for the look in the dark and on wide screens; other languages for their longer words.
  const views = [[320, 640, "light"], [1280, 900, "dark"], [1280, 900, "light"]];
  for (const [width, height, colorScheme] of name.startsWith("en-") ? views : views.slice(0, 1)) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    if (needed > given) findings.push(`${name} scrolls sideways at ${width}: ${needed} > ${given}`);
    findings.push(...(await coveredLegends(page)).map((words) => `${name} at ${width}: a field lies on "${words}"`));
    const dark = colorScheme === "dark";
    // Light is judged at 320 pixels; at 1280 only its picture is taken.
    if (width === 320 || dark) findings.push(...judged(await axeFindings(page)).map((f) => `${name} at ${width}, ${colorScheme}: ${f}`));
    await page.screenshot({ path: picture(`${name}-${width}${dark ? "-dark" : ""}`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(before);
}

// Bytes of a page with everything it loads, in a fresh context that has nothing cached.
export async function weigh(browser, url, options = {}) {
  const context = await browser.newContext(options);
  const answers = [];
  context.on("response", (response) => answers.push(response));
  const page = await context.newPage();
  await page.goto(url, { waitUntil: "load" });
  let bytes = 0;
  for (const answer of answers) bytes += (await answer.body()).length;
  await context.close();
  return bytes;
}
