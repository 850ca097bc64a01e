// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The API and its description are one: openapi.json is linted, every answer it promises is had from a running box and
// is of its schema, and what it does not name does not exist.
import assert from "node:assert/strict";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import Ajv2020 from "ajv/dist/2020.js";
import { openShop, program, run, source } from "./shop.mjs";

const file = path.join(source, "src/api/openapi.json");
const description = JSON.parse(fs.readFileSync(file, "utf8"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(description, "openapi.json");

let shop;
let tokens;
const answered = new Set(); // "post /v1/decide 200"

before(async () => {
  shop = await openShop();
  const add = (name, scope) => {
    const added = run(program("counterfoil"), "--data", shop.data_dir, "client", "add", name, "--scope", scope);
    assert.equal(added.status, 0, added.stderr);
    return added.stdout.trim();
  };
  tokens = { decide: add("crm", "decide"), scrub: add("campaigns", "scrub"), timeline: add("support", "timeline"), write: add("sender", "write"), report: add("webhook", "report") };
});
after(async () => shop?.stop());

// The schema behind a place of the description, references followed.
function schemaAt(...steps) {
  let at = "";
  let here = description;
  for (const step of steps) {
    at += "/" + step.replaceAll("~", "~0").replaceAll("/", "~1");
    here = here?.[step];
    if (here?.$ref) {
      at = here.$ref.slice(1);
      here = at.split("/").slice(1).reduce((inner, name) => inner[name], description);
    }
  }
  assert.ok(here, `the description has nothing at ${steps.join(" ")}`);
  return ajv.getSchema(`openapi.json#${at}`);
}

function conforms(validate, value) {
  assert.ok(validate(value), `${JSON.stringify(value)}\n${ajv.errorsText(validate.errors)}`);
}

async function ask(method, where, { body, token, fields = {} } = {}) {
  const url = new URL(where, shop.staff_url);
  const data = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const headers = { "Content-Type": "application/json", ...fields };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (data !== undefined) headers["Content-Length"] = Buffer.byteLength(data);
  const answer = await new Promise((done, failed) => {
    const request = https.request(url, { method: method.toUpperCase(), headers, ca: fs.readFileSync(shop.ca_file) }, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => done({ status: response.statusCode, fields: response.headers, text: Buffer.concat(pieces).toString() }));
    });
    request.on("error", failed);
    request.end(data);
  });
  return answer;
}

const at = (where, id) => where.replace(/\{\w+\}/, id);

// An answer that the description promises for this path; one JSON value, or one a line.
async function promised(method, where, status, { id = "", query = "", ...what } = {}) {
  const answer = await ask(method, at(where, id) + query, what);
  assert.equal(answer.status, status, answer.text);
  const type = answer.fields["content-type"].split(";")[0];
  const validate = schemaAt("paths", where, method, "responses", String(status), "content", type, "schema");
  answered.add(`${method} ${where} ${status}`);
  if (type !== "application/x-ndjson") {
    conforms(validate, JSON.parse(answer.text));
    return JSON.parse(answer.text);
  }
  const lines = answer.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const line of lines) conforms(validate, line);
  return lines;
}

test("the description is one that other people's tools read", () => {
  const redocly = path.join(path.dirname(fileURLToPath(import.meta.url)), "node_modules/.bin/redocly");
  process.env.REDOCLY_TELEMETRY = "off";
  process.env.REDOCLY_SUPPRESS_UPDATE_NOTICE = "true";
  const linted = run(redocly, "lint", "--extends=recommended-strict", file);
  assert.equal(linted.status, 0, linted.stdout + linted.stderr);
});

