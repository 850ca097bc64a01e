#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Makes the test vectors of src/ledger/FORMAT.md, from the page alone and without our C++ code.

Run `python3 tests/vectors/make.py` in the repository to write tests/vectors/*.ndjson anew; nothing but
Python is needed. One case a line, canonical JSON. "ok" says whether a reader must accept.
"""
import base64
import hashlib
import hmac
import json
import os
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ORIGIN = "vectors.example/log/1"


def sha(b):
    return hashlib.sha256(b).digest()


def u64(b):
    return base64.urlsafe_b64encode(b).decode().rstrip("=")


def s64(b):
    return base64.b64encode(b).decode()


def canonical(v):
    return json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


# ---- ECDSA P-256, deterministic as RFC 6979 ----

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = P - 3
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        s = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        s = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (s * s - p[0] - q[0]) % P
    return x, (s * (p[0] - x) - p[1]) % P


def times(k, p):
    out = None
    while k:
        if k & 1:
            out = add(out, p)
        p = add(p, p)
        k >>= 1
    return out


def spki(d):
    x, y = times(d, G)
    head = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
    return head + b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def nonces(d, h):
    key, v = bytes(32), b"\x01" * 32
    seed = d.to_bytes(32, "big") + (int.from_bytes(h, "big") % N).to_bytes(32, "big")
    for tag in (b"\x00", b"\x01"):
        key = hmac.digest(key, v + tag + seed, "sha256")
        v = hmac.digest(key, v, "sha256")
    while True:
        v = hmac.digest(key, v, "sha256")
        yield int.from_bytes(v, "big")
        key = hmac.digest(key, v + b"\x00", "sha256")
        v = hmac.digest(key, v, "sha256")


def der_integer(n):
    b = n.to_bytes(33, "big").lstrip(b"\x00")
    if b[0] & 0x80:
        b = b"\x00" + b
    return b"\x02" + bytes([len(b)]) + b


def sign_numbers(d, message):
    h = sha(message)
    for k in nonces(d, h):
        if not 0 < k < N:
            continue
        r = times(k, G)[0] % N
        s = pow(k, -1, N) * (int.from_bytes(h, "big") + r * d) % N
        if r and s:
            return r, s


def sign(d, message):
    body = b"".join(map(der_integer, sign_numbers(d, message)))
    return b"\x30" + bytes([len(body)]) + body


def jws(d, typ, payload):
    header = canonical({"alg": "ES256", "kid": u64(sha(spki(d))), "typ": typ})
    signed = u64(header.encode()) + "." + u64(canonical(payload).encode())
    raw = b"".join(n.to_bytes(32, "big") for n in sign_numbers(d, signed.encode()))
    return signed + "." + u64(raw)


# ---- the formats ----

def leaf_hash(line):
    return sha(b"\x00" + line.encode())


def node(left, right):
    return sha(b"\x01" + left + right)


def split(n):
    return 1 << ((n - 1).bit_length() - 1)


def root(d):
    if not d:
        return sha(b"")
    if len(d) == 1:
        return d[0]
    k = split(len(d))
    return node(root(d[:k]), root(d[k:]))


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    return path(m, d[:k]) + [root(d[k:])] if m < k else path(m - k, d[k:]) + [root(d[:k])]


def subproof(m, d, whole):
    if m == len(d):
        return [] if whole else [root(d)]
    k = split(len(d))
    if m <= k:
        return subproof(m, d[:k], whole) + [root(d[k:])]
    return subproof(m - k, d[k:], False) + [root(d[:k])]


def commitment(i, salt, text):
    return sha(b"cf/d1" + bytes([i]) + salt + text.encode())


def log_leaf(seq, typ, body):
    return canonical({"body": body, "boot": "0" * 31 + "1", "bt": 1000 + seq, "ck": "signed", "log": ORIGIN,
                      "seq": seq, "t": 1790000000 + seq, "typ": typ, "v": 1})


def disclosures(seq):
    salts = [sha(b"salt %d %d" % (i, seq)) for i in (0, 1)]
    identity = canonical({"addresses": [{"kind": "phone", "proof": "claimed", "value": "+3460000%04d" % seq}],
                          "language": "es"})
    stop = canonical({"by": "person", "via": "link"})
    return salts, [identity, stop]


def person_leaf(seq, changes=None):
    salts, texts = disclosures(seq)
    c = [u64(commitment(i, salts[i], texts[i])) for i in (0, 1)]
    h = u64(hmac.digest(b"k" * 32, b"h" + seq.to_bytes(8, "big"), "sha256")[:16])
    return canonical({"boot": "0" * 31 + "1", "bt": 1000 + seq, "c": c, "ck": "signed", "coh": "2028-11", "h": h,
                      "log": ORIGIN, "rc": "stop", "seq": seq, "t": 1790000000 + seq, "typ": "consent.stop",
                      "v": 1} | (changes or {}))


def entry(seq, line):
    salts, texts = disclosures(seq)
    d = [u64(salts[0]), u64(texts[0].encode()), u64(salts[1]), u64(texts[1].encode())]
    return {"d": d, "leaf": line}


def handle(random):
    return u64(random + sha(b"cf/p1" + random)[:4])


def note(key, size, root_hash, origin=ORIGIN, signer=None):
    body = "%s\n%d\n%s\n" % (origin, size, s64(root_hash))
    key_id = sha(spki(key))[:4]
    return body + "\n\u2014 %s %s\n" % (signer or origin, s64(key_id + sign(key, body.encode())))


def write(name, cases):
    with open(os.path.join(HERE, name), "w", encoding="ascii", newline="\n") as f:
        for case in cases:
            f.write(canonical(case) + "\n")


def leaves():
    person, system = person_leaf(7), log_leaf(8, "sys.meta", {"boots": 3, "epoch": 0})
    for why, line in (("person", person), ("log", system), ("cohort of a day", person_leaf(9, {"coh": "2028-11-22"})),
                      ("text beyond ASCII", log_leaf(3, "notice.publish", {"text": "\u00a1Hola \U0001F44B!\n"}))):
        yield {"hash": u64(leaf_hash(line)), "line": line, "ok": True, "why": why}
    bad = [
        ("version 2", person_leaf(7, {"v": 2})), ("unknown member", person_leaf(7, {"zz": 1})),
        ("body in a person leaf", person_leaf(7, {"body": {}})), ("unknown type", person_leaf(7, {"typ": "consent.maybe"})),
        ("log type with person members", person_leaf(7, {"typ": "sys.meta"})), ("no month 13", person_leaf(7, {"coh": "2028-13"})),
        ("clock state", person_leaf(7, {"ck": "good"})), ("origin with a space", person_leaf(7, {"log": "a b"})),
        ("negative time", person_leaf(7, {"t": -1})), ("beyond 2^53", person_leaf(7, {"seq": 2**53})),
        ("boot id in capitals", person_leaf(7, {"boot": "A" * 32})), ("short h", person_leaf(7, {"h": "AAAA"})),
        ("three commitments", person_leaf(7, {"c": [u64(bytes(32))] * 3})), ("body no object", log_leaf(8, "sys.meta", 1)),
        ("space", system.replace(":1}", ": 1}")), ("newline", system + "\n"), ("unsorted", '{"v":1,"body":{}}'),
        ("duplicate key", system.replace('"v":1}', '"v":1,"v":1}')), ("empty", ""),
        ("needless escape", system.replace("sys.meta", "sys\\u002emeta")), ("decimal", system.replace('"v":1}', '"v":1.0}')),
    ]
    for why, line in bad:
        yield {"line": line, "ok": False, "why": why}


def commitments():
    for i, salt, text in ((0, bytes(32), ""), (1, bytes(32), ""), (0, sha(b"x"), "hello"), (1, sha(b"x"), "\u0410")):
        yield {"c": u64(commitment(i, salt, text)), "i": i, "salt": u64(salt), "text": text}


def entries():
    line = person_leaf(7)
    full = entry(7, line)
    p = handle(bytes(range(12)))
    good = [("all", {**full, "p": p}), ("no handle", full), ("content only", {**full, "d": [None, None] + full["d"][2:]}),
            ("nothing", {"d": None, "leaf": line}), ("deleted", {"d": None, "hash": u64(leaf_hash(line))})]
    for why, value in good:
        yield {"line": canonical(value), "ok": True, "why": why}
    bad = [("salt without text", {**full, "d": [full["d"][0], None] + full["d"][2:]}),
           ("text without salt", {**full, "d": [None] + full["d"][1:]}), ("four nulls", {**full, "d": [None] * 4}),
           ("three", {**full, "d": full["d"][:3]}), ("handle without check", {**full, "p": u64(bytes(16))}),
           ("unknown member", {**full, "x": 1}), ("hash and leaf", {"d": None, "hash": u64(bytes(32)), "leaf": line}),
           ("deleted with d", {"d": full["d"], "hash": u64(bytes(32))}), ("short hash", {"d": None, "hash": "AAAA"})]
    for why, value in bad:
        yield {"line": canonical(value), "ok": False, "why": why}
    yield {"line": canonical(full).replace('"d":', '"d":null,"d":', 1), "ok": False, "why": "duplicate key"}


def bend(proof, i):
    out = list(proof)
    out[i] = bytes([out[i][0] ^ 1]) + out[i][1:]
    return out


def tree():
    d = [leaf_hash("leaf %d" % i) for i in range(300)]
    for n in (0, 1, 2, 3, 7, 8, 255, 256, 257, 300):
        yield {"kind": "root", "root": u64(root(d[:n])), "size": n}
    for m, n in ((0, 1), (0, 2), (1, 2), (5, 7), (6, 7), (0, 256), (255, 257), (256, 257), (299, 300), (123, 300)):
        case = {"kind": "inclusion", "index": m, "leaf": u64(d[m]), "root": u64(root(d[:n])), "size": n}
        proof = path(m, d[:n])
        yield {**case, "ok": True, "proof": [u64(x) for x in proof]}
        yield {**case, "ok": False, "proof": [u64(x) for x in proof + [bytes(32)]], "why": "one hash too many"}
        for i in range(len(proof))[::3]:
            yield {**case, "ok": False, "proof": [u64(x) for x in bend(proof, i)], "why": "bent"}
        if proof:
            yield {**case, "ok": False, "proof": [u64(x) for x in proof[:-1]], "why": "one hash too few"}
    for m, n in ((1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 8), (128, 256), (255, 257), (256, 300), (299, 300)):
        case = {"kind": "consistency", "old": u64(root(d[:m])), "old_size": m, "root": u64(root(d[:n])), "size": n}
        proof = subproof(m, d[:n], True)
        yield {**case, "ok": True, "proof": [u64(x) for x in proof]}
        yield {**case, "ok": False, "proof": [u64(x) for x in proof + [bytes(32)]], "why": "one hash too many"}
        for i in range(len(proof)):
            yield {**case, "ok": False, "proof": [u64(x) for x in bend(proof, i)], "why": "bent at %d" % i}


def notes(key, other):
    good = note(key, 300, sha(b"root"))
    stranger = note(other, 300, sha(b"root")).split("\n\n")[1]
    yield {"note": good, "ok": True, "root": u64(sha(b"root")), "size": 300, "why": "plain"}
    yield {"note": good + stranger, "ok": True, "root": u64(sha(b"root")), "size": 300, "why": "a second, unknown key"}
    yield {"note": note(key, 0, sha(b"")), "ok": True, "root": u64(sha(b"")), "size": 0, "why": "empty log"}
    bad = [("another key", note(other, 300, sha(b"root"))), ("another origin", note(key, 1, sha(b"r"), "other.example/1")),
           ("another key name", note(key, 1, sha(b"r"), signer="other.example/1")),
           ("changed size", good.replace("\n300\n", "\n301\n")), ("zero in front", good.replace("\n300\n", "\n0300\n")),
           ("extension line", good.replace("\n\n", "\nmore\n\n", 1)), ("no signature", good.split("\n\n")[0] + "\n\n"),
           ("hyphen", good.replace("\u2014", "-")), ("no last newline", good[:-1]), ("carriage return", good.replace("\n", "\r\n"))]
    for why, text in bad:
        yield {"note": text, "ok": False, "why": why}


def proof_text(index, extra, proof, signed):
    return "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n%s\n%s" % (
        s64(canonical(extra).encode()), index, "".join(s64(x) + "\n" for x in proof), signed)


def receipts(key):
    lines = [log_leaf(0, "sys.genesis", {"key": u64(sha(spki(key)))})] + [person_leaf(i) for i in range(1, 20)]
    d = [leaf_hash(x) for x in lines]
    signed, proof, full = note(key, 20, root(d)), path(7, d), entry(7, lines[7])
    good = proof_text(7, full, proof, signed)
    yield {"index": 7, "ok": True, "receipt": good, "why": "plain"}
    swapped = {**full, "d": full["d"][2:] + full["d"][:2]}
    bad = [("another index", proof_text(8, full, proof, signed)), ("bent proof", proof_text(7, full, bend(proof, 2), signed)),
           ("another line", proof_text(7, entry(8, lines[8]), proof, signed)),
           ("disclosures swapped", proof_text(7, swapped, proof, signed)),
           ("withheld", proof_text(7, {**full, "d": [None, None] + full["d"][2:]}, proof, signed)),
           ("no extra", good.replace(good.split("\n")[1] + "\n", "")), ("other head", good.replace("@v1", "@v2")),
           ("index not decimal", good.replace("index 7", "index 07"))]
    # The log signs line 7 a second time, at place 8.
    d[8] = d[7]
    bad.append(("line under another number", proof_text(8, full, path(8, d), note(key, 20, root(d)))))
    for why, value in bad:
        yield {"ok": False, "receipt": value, "why": why}


GRANT = {"age_affirmed": True, "channels": ["sms", "whatsapp"], "ends": 1790000004 + 731 * 86400, "evidence": "claimed",
         "link": "caja", "method": "form", "minimum_age": 14, "notice": {"id": "N1", "language": "es", "sha256": u64(sha(b"notice"))},
         "promise": {"days_per_week": 3, "exceptions": [], "from_minute": 540, "holidays": False, "per_day": 1,
                     "to_minute": 1200, "weekdays": 31},
         "topics": ["offers", "orders"]}


def instant(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def record(line, size, root_hash, minimum):
    """What section 10.1 derives from a grant's line and its disclosures; words of a shop that does not matter here."""
    leaf = json.loads(line)
    name = "%s#%d" % (leaf["log"], leaf["seq"])
    state = "ConsentGiven" if minimum == "claimed" else "ConsentRequested"
    event = {"entity_id": "person", "event_state": state, "event_time": instant(leaf["t"]), "event_type": "ExpressedConsent",
             "evidence": "claimed", "seq": leaf["seq"], "typ": "consent.grant", "validity_duration": "P731D"}
    return {"channels": GRANT["channels"], "checkpoint_root": u64(root_hash), "checkpoint_size": size,
            "collection_method": "form", "events": [event], "language": "es", "leaf_hash": u64(leaf_hash(line)),
            "log": leaf["log"], "minimum_evidence": minimum,
            "pii_information": [{"pii_optional": False, "pii_type": x} for x in ("language", "phone")],
            "pii_principal_id": leaf["h"], "privacy_notice": {"notice_id": "N1", "sha256": GRANT["notice"]["sha256"]},
            "purposes": [{"purpose": x} for x in GRANT["topics"]], "receipt_id": "%s@%d" % (name, size), "record_id": name,
            "retention_class": leaf["rc"], "retention_cohort": leaf["coh"], "seq": leaf["seq"],
            "valid_until": instant(GRANT["ends"])}


def twins(key, other):
    salts, (identity, _) = disclosures(4)
    body = canonical(GRANT)
    c = [u64(commitment(0, salts[0], identity)), u64(commitment(1, salts[1], body))]
    line = person_leaf(4, {"c": c, "rc": "yes-24m", "typ": "consent.grant"})
    lines = [log_leaf(i, "sys.boot", {"boot": "x"}) for i in range(4)] + [line, log_leaf(5, "sys.boot", {"boot": "x"})]
    d = [leaf_hash(x) for x in lines]
    shown = {"d": [u64(salts[0]), u64(identity.encode()), u64(salts[1]), u64(body.encode())], "leaf": line}
    receipt = proof_text(4, shown, path(4, d), note(key, 6, root(d)))
    good, kind = record(line, 6, root(d), "present"), "counterfoil-receipt"
    later = {"entity_id": "staff", "event_state": "ConsentGiven", "event_time": instant(1790000009),
             "event_type": "ExpressedConsent", "evidence": "present", "seq": 5, "typ": "consent.confirm",
             "validity_duration": "P730D"}
    stopped = {**later, "event_state": "ConsentWithdrawn", "seq": 6, "typ": "consent.stop", "validity_duration": "P0D"}
    for why, payload in (("requested", good), ("given at once", record(line, 6, root(d), "claimed")),
                         ("confirmed", {**good, "events": good["events"] + [later]}),
                         ("stopped", {**good, "events": good["events"] + [later, stopped]}),
                         ("a member of later versions", {**good, "mood": "fine"})):
        yield {"jws": jws(key, kind, payload), "ok": True, "receipt": receipt, "why": why}
    for why, text in (("another key", jws(other, kind, good)), ("another kind", jws(key, "counterfoil-erasure", good)),
                      ("no signature", jws(key, kind, good).rsplit(".", 1)[0] + "."),
                      ("given below the minimum", jws(key, kind, {**good, "events": [{**good["events"][0], "event_state": "ConsentGiven"}]})),
                      ("given after a stop", jws(key, kind, {**good, "events": good["events"] + [{**stopped, "event_state": "ConsentGiven"}]})),
                      ("events out of order", jws(key, kind, {**good, "events": good["events"] + [stopped, later]})),
                      ("no events", jws(key, kind, {**good, "events": []}))):
        yield {"jws": text, "ok": False, "receipt": receipt, "why": why}
    for member in sorted(good):
        yield {"jws": jws(key, kind, {k: v for k, v in good.items() if k != member}), "ok": False, "receipt": receipt,
               "why": "without " + member}


def main():
    key, other = int.from_bytes(sha(b"log key"), "big"), int.from_bytes(sha(b"other key"), "big")
    write("leaves.ndjson", leaves())
    write("commitments.ndjson", commitments())
    write("entries.ndjson", entries())
    write("tree.ndjson", tree())
    write("notes.ndjson", notes(key, other))
    write("receipts.ndjson", receipts(key))
    write("twins.ndjson", twins(key, other))
    pem = s64(spki(key))
    with open(os.path.join(HERE, "log-key.pem"), "w", encoding="ascii", newline="\n") as f:
        f.write("-----BEGIN PUBLIC KEY-----\n%s\n%s\n-----END PUBLIC KEY-----\n" % (pem[:64], pem[64:]))


if __name__ == "__main__":
    main()
