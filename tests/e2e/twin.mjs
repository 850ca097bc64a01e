// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A receipt's twin as other people's programs see it: jose opens the signature, ajv holds the record to the schema that
// the box hands out, counterfoil-verify checks the file; and each of them refuses what was changed.
import assert from "node:assert/strict";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { compactVerify, importSPKI } from "jose";
import { program, run, source } from "./shop.mjs";

async function get(shop, url) {
  const ca = fs.readFileSync(shop.ca_file);
  return new Promise((done, failed) => {
    https.get(url, { ca, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece) => (text += piece));
      answer.on("end", () => (answer.statusCode === 200 ? done(text) : failed(new Error(`${url}: ${answer.statusCode}`))));
    }).on("error", failed);
  });
}

async function refuses(jws, key) {
  const at = Math.floor(jws.length / 2);
  const changed = jws.slice(0, at) + (jws[at] === "A" ? "B" : "A") + jws.slice(at + 1);
  for (const bad of [changed, jws.slice(0, -1), `${jws.split(".").slice(0, 2).join(".")}.`])
    await assert.rejects(compactVerify(bad, key, { algorithms: ["ES256"] }), "jose takes a changed record");
}

async function schemaOf(shop) {
  const text = await get(shop, `${shop.customer_url}/receipt.schema.json`);
  assert.equal(text, fs.readFileSync(path.join(source, "src/ledger/receipt.schema.json"), "utf8"));
  const context = JSON.parse(await get(shop, `${shop.customer_url}/receipt.context.json`));
  assert.ok(context["@context"].events);
  const schema = JSON.parse(text);
  return { schema, fits: new Ajv2020({ allErrors: true, strict: true }).compile(schema) };
}

// Saves the twin of the receipt at this address and checks it; states are those its events must tell, in order.
export async function checkTwin(shop, receipt, states) {
  const text = await get(shop, `${receipt}/json`);
  const { jws, proof, record } = JSON.parse(text);
  const key = await importSPKI(fs.readFileSync(shop.log_key_file, "utf8"), "ES256");
  const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms: ["ES256"] });
  assert.equal(protectedHeader.typ, "counterfoil-receipt");
  assert.deepEqual(JSON.parse(new TextDecoder().decode(payload)), record);
  await refuses(jws, key);

  const { schema, fits } = await schemaOf(shop);
  assert.ok(fits(record), JSON.stringify(fits.errors));
  for (const member of schema.required) {
    const { [member]: _, ...rest } = record;
    assert.ok(!fits(rest), `the schema misses no ${member}`);
  }
  assert.ok(!fits({ ...record, number: "+46" }), "the schema takes a member that it does not name");
  assert.deepEqual(record.events.map((event) => event.event_state), states);
  assert.ok(!text.replace(proof, "").includes("4670174"), "the record holds the number");

  const file = path.join(shop.folder, "receipt.json");
  const verify = (what) => {
    fs.writeFileSync(file, what);
    return run(program("counterfoil-verify"), "receipt", file, "--key", shop.log_key_file);
  };
  const verdict = verify(text);
  assert.equal(verdict.status, 0, verdict.stdout + verdict.stderr);
  for (const state of states) assert.ok(verdict.stdout.includes(state), verdict.stdout);
  assert.equal(verify(text.replace(`"${states.at(-1)}"`, '"ConsentRefused"')).status, 1, "a changed record passes");
  return record;
}
