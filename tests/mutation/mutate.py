#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Breaks the verifier one comparison at a time and wants the unit tests of proof to notice each time.

usage: mutate.py [--sample N] [--seed S] [--file NAME] [--list] BUILD_DIR

First each of the rules V1 to V9 is switched off, then in every file that a verification goes through each comparison
is negated and moved by one, each ! dropped, each && and || exchanged, each early return and each passed-on error left
out. A mutant costs one object file and one link; the tests are stopped at their first failure. BUILD_DIR holds a built
proof_test and compile_commands.json. survivors.txt names the mutants that no test can or need notice, each with its
reason; any other survivor fails the run, and so does one named there that is noticed after all.
"""
import argparse
import json
import os
import random
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = ["bundle", "bundle_files", "entry", "findings", "leaf", "line_order", "note", "range_set", "receipt", "tile_guide",
         "tree", "verify"]
SURVIVORS = Path(__file__).with_name("survivors.txt")
TEST_LIMIT_S = 60  # of processor time: a mutant may run for ever

# Rule, file, what it is written as, what it is without the rule.
RULES = [
    ("V1", "verify", "const Result<Checkpoint> opened = open_checkpoint(note, s.key);",
     "const Result<Checkpoint> opened = read_checkpoint(note);"),
    ("V2", "verify", "if (leaf->log != key.name)", "if (false)"),
    ("V3", "line_order", "if (!size || same) return;", "return;"),
    ("V4", "verify", "const bool lines_fit = fits(frontier);", "const bool lines_fit = checkpoint.has_value();"),
    ("V5", "verify", "if (leaf.t < signed_t) {", "if (false) {"),
    ("V5 order", "line_order", "judge.tell_missing();", ""),
    ("V6", "verify", "check_disclosures(position, *leaf, entry);", ""),
    ("V7", "verify", "judge_deleted();\n  }", "}"),
    ("V7 ranges", "verify", "if (!ranges) {", "if (false) {"),
    ("V8", "verify", "if (leaf->typ == consent::EventType::SysMeta) check_counters(position, *leaf);", ""),
    ("V9", "verify", "check_genesis(position, *leaf);", ""),
]

# A comparison has spaces around it, a template's bracket has not: clang-format sees to that.
SWAPS = [
    (r"(?<= )==(?= )", ["!="]),
    (r"(?<= )!=(?= )", ["=="]),
    (r"(?<= )<=(?= )", ["<", ">"]),
    (r"(?<= )>=(?= )", [">", "<"]),
    (r"(?<= )<(?= )", ["<=", ">="]),
    (r"(?<= )>(?= )", [">=", "<="]),
    (r"(?<= )&&(?= )", ["||"]),
    (r"(?<= )\|\|(?= )", ["&&"]),
    (r"(?<![\w)\]=])!(?=[\w(])", [""]),
]
EARLY_RETURN = re.compile(r"(?<=\) )return\b[^;{}]*;|(?<=\)\n)( +)return\b[^;{}]*;")
PASSED_ON = re.compile(r"\bCF_CHECK\((?=.*\);)")


class Mutant:
    def __init__(self, name, file, start, old, new, text):
        self.name, self.file, self.start, self.old, self.new = name, file, start, old, new
        self.line = text.count("\n", 0, start) + 1
        begin = text.rfind("\n", 0, start) + 1
        self.source = " ".join(text[begin:text.find("\n", start)].split())
        self.text = text[:start] + new + text[start + len(old):]

    def key(self):
        """How survivors.txt names it: by the line's words, because numbers of lines move."""
        return f"{self.file}.cpp | {self.source} | {self.name}"


def blanked(text):
    """The text with comments, strings and preprocessor lines blank, every character in its place."""
    pattern = r'//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|^#[^\n]*|R"sql\(.*?\)sql"'
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.M | re.S)


def mutants_of(file):
    text = (ROOT / f"src/proof/{file}.cpp").read_text()
    code = blanked(text)
    found = []
    for pattern, news in SWAPS:
        for m in re.finditer(pattern, code):
            found += [Mutant(f"{m.group()} to {new or 'nothing'}", file, m.start(), m.group(), new, text) for new in news]
    for m in EARLY_RETURN.finditer(code):
        found.append(Mutant("no return", file, m.start(), text[m.start():m.end()], ";", text))
    for m in PASSED_ON.finditer(code):
        found.append(Mutant("no check", file, m.start(), "CF_CHECK(", "(void)(", text))
    found.sort(key=lambda m: m.start)
    seen = {}
    for m in found:  # two on one line that read alike are told apart by their number
        count = seen[m.key()] = seen.get(m.key(), 0) + 1
        if count > 1:
            m.name += f" #{count}"
    return found


def rule_mutants():
    out = []
    for rule, file, old, new in RULES:
        text = (ROOT / f"src/proof/{file}.cpp").read_text()
        if text.count(old) != 1:
            sys.exit(f"mutate.py: {file}.cpp has {text.count(old)} times what rule {rule} is written as: {old}")
        out.append(Mutant(f"without {rule}", file, text.index(old), old, new, text))
    return out


