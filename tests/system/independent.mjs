// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Judges checkpoints, proofs and receipts with @sigstore/verify, and signed statements with jose, which know
// nothing of us: a case of independent.py a line on standard input, {"ok","why"} a line on standard output.
import { createHash, createPublicKey } from "node:crypto";
import { createRequire } from "node:module";
import readline from "node:readline";

// The packages are installed beside the journeys.
const require = createRequire(new URL("../e2e/package.json", import.meta.url));
const { verifyCheckpoint } = require("@sigstore/verify/dist/timestamp/checkpoint.js");
const { verifyMerkleInclusion } = require("@sigstore/verify/dist/timestamp/merkle.js");
const jose = require("jose");

const keyId = (key) => createHash("sha256").update(key.export({ type: "spki", format: "der" })).digest();

// A log as a trust root of Sigstore names one.
function authority(pem) {
  const publicKey = createPublicKey(pem);
  return { logID: keyId(publicKey), publicKey, validFor: { start: new Date(0), end: new Date(8.64e15) } };
}

// An entry as Rekor would show it; size and root are what the note says, so that only the signature vouches for them.
function entry({ note, leaf = "", index = 0, proof = [] }) {
  const [, size, root] = note.split("\n");
  return {
    integratedTime: "0",
    canonicalizedBody: Buffer.from(leaf),
    inclusionProof: {
      logIndex: String(index),
      treeSize: size,
      rootHash: Buffer.from(root, "base64"),
      hashes: proof.map((hash) => Buffer.from(hash, "base64")),
      checkpoint: { envelope: note },
    },
  };
}

function checkpoint(request) {
  verifyCheckpoint(entry(request), [authority(request.key)]);
}

function inclusion(request) {
  checkpoint(request);
  verifyMerkleInclusion(entry(request));
}

// Reads c2sp.org/tlog-proof@v1 and ends in an inclusion.
function receipt({ receipt, key }) {
  const end = receipt.indexOf("\n\n");
  const [version, extra, index, ...proof] = receipt.slice(0, end).split("\n");
  if (end < 0 || version !== "c2sp.org/tlog-proof@v1") throw new Error("not a receipt");
  const { leaf } = JSON.parse(Buffer.from(extra.replace(/^extra /, ""), "base64"));
  inclusion({ note: receipt.slice(end + 2), key, leaf, index: Number(index.replace(/^index /, "")), proof });
}

async function statement({ jws, key, typ, payload }) {
  const known = createPublicKey(key);
  const opened = await jose.compactVerify(jws, known, { algorithms: ["ES256"] });
  const { protectedHeader: header } = opened;
  if (header.typ !== typ) throw new Error(`a statement of another kind (${header.typ})`);
  if (header.kid !== keyId(known).toString("base64url")) throw new Error("the kid is not the key's");
  if (new TextDecoder().decode(opened.payload) !== payload) throw new Error("another payload");
}

const checks = { checkpoint, inclusion, receipt, statement };

for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let why = "";
  try {
    await checks[request.check](request);
  } catch (error) {
    why = String(error.message || error);
  }
  console.log(JSON.stringify({ ok: why === "", why }));
}