test("decide answers as described", async () => {
  const place = ["paths", "/v1/decide", "post"];
  const examples = description.paths["/v1/decide"].post.requestBody.content["application/json"].examples;
  const request = schemaAt(...place, "requestBody", "content", "application/json", "schema");
  for (const { value } of Object.values(examples)) {
    conforms(request, value);
    const { decisions } = await promised("post", "/v1/decide", 200, { body: value, token: tokens.decide });
    assert.equal(decisions.length, value.questions.length);
  }
  // Everybody of the demo shop, in every state that it has.
  const verdicts = new Set();
  for (let last = 5; last <= 12; ++last) {
    const number = `070-174 06 ${String(last).padStart(2, "0")}`;
    const questions = ["whatsapp", "sms"].map((channel) => ({ number, region: "SE", channel, topic: "offers" }));
    const { decisions } = await promised("post", "/v1/decide", 200, { body: { questions }, token: tokens.decide });
    for (const { verdict } of decisions) verdicts.add(verdict);
  }
  assert.ok(verdicts.has("allow") && verdicts.has("deny"), [...verdicts].join(" "));

  // Whatever is no request by the description is none for the box.
  const good = examples.one.value.questions[0];
  const wrong = [{}, [], { questions: [] }, { questions: [good], more: 1 }, { questions: [{ ...good, more: 1 }] },
    { questions: [{ ...good, number: 1 }] }, { questions: [{ ...good, channel: "pigeon" }] },
    { questions: [{ ...good, useful_until: "noon" }] }, { questions: Array(101).fill(good) },
    ...["number", "channel", "topic"].map((name) => ({ questions: [{ ...good, [name]: undefined }] }))];
  for (const body of wrong) {
    assert.ok(!request(JSON.parse(JSON.stringify(body))), `the description allows ${JSON.stringify(body)}`);
    const { error } = await promised("post", "/v1/decide", 400, { body, token: tokens.decide });
    if (error.at) assert.match(error.at, /^(\/[a-z_0-9]+)+$/);
  }
  await promised("post", "/v1/decide", 413, { body: `"${"x".repeat(65 * 1024)}"`, token: tokens.decide });
  const as_of = "2026-11-01T09:30:00Z";
  const earlier = await promised("post", "/v1/decide", 200, { body: { ...examples.one.value, as_of }, token: tokens.decide });
  assert.equal(earlier.decisions[0].as_of, as_of);
  for (const wrong of ["noon", 1, "2999-01-01T00:00:00Z"])
    await promised("post", "/v1/decide", 400, { body: { ...examples.one.value, as_of: wrong }, token: tokens.decide });
  await promised("post", "/v1/decide", 415, { body: "x", token: tokens.decide, fields: { "Content-Type": "text/plain" } });
});

test("a message is noted as described", async () => {
  const token = tokens.write;
  const where = "/v1/messages";
  const { value } = description.paths[where].post.requestBody.content["application/json"].examples.one;
  const first = await promised("post", where, 200, { body: value, token });
  assert.equal(first.decision.verdict, "allow");
  assert.equal(first.noted, true);
  // The demo promises more a day than anybody sends; what was noted stands in the timeline.
  const { person } = await promised("post", "/v1/people", 200, { body: { number: value.number }, token: tokens.timeline });
  const { events } = await promised("get", "/v1/people/{ref}/timeline", 200, { id: person, token: tokens.timeline });
  assert.equal(events.at(-1).type, "contact.sent");
  const refused = await promised("post", where, 200, { body: { ...value, number: "+46701740699" }, token });
  assert.equal(refused.noted, false);
  await promised("post", where, 400, { body: { ...value, more: 1 }, token });
  await promised("post", where, 400, { body: { ...value, number: "12" }, token });
  await promised("post", where, 413, { body: `"${"x".repeat(65 * 1024)}"`, token });
  await promised("post", where, 415, { body: "x", token, fields: { "Content-Type": "text/plain" } });
});

test("a fact is recorded as described", async () => {
  const token = tokens.report;
  const where = "/v1/facts";
  const { examples } = description.paths[where].post.requestBody.content["application/json"];
  assert.equal((await promised("post", where, 200, { body: examples.stop.value, token })).changed, 1);
  const question = { number: examples.stop.value.number, channel: "whatsapp", topic: "offers" };
  const asked = () => promised("post", "/v1/decide", 200, { body: { questions: [question] }, token: tokens.decide });
  assert.equal((await asked()).decisions[0].reasons[0].code, "native_stop");
  assert.equal((await promised("post", where, 200, { body: examples.resume.value, token })).changed, 1);
  for (const change of [{ fact: "stop" }, { number: "12" }, { channel: "pigeon" }, { sender: "nobody" }, { at: "noon" },
    { at: "2999-01-01T00:00:00Z" }, { more: 1 }])
    await promised("post", where, 400, { body: { ...examples.stop.value, ...change }, token });
  await promised("post", where, 413, { body: `"${"x".repeat(65 * 1024)}"`, token });
  await promised("post", where, 415, { body: "x", token, fields: { "Content-Type": "text/plain" } });
});