class Workshop:
    """Compiles one changed file and links it before the library, whose own object then stays out."""

    def __init__(self, build, scratch):
        self.build, self.scratch = build, scratch
        commands = json.loads((build / "compile_commands.json").read_text())
        self.flags = {}
        for entry in commands:
            path = Path(entry["file"])
            if path.parent == ROOT / "src/proof" and path.stem in FILES:
                flags = [w for w in shlex.split(entry["command"]) if w.startswith(("-I", "-D", "-std", "-isystem"))]
                self.flags[path.stem] = flags + ["-O0", "-w", f"-I{ROOT / 'src/proof'}"]
        link = subprocess.run(["ninja", "-C", build, "-t", "commands", "bin/proof_test"], capture_output=True, text=True,
                              check=True).stdout.splitlines()[-1]
        words = shlex.split(link.split("&&")[1])
        self.link = [w for w in words if not w.startswith(("-o", "bin/proof_test"))]
        self.heads = {}

    def head(self, file):
        """A precompiled header of the file's own includes: most of the time of a mutant is theirs."""
        if file not in self.heads:
            text = (ROOT / f"src/proof/{file}.cpp").read_text()
            head = self.scratch / f"{file}_head.h"
            head.write_text("\n".join(line for line in text.splitlines() if line.startswith("#include")) + "\n")
            subprocess.run(["c++", *self.flags[file], "-x", "c++-header", head, "-o", f"{head}.gch"], check=True)
            self.heads[file] = head
        return self.heads[file]

    def judge(self, mutant):
        source = self.scratch / "mutant.cpp"
        source.write_text(mutant.text)
        thing = self.scratch / "mutant.o"
        head = self.head(mutant.file)
        compiled = subprocess.run(["c++", *self.flags[mutant.file], "-include", head, "-c", source, "-o", thing],
                                  capture_output=True)
        if compiled.returncode != 0:
            return "not compiled"
        at = next(i for i, word in enumerate(self.link) if word.endswith(".o"))
        program = self.scratch / "proof_test"
        subprocess.run([*self.link[:at], thing, *self.link[at:], "-o", program], cwd=self.build, check=True)
        return "killed" if self.is_noticed(program, mutant.file) else "survived"

    @staticmethod
    def is_noticed(program, file):
        # The slow cases have their turn when the quick ones see nothing. counterfoil-verify is not built anew.
        slow = "*flipped*,*million*,*any disorder*"
        trees = "*257*"
        choices = [f"-tce={slow},{trees}", f"-tc={slow}"] + ([f"-tc={trees}"] if file == "tree" else [])
        limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (TEST_LIMIT_S, TEST_LIMIT_S))
        return any(subprocess.run([program, "--source-file-exclude=*tool_test*", "--abort-after=1", choice],
                                  capture_output=True, preexec_fn=limit).returncode != 0 for choice in choices)


def known_survivors():
    out = {}
    for line in SURVIVORS.read_text().splitlines():
        if line and not line.startswith("#"):
            key, reason = line.rsplit(" | ", 1)
            out[key] = reason
    return out


def chosen(arguments):
    everything = [m for file in FILES for m in mutants_of(file) if arguments.file in ("", file)]
    if not arguments.sample:
        return everything
    return random.Random(arguments.seed).sample(everything, min(arguments.sample, len(everything)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--sample", type=int, default=0, help="only N mutants, besides the rules")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the sample")
    parser.add_argument("--file", default="", choices=["", *FILES], help="only of this file, and no rules")
    parser.add_argument("--list", action="store_true", help="print the mutants and do nothing")
    arguments = parser.parse_args()
    mutants = ([] if arguments.file else rule_mutants()) + chosen(arguments)
    if arguments.list:
        print("\n".join(m.key() for m in mutants))
        return 0
    known = known_survivors()
    counts = {"killed": 0, "survived": 0, "not compiled": 0}
    wrong = []
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="counterfoil-mutants-") as scratch:
        workshop = Workshop(arguments.build.resolve(), Path(scratch))
        for mutant in mutants:
            fate = workshop.judge(mutant)
            counts[fate] += 1
            if (fate == "survived") == (mutant.key() in known):
                continue
            told = "survived" if fate == "survived" else f"{fate}, although survivors.txt names it"
            wrong.append(f"{mutant.file}.cpp:{mutant.line}: {told}: {mutant.key()}")
            print(wrong[-1], flush=True)
    print(f"{len(mutants)} mutants: {counts['killed']} killed, {counts['survived']} survived as expected or not, "
          f"{counts['not compiled']} not compiled; {len(wrong)} not as survivors.txt says; "
          f"{time.monotonic() - start:.0f} s" + (f"; --seed {arguments.seed}" if arguments.sample else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
