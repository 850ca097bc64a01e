# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""A box on a file system of its own, and all of its disk searched, freed blocks and the file system's journal too. The
person is in clear nowhere, ever; before an erasure their wrapped keys and the secret that opens them are there, and
afterwards that secret and every key below it are gone from disk and memory. Wrapped rows may stay in freed blocks: dead.

This is what a file anchor promises, "cryptographic, limited by flash": the blocks that the file system sees. What a
flash controller keeps of overwritten blocks no search from this side can show. Needs root, loop devices, ext4."""
import hashlib
import hmac
import re
import shutil
import sqlite3
import subprocess
import unittest

import box as b
import erasure
import secrets_at_rest as secrets

DISK_bytes = 64 << 20
BLOCK_bytes = 4096
SUBJECTS_PER_BUCKET = 256
STAYING, LEAVING = erasure.BEA, erasure.LEAVING[:3]


class Disk:
    """An ext4 file system in a file, mounted."""

    def __init__(self, at):
        self.image, self.folder = at / "disk.img", at / "disk"
        with open(self.image, "wb") as image:
            image.truncate(DISK_bytes)
        self.folder.mkdir()

    def __enter__(self):
        made = b.run("mkfs.ext4", "-q", "-b", BLOCK_bytes, self.image)
        if made.returncode != 0:
            raise unittest.SkipTest(f"no ext4 here: {made.stderr.strip()}")
        self.mount()
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.folder], stderr=subprocess.DEVNULL, check=False)

    def mount(self):
        mounted = b.run("mount", "-o", "loop,nodiscard", self.image, self.folder)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"no loop device can be mounted here: {mounted.stderr.strip()}")

    def unmount(self):
        b.Box.expect(b.run("umount", self.folder))

    def raw(self):
        """All blocks that are not empty."""
        if self.folder.is_mount():
            b.Box.expect(b.run("sync", "--file-system", self.folder))
        with open(self.image, "rb") as image:
            return b"".join(block for block in iter(lambda: image.read(BLOCK_bytes), b"") if block.strip(b"\0"))


def aes256(mode, key, data, *more):
    return subprocess.run(["openssl", "enc", f"-aes-256-{mode}", "-nopad", "-K", key.hex(), *more], input=data,
                          capture_output=True, check=True).stdout


def unwrapped(key, row):
    """The 32 bytes in an XAES-256-GCM wrap. Its tag is left alone: what comes out is compared with what it must be."""
    nonce, sealed = row[:24], row[24:-16]
    doubled = int.from_bytes(aes256("ecb", key, bytes(16)), "big") << 1
    mask = (doubled & (1 << 128) - 1) ^ (0x87 if doubled >> 128 else 0)
    blocks = b"".join((int.from_bytes(bytes([0, n, ord("X"), 0]) + nonce[:12], "big") ^ mask).to_bytes(16, "big")
                      for n in (1, 2))
    return aes256("ctr", aes256("ecb", key, blocks), sealed, "-iv", (nonce[12:] + b"\0\0\0\2").hex())


def hkdf(secret, info):
    drawn = hmac.digest(bytes(32), secret, hashlib.sha256)
    return hmac.digest(drawn, info + b"\1", hashlib.sha256)


class Keys:
    """The tree of FORMAT.md section 11 as it stands in a running box: copies are opened, elsewhere."""

    def __init__(self, box, at):
        at.mkdir()
        for path in [*box.data.glob("keys.db*"), *box.data.glob("ledger.db*")]:
            shutil.copy(path, at / path.name)
        self.secret, epoch = self.of_anchor((box.data / "anchor").read_bytes())
        keys, ledger = (sqlite3.connect(at / name) for name in ("keys.db", "ledger.db"))
        meta = dict(keys.execute("SELECT name, value FROM meta"))
        self.kek = hkdf(self.secret, b"cf/kek\0" + meta["origin"] + b"\0" + epoch)
        assert meta["epoch"] == epoch, "the anchor is of another epoch"
        self.wrapped_bucket, = keys.execute("SELECT w FROM bucket").fetchone()
        self.bucket = unwrapped(self.kek, self.wrapped_bucket)
        self.wrapped = dict(keys.execute("SELECT n, w FROM subj ORDER BY n"))
        assert max(self.wrapped) < SUBJECTS_PER_BUCKET
        self.subjects = {n: unwrapped(self.bucket, row) for n, row in self.wrapped.items()}
        chains = {h for h, in ledger.execute("SELECT h FROM leaf WHERE h IS NOT NULL")}
        for key in self.subjects.values():
            assert hmac.digest(key, b"h" + bytes(8), hashlib.sha256)[:16] in chains, "not the key of anybody's chain"
        keys.close()
        ledger.close()

    @staticmethod
    def of_anchor(anchor):
        """(secret, epoch as eight bytes) of the newest record."""
        records = [anchor[at:at + 108] for at in range(0, len(anchor), 256) if anchor[at:at + 4] == b"CFA1"]
        newest = max(records, key=lambda record: record[4:12])
        return newest[12:44], newest[4:12]

    def needles(self, leaving):
        """(keys in clear, rows) of those who leave, and of all that their bucket and epoch open."""
        clear = {"the secret in the anchor": self.secret, "the epoch's key": self.kek, "the bucket's key": self.bucket,
                 **{f"the key of subject {n}": self.subjects[n] for n in leaving}}
        rows = {"the bucket's row": self.wrapped_bucket, **{f"the row of subject {n}": self.wrapped[n] for n in leaving}}
        return patterns(clear), patterns(rows)


def patterns(texts):
    return {name: re.compile(re.escape(text)) for name, text in texts.items()}


class RawDisk(unittest.TestCase):
    def test_gone(self):
        with b.folder() as at, Disk(at) as disk, b.Box(disk.folder / "shop").make() as box:
            box.start()
            with box.customer() as client:
                b.opt_in(client, *STAYING)
                before = Keys(box, at / "nobody")
                staying, = before.subjects
                people = [b.opt_in(client, number) for number in LEAVING]
                before = Keys(box, at / "before")
                personal = self.personal(people)
                keys, rows = before.needles(set(before.subjects) - {staying})
                self.assertEqual(len(rows), 1 + len(LEAVING))
                raw = disk.raw()
                self.assertEqual(secrets.search(raw, personal), [])
                self.assertEqual(secrets.search(raw, keys), ["the secret in the anchor"])
                self.assertEqual(secrets.search(raw, rows), list(rows))
                self.assertIn("the bucket's key", erasure.in_memory(box.process.pid, keys))
                erasure.erase_and_wait(client, people, lines=2)
            after = Keys(box, at / "after")
            self.assertEqual(after.subjects, {staying: before.subjects[staying]}, "somebody else was lost")
            self.assertEqual(erasure.still_in_memory(box.process.pid, keys), [])
            self.nothing_opens(disk, personal, keys, rows)
            self.assertEqual(secrets.search(disk.raw(), patterns({"now": after.secret})), ["now"])
            self.assertEqual(box.stop(), 0)
            disk.unmount()
            self.nothing_opens(disk, personal, keys, rows)
            self.finds_what_was_deleted(disk, {**personal, **keys}, before)

    def personal(self, people):
        out = {}
        for person, number in zip(people, LEAVING):
            national = re.sub(r"\D", "", number)
            for name, pattern in secrets.number_needles("46" + national[1:], national).items():
                out[f"{number}, {name}"] = pattern
            out.update(secrets.token_needles(f"the link of {number}", person.token))
        return out

    def nothing_opens(self, disk, personal, keys, rows):
        raw = disk.raw()
        self.assertEqual(secrets.search(raw, {**personal, **keys}), [])
        b.say(f"{len(raw) >> 10} KiB searched; rows that no key opens any more: {secrets.search(raw, rows) or 'none'}")

    def finds_what_was_deleted(self, disk, needles, keys):
        """The same search finds a number and a secret in the blocks of a file that was removed."""
        disk.mount()
        planted = disk.folder / "planted"
        planted.write_bytes(LEAVING[0].encode() + keys.secret)
        b.Box.expect(b.run("sync", planted))
        planted.unlink()
        disk.unmount()
        found = secrets.search(disk.raw(), needles)
        self.assertIn("the secret in the anchor", found)
        self.assertIn(f"{LEAVING[0]}, national digits", found)


if __name__ == "__main__":
    b.main()