test("a message that somebody wrote is taken as described", async () => {
  const token = tokens.report;
  const where = "/v1/inbound";
  const { examples } = description.paths[where].post.requestBody.content["application/json"];
  const { number } = examples.stop.value;
  const at = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z/, "Z");
  assert.equal((await promised("post", where, 200, { body: { ...examples.picture.value, at }, token })).wish, "none");
  assert.deepEqual(await promised("post", where, 200, { body: { ...examples.stop.value, text: "STOP tastings" }, token }), { topic: "tastings", wish: "stop_topic" });
  assert.equal((await promised("post", where, 200, { body: { ...examples.stop.value, number: "+46701740699" }, token })).wish, "stop_all");
  const question = { number, channel: "whatsapp", topic: "tastings" };
  const asked = await promised("post", "/v1/decide", 200, { body: { questions: [question] }, token: tokens.decide });
  assert.equal(asked.decisions[0].reasons[0].code, "withdrawn");
  for (const change of [{ number: "12" }, { channel: "pigeon" }, { sender: "nobody" }, { at: "noon" }, { text: 1 },
    { at: "2999-01-01T00:00:00Z" }, { more: 1 }])
    await promised("post", where, 400, { body: { ...examples.stop.value, ...change }, token });
  await promised("post", where, 413, { body: `"${"x".repeat(65 * 1024)}"`, token });
  await promised("post", where, 415, { body: "x", token, fields: { "Content-Type": "text/plain" } });
});

test("a rating is recorded as described", async () => {
  const token = tokens.report;
  const where = "/v1/quality";
  const { examples } = description.paths[where].post.requestBody.content["application/json"];
  const later = new Date(Date.now() - 5_000).toISOString().replace(/\.\d+Z/, "Z");
  assert.equal((await promised("post", where, 200, { body: { ...examples.timed.value, at: "2026-11-01T09:30:00Z" }, token })).changed, 1);
  assert.equal((await promised("post", where, 200, { body: { ...examples.timed.value, at: "2026-11-02T09:30:00Z" }, token })).changed, 0);
  assert.equal((await promised("post", where, 200, { body: { ...examples.fallen.value, rating: "high", at: later }, token })).changed, 1);
  for (const change of [{ channel: "pigeon" }, { sender: "nobody" }, { rating: "green" }, { at: "noon" }, { at: "2999-01-01T00:00:00Z" },
    { at: "2026-10-31T09:30:00Z" }, { more: 1 }])
    await promised("post", where, 400, { body: { ...examples.fallen.value, ...change }, token });
  await promised("post", where, 413, { body: `"${"x".repeat(65 * 1024)}"`, token });
  await promised("post", where, 415, { body: "x", token, fields: { "Content-Type": "text/plain" } });
});

test("lists answer as described", async () => {
  const token = tokens.scrub;
  const text = { "Content-Type": "text/plain" };
  const examples = description.paths["/v1/scrubs"].post.requestBody.content["application/json"].examples;
  const order = schemaAt("paths", "/v1/scrubs", "post", "requestBody", "content", "application/json", "schema");
  const wrong = [{}, { channel: "whatsapp" }, { ...examples.all.value, more: 1 }, { ...examples.all.value, channel: "pigeon" },
    ...[{}, { size: 0, seed: "a" }, { size: 10_001, seed: "a" }, { size: "1", seed: "a" }, { size: 1 }, { size: 1, seed: "a".repeat(41) }]
      .map((sample) => ({ ...examples.all.value, sample }))];
  for (const body of wrong) {
    assert.ok(!order(body), `the description allows ${JSON.stringify(body)}`);
    await promised("post", "/v1/scrubs", 400, { body, token });
  }
  await promised("post", "/v1/scrubs", 413, { body: `"${"x".repeat(65 * 1024)}"`, token });
  await promised("post", "/v1/scrubs", 415, { body: "x", token, fields: text });
  const ids = [];
  for (const { value } of Object.values(examples)) {
    conforms(order, value);
    const { id } = await promised("post", "/v1/scrubs", 201, { body: value, token });
    ids.push(id);
    const numbers = "/v1/scrubs/{id}/numbers";
    const piece = ["+46701740605", "nobody", "+46 70 174 06 06", "+46701740699"].join("\n");
    const half = await promised("post", numbers, 200, { id, query: "?at=0", body: piece.slice(0, 20), token, fields: text });
    assert.equal(half.bytes, 20);
    await promised("post", numbers, 409, { id, query: "?at=0", body: piece.slice(0, 20), token, fields: text });
    await promised("post", numbers, 400, { id, query: "?at=first", body: "", token, fields: text });
    await promised("post", numbers, 413, { id, query: "?at=20", body: "1".repeat(257 * 1024), token, fields: text });
    await promised("post", numbers, 415, { id, query: "?at=20", body: "1", token });
    await promised("post", numbers, 200, { id, query: "?at=20", body: piece.slice(20), token, fields: text });
    await promised("get", "/v1/scrubs/{id}/result", 409, { id, query: "?start=0", token });
    await promised("post", "/v1/scrubs/{id}/run", 202, { id, token });
    let state;
    do state = await promised("get", "/v1/scrubs/{id}", 200, { id, token });
    while (state.state === "running");
    assert.equal(state.state, "done");
    const lines = await promised("get", "/v1/scrubs/{id}/result", 200, { id, query: "?start=0", token });
    assert.deepEqual(lines.at(-1), { count: 4, done: true });
    assert.equal(lines[1].error, "number");
    for (const [line, last] of [[0, "05"], [2, "06"], [3, "99"]]) {
      const question = { number: `070-174 06 ${last}`, region: "SE", channel: "whatsapp", topic: "offers" };
      const { decisions } = await promised("post", "/v1/decide", 200, { body: { questions: [question] }, token: tokens.decide });
      assert.equal(lines[line].verdict, decisions[0].verdict);
      assert.deepEqual(lines[line].reasons, [...new Set(decisions[0].reasons.map((reason) => reason.code))]);
    }
    assert.deepEqual((await promised("get", "/v1/scrubs/{id}/result", 200, { id, query: "?start=3", token })).map((l) => l.line), [3, undefined]);
    await promised("get", "/v1/scrubs/{id}/result", 400, { id, query: "?start=5", token });
    await promised("post", numbers, 409, { id, query: `?at=${piece.length}`, body: "1", token, fields: text });
  }
  // A list that failed would be 409 as well; here the one that is done is run again, and nothing happens.
  await promised("post", "/v1/scrubs/{id}/run", 202, { id: ids[0], token });
  for (const id of ids) await promised("post", "/v1/scrubs/{id}/end", 200, { id, token });
  for (const where of ["/v1/scrubs/{id}/run", "/v1/scrubs/{id}/end"]) await promised("post", where, 404, { id: ids[0], token });
  await promised("post", "/v1/scrubs/{id}/numbers", 404, { id: ids[0], query: "?at=0", body: "1", token, fields: text });
  await promised("get", "/v1/scrubs/{id}", 404, { id: ids[0], token });
  await promised("get", "/v1/scrubs/{id}/result", 404, { id: ids[0], query: "?start=0", token });
});

