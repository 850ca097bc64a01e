#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Writes what the fuzz targets begin with into FOLDER/<target>/: the vectors, and what a real box with invented
customers sent, signed and stored. Run it when a format changes, then merge into corpus/ as README.md says.

  CF_BIN_DIR=build/release/bin tests/fuzz/seed.py FOLDER"""
import base64
import hashlib
import json
import pathlib
import ssl
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("tests/system", "tests/attack", "tests/vectors")]
import box as b  # noqa: E402
import hostile as h  # noqa: E402
import make as vectors  # noqa: E402

LOG_KEY = int.from_bytes(vectors.sha(b"log key"), "big")


class Seeds:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def add(self, target, *inputs):
        """Equal inputs are one file."""
        place = self.folder / target
        place.mkdir(parents=True, exist_ok=True)
        for data in (i.encode() if isinstance(i, str) else bytes(i) for i in inputs):
            (place / hashlib.sha1(data).hexdigest()).write_bytes(data)


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def padded(data):
    return data + bytes(-len(data) % 64)


def text(t):
    return struct.pack(">I", len(t)) + t


def client_hello():
    """The first flight of a real client."""
    said = ssl.MemoryBIO()
    hello = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost")
    try:
        hello.do_handshake()
    except ssl.SSLWantReadError:
        return said.read()
    raise AssertionError("a handshake without an answer")


# ---- from the vectors ----

def from_vectors(seeds):
    def cases(name):
        return [json.loads(line) for line in (ROOT / "tests/vectors" / name).read_text().splitlines()]

    seeds.add("leaf", *(c["line"] for c in cases("leaves.ndjson")))
    seeds.add("entry", *(c["line"] for c in cases("entries.ndjson")))
    seeds.add("checkpoint", *(c["note"] for c in cases("notes.ndjson")))
    seeds.add("receipt", *(c["receipt"] for c in cases("receipts.ndjson")))
    seeds.add("canonical_json", *(c["line"] for c in cases("leaves.ndjson")[:3]), "null", "[1,-2,[true,false,null]]",
              '{"a":{"b":[{}]},"c":"\\u00fc\\ud83d\\ude00\\"\\\\\\n"}', "9007199254740991")
    for case in cases("notes.ndjson")[:3]:
        blob = base64.b64decode(case["note"].split(" ")[-1])
        seeds.add("signature", blob[4:], blob[-64:])
    seeds.add("tree", *(bytes([n, m, *how]) for n, m in ((0, 0), (6, 2), (127, 64), (255, 255))
                        for how in ((), (1,), (1, 2), (1, 5, 1), (0, 0, 0))))
    lines = [vectors.log_leaf(0, "sys.genesis", {"key": vectors.u64(vectors.sha(vectors.spki(LOG_KEY)))})]
    lines += [vectors.person_leaf(i) for i in range(1, 5)]
    note = vectors.note(LOG_KEY, len(lines), vectors.root([vectors.leaf_hash(line) for line in lines]))
    entries = [vectors.canonical({"d": None, "leaf": line}) + "\n" for line in lines]
    seeds.add("bundle", note + "\0" + "".join(entries), note + "\0" + "".join(entries[:3]),
              note + "\0" + entries[0] + entries[2] + entries[1] + entries[3] + entries[4])


# ---- from a real box ----

def what_people_do(box):
    numbers, addresses = b.fiction_numbers(), b.loopback_addresses()
    tokens = b.opt_in_many(box, 3, numbers, addresses)
    staff = box.staff()
    with box.customer() as client:
        number, region = next(numbers)
        staff.confirm(b.opt_in(client, number, region, lang="es").code)
        b.keep_topics(client, tokens[0], ["orders"])
        b.stop_all(client, tokens[1])
        b.stop_by_number(client, number, region)
        form = client.get(f"/m/{tokens[2]}/erase?lang=en").form(f"/m/{tokens[2]}/erase")
        answer = client.post(form.action, form.fields())
        if answer.status != 303:
            raise AssertionError(f"the erasure was answered {answer.status}")


def from_log(seeds, bundle):
    for line in b.bundle_entries(bundle):
        entry = json.loads(line)
        seeds.add("entry", line)
        seeds.add("leaf", entry["leaf"])
        if not entry.get("d"):
            continue
        salt0, identity, salt1, body = (unpadded(part) for part in entry["d"])
        seeds.add("identity", identity)
        seeds.add("body", body)
        seeds.add("payload", padded(salt0 + salt1 + text(identity) + text(body)))
        seeds.add("card", padded(text(identity) + text(b"123456") + struct.pack(">q", 1790000000)),
                  padded(text(identity) + text(b"") + bytes(8)))


def from_files(seeds, box):
    for file in (*box.tls.glob("*.pem"), box.peer_certificate):
        seeds.add("certificate", file.read_bytes(), b.ssl.PEM_cert_to_DER_cert(file.read_text()))
    spki, scalar = vectors.spki(LOG_KEY), LOG_KEY.to_bytes(32, "big")
    private = bytes.fromhex("30770201010420") + scalar + bytes.fromhex("a00a06082a8648ce3d030107a14403420004") + spki[-64:]
    seeds.add("certificate", spki, box.log_key.read_bytes(),
              "-----BEGIN EC PRIVATE KEY-----\n" + base64.encodebytes(private).decode() + "-----END EC PRIVATE KEY-----\n")


def from_shapes(seeds, box):
    """What is only ever stored sealed, and what browsers send."""
    jobs = ({"cohorts": [], "epoch": 2, "gone_at": 0, "lines": [[4, 6], [9, 9]], "subjects": [3]},
            {"cohorts": [1, 5], "epoch": 0, "gone_at": 1790000000, "lines": [], "subjects": []},
            {"cohorts": [], "epoch": 3, "gone_at": 0, "lines": [], "subjects": list(range(1, 90))})
    seeds.add("job", *(padded(text(vectors.canonical(job).encode())) for job in jobs))

    def record(epoch):
        head = b"CFA1" + struct.pack(">Q", epoch) + bytes(range(32)) + struct.pack(">QQ", 3, 40) + bytes(32)
        return (head + vectors.sha(head)[:16]).ljust(256, b"\0")
    for slots in ([1], [1, 2], [2, 1]):
        image = b"".join((record(epoch) * 3).ljust(1024, b"\0") for epoch in slots)
        seeds.add("anchor", bytes([1]) + image, bytes([128 + 2]) + image, bytes([2]) + record(2) + b"CFA0")
    for payload in ({}, {"anchor": "file", "asked": 1790000000, "lines": 3, "stays": ["a", "b"]}):
        header = {"alg": "ES256", "kid": vectors.u64(vectors.sha(vectors.spki(LOG_KEY))), "typ": "counterfoil-erasure"}
        signed = ".".join(vectors.u64(vectors.canonical(part).encode()) for part in (header, payload))
        der = vectors.sign(LOG_KEY, signed.encode())
        r_end = 4 + der[3]
        raw = b"".join(n.lstrip(b"\0").rjust(32, b"\0") for n in (der[4:r_end], der[r_end + 2:]))
        seeds.add("statement", signed + "." + vectors.u64(raw), vectors.canonical(payload))
    with box.customer() as client:
        seeds.add("request_head", client.head("GET", "/o/caja?lang=en&x=%C3%BC"), client.head("HEAD", "/"),
                  client.head("POST", "/stop", [("Content-Type", "application/x-www-form-urlencoded"),
                                                ("Origin", "https://localhost")], b"number=1") + b"number=1",
                  client.head("GET", "/a%20b/../c", [("Cookie", "__Host-cf=abc"), ("Accept", "text/html,*/*;q=0.1")]),
                  client.head("PUT", "/r", [("Transfer-Encoding", "chunked")]))
        requests = [client.head("GET", "/", []), client.head("POST", "/in", [], b"number=1") + b"number=1"]
    heads = (one.data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" for kind in h.KINDS.values() for one in kind)
    seeds.add("gate", *(head for head in heads if len(head) < 2500))
    seeds.add("tls_stream", *(bytes([0, at_once]) + client_hello() for at_once in (255, 7, 0)),
              b"\x00\xff\x15\x03\x03\x00\x02\x02\x28", b"\x01\xff\x17\x03\x03\x00\x20" + bytes(32),
              b"\x01\x03" + client_hello(), b"\x02\x40" + b"".join(requests) * 3)
    seeds.add("form", "number=070-174+06+13&region=SE&topic=orders&topic=care&age=yes", "a=%C3%BC&b=%F0%9F%98%80&c", "=&&x=")
    seeds.add("cookie", "__Host-cf=abcdef; lang=en", "a=b; __Host-cf=1; __Host-cf=2", " __Host-cf = x ;;")
    seeds.add("text_forms", "AAECAwQ=", "AAECAw", "AAB", "AAB=", "-_-_", "+/+/", "00ffAB", "Zürich 😀 \x1b[2J\u202e", b"\xf0\x9f\x98\xed\xa0\x80")
    seeds.add("keywords", "STOP", "#unsubscribe 🛑", "baja ofertas", "S.T.O.P. offers", "have a nice weekend", "إلغاء الاشتراك",
              "والغاء الاشتراك لو سمحت", "ԱՅԼԵՎՍ ՄԻ ԳՐԵ՛Ք", "Atteikties no abonēšanas", "ＳＴ\u200bＯＰ", "no ma\u0301s", b"st\xffop \xe2\x80")
    source = (ROOT / "src/i18n/po/en.po").read_text(encoding="utf-8").split("\n\n")
    spanish = (ROOT / "src/i18n/po/es.po").read_text(encoding="utf-8").split("\n\n")
    seeds.add("po_file", "\n\n".join(source[:4]) + "\n", "\n\n".join(spanish[:4]) + "\n",
              spanish[0] + '\n\n#, fuzzy\nmsgctxt "x.y"\nmsgid "Hello {name}"\nmsgstr "Hola"\n')


def main(folder):
    seeds = Seeds(folder)
    from_vectors(seeds)
    with b.folder() as at, b.Box(at / "shop").make().start() as box:
        what_people_do(box)
        box.expect(box.pull(at / "bundle", "--identity"))
        from_log(seeds, at / "bundle")
        from_files(seeds, box)
        from_shapes(seeds, box)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
