# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Verifiers that know nothing of us accept what a real box signed, and refuse it once one thing in it is changed:
golang.org/x/mod/sumdb (independent.go), @sigstore/verify and jose (independent.mjs)."""
import base64
import functools
import json
import os
import shutil
import subprocess
import unittest

import box as b

HERE = b.SOURCE / "tests/system"
NODE = shutil.which("node") or shutil.which("nodejs")


# ---- the judges ----

def judged(command, cases):
    """What a verifier says of each case: (accepted, why not)."""
    asked = "".join(json.dumps(case) + "\n" for case in cases)
    ended = b.run(*command, stdin=asked)
    verdicts = [json.loads(line) for line in ended.stdout.splitlines()]
    if ended.returncode != 0 or len(verdicts) != len(cases):
        raise AssertionError(f"{command[0]} judged {len(verdicts)} of {len(cases)} cases: {ended.stderr[-2000:]}")
    return [(verdict["ok"], verdict["why"]) for verdict in verdicts]


@functools.cache
def go_program():
    """independent.go with golang.org/x/mod as Debian packages it; nothing is fetched."""
    folder = b.SOURCE / "build/independent"
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOPROXY": "off", "GOTOOLCHAIN": "local",
           "GOFLAGS": "", "GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0"}
    mine = folder / f"judge-{os.getpid()}"
    built = b.run("go", "build", "-o", mine, HERE / "independent.go", env=env)
    if built.returncode != 0:
        raise AssertionError(f"go build: {built.stderr}")
    return mine.replace(folder / "judge")  # another test may be running the one that is there


def by_go(cases):
    return judged([go_program()], cases)


def by_node(cases):
    return judged([NODE, HERE / "independent.mjs"], cases)


def assert_judged(test, judge, accepted, refused):
    """accepted: cases; refused: (what was changed, case). At least one of each, or nothing was shown."""
    test.assertTrue(accepted and refused)
    verdicts = judge(accepted + [case for _, case in refused])
    for case, (ok, why) in zip(accepted, verdicts):
        test.assertTrue(ok, f"{judge.__name__}: {case['check']} refused: {why}")
    for (changed, case), (ok, _) in zip(refused, verdicts[len(accepted):]):
        test.assertFalse(ok, f"{judge.__name__}: {case['check']} accepted with {changed} changed")
    b.say(f"    {judge.__name__}: {len(accepted)} accepted, {len(refused)} changed ones refused")


# ---- what is changed ----

def flipped(text):
    """base64 of bytes of which one, in the middle, has another bit."""
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(data).decode()


def changed_notes(note, other_note):
    """The note with one thing changed; other_note is a sound one of the same origin by another key."""
    origin, size, root, _, signature, _ = note.split("\n")
    mark, name, blob = signature.split(" ")

    def with_(origin=origin, size=size, root=root, name=name, blob=blob):
        return f"{origin}\n{size}\n{root}\n\n{mark} {name} {blob}\n"

    raw = base64.b64decode(blob)
    assert with_() == note
    yield "the root", with_(root=flipped(root))
    yield "the size", with_(size=int(size) + 1)
    yield "the origin", with_(origin=origin[:-1] + "2")
    yield "the signature", with_(blob=flipped(blob))
    yield "the key id", with_(blob=base64.b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode())
    yield "the key", other_note
    yield "the signature line's end", note[:-1]


def changed_proofs(proof):
    for at, hash_ in enumerate(proof):
        yield f"hash {at}", proof[:at] + [flipped(hash_)] + proof[at + 1:]
        yield f"hash {at} left out", proof[:at] + proof[at + 1:]
        yield f"hash {at} twice", proof[:at] + [hash_] + proof[at:]
    yield "one hash more", proof + [base64.b64encode(bytes(32)).decode()]


def changed_inclusions(good):
    leaf = good["leaf"]
    yield "the leaf", {**good, "leaf": leaf.replace('"t":1', '"t":2', 1)}
    yield "the leaf's end", {**good, "leaf": leaf + "\n"}
    yield "the index, one less", {**good, "index": good["index"] - 1}
    yield "the index, one more", {**good, "index": good["index"] + 1}
    for what, proof in changed_proofs(good["proof"]):
        yield what, {**good, "proof": proof}


def changed_receipts(good, other_note):
    head, note = good["receipt"].split("\n\n", 1)
    version, extra, index, *proof = head.split("\n")
    entry = base64.b64decode(extra.split(" ")[1])

    def with_(extra=extra, index=index, proof=proof, note=note):
        return {**good, "receipt": "\n".join([version, extra, index, *proof]) + "\n\n" + note}

    assert with_() == good
    yield "the line", with_(extra="extra " + base64.b64encode(entry.replace(b'\\"t\\":1', b'\\"t\\":2', 1)).decode())
    yield "the index", with_(index=f"index {int(index.split(' ')[1]) - 1}")
    yield from ((what, with_(proof=other)) for what, other in changed_proofs(proof))
    yield from ((what, with_(note=other)) for what, other in changed_notes(note, other_note))


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def changed_statements(good):
    header, payload, signature = (base64.urlsafe_b64decode(part + "==") for part in good["jws"].split("."))

    def with_(header=header, payload=payload, signature=signature):
        return {**good, "jws": ".".join(map(unpadded, (header, payload, signature)))}

    def flip(data):
        return data[:40] + bytes([data[40] ^ 1]) + data[41:]

    none = header.replace(b"ES256", b"none")
    assert with_() == good and none != header
    yield "the payload", with_(payload=flip(payload))
    yield "the signature", with_(signature=flip(signature))
    yield "the signature, left out", with_(signature=b"")
    yield "the algorithm", with_(header=none)
    yield "the algorithm, without a signature", with_(header=none, signature=b"")
    yield "the algorithm, to HS256", with_(header=header.replace(b"ES256", b"HS256"))
    yield "the kind asked for", {**good, "typ": "counterfoil-other"}


# ---- what a recipient asks the box ----

def size_of(note):
    return int(note.split("\n")[1])


def _asked(peer, target):
    answer = peer.get(target)
    if answer.status != 200:
        raise AssertionError(f"{target}: {answer.status}")
    return answer


def inclusion(peer, index, size):
    return json.loads(_asked(peer, f"/v1/log/proof/inclusion?index={index}&size={size}").text)["hashes"]


def consistency(peer, old, note):
    return json.loads(_asked(peer, f"/v1/log/proof/consistency?from={size_of(old)}&to={size_of(note)}").text)["hashes"]


def leaf_hashes(peer, size):
    """Of logs that fit into one tile."""
    tile = _asked(peer, "/v1/log/tile/0/0").body[:32 * size]
    return [base64.b64encode(tile[at:at + 32]).decode() for at in range(0, len(tile), 32)]


# ---- for any test that has a signed statement, or a log ----

def assert_statement(test, jws, typ, key, payload):
    """A compact JWS by the log's key (PEM) whose payload is the canonical JSON of this value."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    good = {"check": "statement", "jws": jws, "typ": typ, "key": key, "payload": text}
    assert_judged(test, by_node, [good], [*changed_statements(good), ("the key", {**good, "key": new_key()})])