test("a timeline is as described", async () => {
  const token = tokens.timeline;
  const { examples } = description.paths["/v1/people"].post.requestBody.content["application/json"];
  const types = new Set();
  for (const number of [examples.one.value.number, ...["06", "07", "08", "09", "10", "11", "12"].map((last) => `+467017406${last}`)]) {
    const { person } = await promised("post", "/v1/people", 200, { body: { number }, token });
    const { events } = await promised("get", "/v1/people/{ref}/timeline", 200, { id: person, token });
    for (const { type } of events) types.add(type);
  }
  assert.ok(types.has("consent.grant") && types.has("consent.confirm"), [...types].join(" "));
  for (const body of [{}, { number: 1 }, { number: "12" }, { number: "+46701740605", more: 1 }])
    await promised("post", "/v1/people", 400, { body, token });
  await promised("post", "/v1/people", 413, { body: `"${"x".repeat(65 * 1024)}"`, token });
  await promised("post", "/v1/people", 415, { body: "x", token, fields: { "Content-Type": "text/plain" } });
  await promised("get", "/v1/people/{ref}/timeline", 404, { id: "x", token });
});

test("a token opens what its scopes name, and no token opens nothing", async () => {
  for (const [where, methods] of Object.entries(description.paths))
    for (const [method, { description: words }] of Object.entries(methods)) {
      const scope = /^Needs the scope (\w+)\./.exec(words)[1];
      const other = Object.keys(tokens).find((name) => name !== scope);
      await promised(method, where, 401, { id: "x" });
      await promised(method, where, 403, { id: "x", token: tokens[other] });
    }
});

test("what is not described does not exist", async () => {
  for (const where of ["/v1/decide/", "/v1/", "/v1/nothing", "/v1/openapi.json"])
    assert.equal((await ask("get", where, { token: tokens.decide })).status, 404, where);
  for (const [where, methods] of Object.entries(description.paths))
    for (const method of ["get", "post"])
      if (!methods[method]) assert.equal((await ask(method, at(where, "x"), { token: tokens.decide, body: method === "post" ? {} : undefined })).status, 405);
  // Refusals of another state than a healthy box's: the unit and system tests have them.
  const elsewhere = new Set(["429", "503"]);
  answered.add("post /v1/scrubs/{id}/run 409");  // of a list that failed
  for (const [where, methods] of Object.entries(description.paths))
    for (const [method, { responses }] of Object.entries(methods))
      for (const status of Object.keys(responses))
        assert.ok(elsewhere.has(status) || answered.has(`${method} ${where} ${status}`), `nobody had ${status} of ${method} ${where}`);
});
