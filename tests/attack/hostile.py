# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Requests that the gate turns away, by kind: what is sent, the status it is answered, the reason that is counted."""
import dataclasses
import gzip
import random
import zlib

HOST = "Host: localhost"
KIND = "Content-Type: application/x-www-form-urlencoded"
INNER = b"GET /privacy HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKS = b"3\r\na=b\r\n0\r\n\r\n"


@dataclasses.dataclass(frozen=True)
class Hostile:
    name: str
    data: bytes
    status: int
    reason: str
    closes: bool = True  # whoever cannot know where a request ends reads no further


def lines(*parts, body=b""):
    return b"\r\n".join(p if isinstance(p, bytes) else p.encode() for p in parts) + b"\r\n\r\n" + body


def post(*fields, body=b"a=b", target="/o/caja"):
    return lines(f"POST {target} HTTP/1.1", HOST, KIND, *fields, body=body)


def posted(*fields, body=b"a=b"):
    """The same with one good length."""
    return post(*fields, f"Content-Length: {len(body)}", body=body)


def get(target="/", *fields, host=HOST, version="HTTP/1.1", body=b""):
    return lines(f"GET {target} {version}", host, *fields, body=body)


def bombs():
    zeros = b"0" * 10_000_000
    for coding, body in (("gzip", gzip.compress(zeros)), ("deflate", zlib.compress(zeros)), ("x-gzip", b"x"),
                         ("identity", b"a=b"), ("gzip, gzip, gzip", gzip.compress(gzip.compress(zeros)))):
        yield Hostile(coding, posted(f"Content-Encoding: {coding}", body=body), 415, "content_encoding")
    yield Hostile("as a transfer coding", post("Transfer-Encoding: gzip, chunked", body=CHUNKS), 400, "transfer_encoding")


def chunked_tricks():
    for name, field in (("plain", "Transfer-Encoding: chunked"), ("in capitals", "TRANSFER-ENCODING: CHUNKED"),
                        ("unknown coding", "Transfer-Encoding: xchunked"), ("identity", "Transfer-Encoding: identity"),
                        ("tab before", "Transfer-Encoding:\tchunked"), ("twice", "Transfer-Encoding: chunked, chunked"),
                        ("folded", "Transfer-Encoding:\r\n chunked"), ("empty", "Transfer-Encoding:")):
        yield Hostile(name, post(field, body=CHUNKS), 400, "transfer_encoding")
    yield Hostile("space before the colon", post("Transfer-Encoding : chunked", body=CHUNKS), 400, "field_name")
    yield Hostile("behind a fold", post("X: y\r\n Transfer-Encoding: chunked", body=CHUNKS), 400, "field_name")
    yield Hostile("vertical tab", post("Transfer-Encoding: \x0bchunked", body=CHUNKS), 400, "control_byte")
    yield Hostile("a trailer announced", posted("Trailer: Content-Length"), 400, "trailer")


def lengths():
    for name, fields, status, reason in (
            ("the same twice", ["Content-Length: 3", "Content-Length: 3"], 400, "content_length_repeated"),
            ("two that differ", ["Content-Length: 3", "Content-Length: 0"], 400, "content_length_repeated"),
            ("a list", ["Content-Length: 3, 3"], 400, "content_length"),
            ("plus", ["Content-Length: +3"], 400, "content_length"),
            ("minus", ["Content-Length: -3"], 400, "content_length"),
            ("hexadecimal", ["Content-Length: 0x3"], 400, "content_length"),
            ("a fraction", ["Content-Length: 3.0"], 400, "content_length"),
            ("two words", ["Content-Length: 3 3"], 400, "content_length"),
            ("empty", ["Content-Length:"], 400, "content_length"),
            ("beyond 64 bits", ["Content-Length: 18446744073709551619"], 413, "content_length_digits")):
        yield Hostile(name, post(*fields), status, reason)
    yield Hostile("none", post(body=b""), 411, "length_required")