def assert_grown(test, box, old_note):
    """The log as it is now has the signed root, and is the one that the old note was about."""
    with box.peer() as peer:
        note = peer.get("/v1/log/checkpoint").text
        common = {"key": box.log_key.read_text(), "origin": note.split("\n")[0], "note": note}
        tree = {**common, "check": "tree", "leaves": leaf_hashes(peer, size_of(note))}
        steps = {**common, "check": "consistency", "old": old_note, "proof": consistency(peer, old_note, note)}
    refused = [("one leaf", {**tree, "leaves": [flipped(tree["leaves"][0]), *tree["leaves"][1:]]}),
               *((what, {**steps, "proof": proof}) for what, proof in changed_proofs(steps["proof"]))]
    assert_judged(test, by_go, [tree, steps], refused)


def new_key():
    """A P-256 public key that signed nothing, PEM."""
    made = subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"], capture_output=True,
                          check=True)
    return subprocess.run(["openssl", "ec", "-pubout"], input=made.stdout, capture_output=True, check=True).stdout.decode()


# ---- a real log ----

class Independent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        at = cls.enterClassContext(b.folder())
        box = cls.enterClassContext(b.Box(at / "shop").make()).start()
        other = cls.enterClassContext(b.Box(at / "other").make()).start()
        numbers, addresses = b.fiction_numbers(), b.loopback_addresses()
        cls.key = box.log_key.read_text()
        with box.peer() as peer, other.peer() as elsewhere:
            cls.older = peer.get("/v1/log/checkpoint").text
            b.opt_in_many(box, 5, numbers, addresses)
            cls.old = peer.get("/v1/log/checkpoint").text
            token = b.opt_in_many(box, 6, numbers, addresses)[-1]
            cls.note = peer.get("/v1/log/checkpoint").text
            cls.other_note = elsewhere.get("/v1/log/checkpoint").text
            cls.origin, cls.size = cls.note.split("\n")[0], size_of(cls.note)
            entries = peer.get(f"/v1/log/entries?start=0&end={cls.size}").text.splitlines()
            cls.leaves = [json.loads(entry)["leaf"] for entry in entries]
            cls.proofs = [inclusion(peer, n, cls.size) for n in range(cls.size)]
            cls.steps = {old: consistency(peer, old, cls.note) for old in (cls.older, cls.old, cls.note)}
            cls.hashes = leaf_hashes(peer, cls.size)
        with box.customer() as client:
            cls.receipt = client.get(f"/r/{token}/proof").text

    def case(self, check, **members):
        return {"check": check, "key": self.key, "origin": self.origin, "note": self.note, **members}

    def inclusions(self):
        return [self.case("inclusion", leaf=leaf, index=n, proof=self.proofs[n]) for n, leaf in enumerate(self.leaves)]

    def test_material(self):
        """Sizes that are no powers of two, so that proofs have both kinds of turns; notes that are not of one size."""
        self.assertGreater(self.size, 11)
        self.assertLess(size_of(self.older), size_of(self.old))
        self.assertLess(size_of(self.old), self.size)
        self.assertNotEqual(self.size & (self.size - 1), 0)
        self.assertEqual(self.other_note.split("\n")[0], self.origin)

    def test_checkpoints(self):
        accepted = [self.case("checkpoint", note=note) for note in (self.older, self.old, self.note)]
        refused = [(what, self.case("checkpoint", note=note)) for what, note in changed_notes(self.note, self.other_note)]
        assert_judged(self, by_node, accepted, refused)
        # Sigstore identifies a key by its id alone; a note's reader asks for the name as well.
        renamed = self.note.replace(f"— {self.origin}", f"— {self.origin}2")
        self.assertNotEqual(renamed, self.note)
        assert_judged(self, by_go, accepted, [*refused, ("the key's name", self.case("checkpoint", note=renamed))])

    def test_inclusion(self):
        accepted = self.inclusions()
        refused = [row for good in accepted for row in changed_inclusions(good)]
        for judge in (by_go, by_node):
            assert_judged(self, judge, accepted, refused)

    def test_receipts(self):
        good = self.case("receipt", receipt=self.receipt)
        for judge in (by_go, by_node):
            assert_judged(self, judge, [good], list(changed_receipts(good, self.other_note)))

    def test_consistency(self):
        accepted = [self.case("consistency", old=old, proof=proof) for old, proof in self.steps.items()]
        refused = [(what, {**good, "proof": proof}) for good in accepted for what, proof in changed_proofs(good["proof"])]
        good = accepted[1]
        refused += [("which is older", {**good, "old": self.note, "note": self.old}), ("the old size", {**good, "old": self.older}),
                    *((f"{what} of the old note", {**good, "old": note})
                      for what, note in changed_notes(self.old, self.other_note))]
        assert_judged(self, by_go, accepted, refused)

    def test_tree(self):
        good, leaves = self.case("tree", leaves=self.hashes), self.hashes
        refused = [("one leaf", {**good, "leaves": [*leaves[:4], flipped(leaves[4]), *leaves[5:]]}),
                   ("the order", {**good, "leaves": [leaves[1], leaves[0], *leaves[2:]]}),
                   ("the number of leaves", {**good, "leaves": leaves[:-1]})]
        assert_judged(self, by_go, [good], refused)


if __name__ == "__main__":
    b.main()
