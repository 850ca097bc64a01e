// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The demo shop in a folder of its own, the programs around it, and the words of the catalogues.
import { spawn, spawnSync } from "node:child_process";
import { createHash, createHmac, X509Certificate } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
export const source = process.env.CF_SOURCE_DIR ?? path.resolve(here, "../..");
const bin = process.env.CF_BIN_DIR ?? path.join(source, "build/release/bin");
const deadlineMs = 60_000;

export const program = (name) => path.join(bin, name);
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// A program to its end.
export function run(command, ...args) {
  const ended = spawnSync(command, args, { encoding: "utf8", timeout: deadlineMs });
  if (ended.error) throw ended.error;
  return ended;
}

// What a QR code in a picture says.
export function decode(picture) {
  return run("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture).stdout.trim();
}

async function isFree(port) {
  return new Promise((done) => {
    const server = net.createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}

async function freePorts() {
  for (let tries = 0; tries < 200; ++tries) {
    const first = 32_100 + 3 * Math.floor(Math.random() * 200);
    if ((await isFree(first)) && (await isFree(first + 1)) && (await isFree(first + 2))) return first;
  }
  throw new Error("no three free ports in a row");
}

// Starts the demo shop; stop() ends it and removes its folder.
export async function openShop() {
  const folder = fs.mkdtempSync("/var/tmp/cf-e2e-");
  const facts = path.join(folder, "facts.json");
  const port = await freePorts();
  const output = fs.openSync(path.join(folder, "demo.out"), "a");
  const demo = spawn(
    program("counterfoil"),
    ["demo", "--at-any-time", "--dir", path.join(folder, "shop"), "--port", String(port), "--json", facts],
    { stdio: ["ignore", output, output] },
  );
  const shop = { folder, demo };
  shop.stop = async () => {
    if (demo.exitCode === null) {
      const gone = new Promise((done) => demo.once("exit", done));
      demo.kill("SIGTERM");
      await Promise.race([gone, pause(10_000).then(() => demo.kill("SIGKILL"))]);
    }
    fs.rmSync(folder, { recursive: true, force: true });
  };
  const until = Date.now() + deadlineMs;
  while (!fs.existsSync(facts)) {
    if (demo.exitCode !== null || Date.now() > until) {
      const said = fs.readFileSync(path.join(folder, "demo.out"), "utf8");
      await shop.stop();
      throw new Error(`the demo shop did not open:\n${said}`);
    }
    await pause(50);
  }
  Object.assign(shop, JSON.parse(fs.readFileSync(facts, "utf8")));
  const certificate = new X509Certificate(fs.readFileSync(path.join(folder, "shop/tls/server.pem")));
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  shop.pin = createHash("sha256").update(spki).digest("base64");
  shop.pull = (bundle) =>
    run(program("counterfoil"), "pull", shop.sync_url, bundle, "--key", shop.log_key_file, "--ca", shop.ca_file,
      "--certificate", shop.sync_cert, "--client-key", shop.sync_key);
  shop.verify = (bundle) => run(program("counterfoil-verify"), bundle, "--key", shop.log_key_file);
  return shop;
}

// RFC 6238, as the app on a telephone makes it; secret in base 32.
export function oneTimeCode(secret, step = 0) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + step));
  const tag = createHmac("sha1", key).update(counter).digest();
  const number = tag.readUInt32BE(tag.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

// Words by id, as src/i18n/po has them: words("es")("stop.done", { time: "9:41" }).
export function words(language) {
  const text = fs.readFileSync(path.join(source, `src/i18n/po/${language}.po`), "utf8");
  const table = new Map();
  for (const [, id, msgid, msgstr] of text.matchAll(/msgctxt "(.*)"\nmsgid "(.*)"\nmsgstr "(.*)"/g))
    table.set(id, (msgstr || msgid).replaceAll('\\"', '"'));
  return (id, values = {}) => {
    if (!table.has(id)) throw new Error(`no words for ${id} in ${language}.po`);
    return table.get(id).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  };
}