def injections():
    for name, field, reason in (
            ("encoded line end", "X: a%0d%0aSet-Cookie: b", "encoded_control"), ("NUL", b"X: a\0b", "control_byte"),
            ("bare LF", b"X: a\nSet-Cookie: b", "control_byte"), ("bare CR", b"X: a\rSet-Cookie: b", "control_byte"),
            ("delete", b"X: a\x7f", "control_byte"), ("not UTF-8", b"X: \xc3\x28", "field_utf8"),
            ("REMOTE_ADDR", "REMOTE_ADDR: 127.0.0.1", "field_name"), ("no name", ": a", "field_line"),
            ("X-Forwarded-For", "X-Forwarded-For: 10.0.0.1", "forwarded"), ("Forwarded", "Forwarded: for=a", "forwarded"),
            ("X-Real-IP", "X-Real-IP: 10.0.0.1", "forwarded"), ("a second Host", "Host: evil.example", "host_repeated")):
        yield Hostile(name, posted(field), 400, reason)
    for name, target, reason in (("line end in the path", "/o/%0d%0aX:y", "encoded_control"),
                                 ("line end in the query", "/?a=%0A", "encoded_control"),
                                 ("absolute form", "https://evil.example/", "target_form"),
                                 ("encoded slash", "/o%2fcaja", "encoded_separator"),
                                 ("dot segment", "/o/%2e%2e/staff", "dot_segment")):
        yield Hostile(name, get(target), 400, reason)
    yield Hostile("no Host", lines("GET / HTTP/1.1"), 400, "host_missing")
    yield Hostile("Host with a path", get(host="Host: localhost/x"), 400, "host")


def smuggling_pairs():
    hidden = str(len(INNER))
    for name, fields, body, status, reason in (
            ("CL and TE", [f"Content-Length: {hidden}", "Transfer-Encoding: chunked"], b"0\r\n\r\n" + INNER, 400,
             "transfer_encoding"),
            ("TE and CL", ["Transfer-Encoding: chunked", "Content-Length: 3"], b"0\r\n\r\n" + INNER, 400,
             "transfer_encoding"),
            ("short CL and long CL", ["Content-Length: 3", f"Content-Length: {hidden}"], b"a=b" + INNER, 400,
             "content_length_repeated"),
            ("CL hidden by a fold", [f"X: y\r\n Content-Length: {hidden}", "Content-Length: 3"], b"a=b" + INNER, 400,
             "field_name"),
            ("TE behind a bare LF", [b"X: y\nTransfer-Encoding: chunked", "Content-Length: 3"], b"a=b" + INNER, 400,
             "control_byte"),
            ("body promised later", ["Expect: 100-continue", "Content-Length: 3"], b"a=b" + INNER, 417, "expect"),
            ("another protocol", ["Upgrade: h2c", "Content-Length: 3"], b"a=b" + INNER, 400, "upgrade")):
        yield Hostile(name, post(*fields, body=body), status, reason)
    yield Hostile("a body on GET", get("/", f"Content-Length: {hidden}", body=INNER), 400, "body_not_expected")
    yield Hostile("HTTP/1.0 with TE", get("/", "Transfer-Encoding: chunked", version="HTTP/1.0", body=b"0\r\n\r\n" + INNER),
                  505, "version")
    yield Hostile("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + INNER, 505, "version")


def oversize():
    yield Hostile("line", get("/" + "a" * 2048), 414, "line_size")
    yield Hostile("method", lines("G" * 2048 + " / HTTP/1.1", HOST), 414, "line_size")
    yield Hostile("49 fields", get("/", *(f"X-{n}: y" for n in range(48))), 431, "fields_limit")
    yield Hostile("5,000 fields", get("/", *["A:"] * 5_000), 431, "head_size")
    yield Hostile("field", get("/", "X: " + "y" * 12_288), 431, "head_size")
    yield Hostile("head without an end", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, 431, "head_size")
    yield Hostile("body", post(f"Content-Length: {16 * 1024 + 1}", body=b"x" * (16 * 1024 + 1)), 413, "body_size")
    yield Hostile("body that is only promised", post("Content-Length: 99999999"), 413, "body_size")


def random_bytes(seed=4, count=20):
    """Random for those who wrote it, the same in every run; each ends like a head, so that it is judged at once."""
    source = random.Random(seed)
    for n in range(count):
        yield Hostile(f"{n}", source.randbytes(source.randrange(200, 4000)) + b"\r\n\r\n", 400, "control_byte")


KINDS = {"gzip bombs": list(bombs()), "chunked tricks": list(chunked_tricks()),
         "duplicate and conflicting lengths": list(lengths()), "header injection": list(injections()),
         "smuggling pairs": list(smuggling_pairs()), "oversize": list(oversize()),
         "random bytes": list(random_bytes())}
