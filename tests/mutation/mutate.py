#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
"""Breaks the verifier in one place at a time and wants the unit tests of proof to notice each time.

usage: mutate.py [--file NAME] [--list] BUILD_DIR

Each of the rules V1 to V9 is switched off, and in every file that a verification goes through each comparison, each !
and each condition without either is turned round. All mutants stand in one program, of which one is switched on at a
time (mutants.h), so they are built once. Each test case is run first to see which mutants it reaches; a mutant then
meets only those, the quickest first, until one fails. BUILD_DIR holds a built proof_test, counterfoil-verify and
compile_commands.json.

survivors.txt names the mutants that no test can or need notice, each with its reason; any other survivor fails the
run, and so does one named there that is noticed after all or is no more.
"""
import argparse
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FILES = [*(f"src/proof/{name}.cpp" for name in (
    "bundle", "bundle_files", "entry", "findings", "jws", "key_chain", "leaf", "line_order", "note", "range_set", "receipt",
    "tile_guide", "tree", "twin", "verify")), "tools/verify/main.cpp", "tools/verify/receipt.cpp"]
# These try every byte or every size and take half a minute each; what they notice, others notice in a moment.
SLOW = ("every byte of a bundle", "of every tree up to", "of every pair of trees", "million empty lines")

# Rule, file, what it is written as, what it is where OFF holds.
RULES = [
    ("V1", "verify", "opened = s.keys.open(note);", "opened = OFF ? read_checkpoint(note) : s.keys.open(note);"),
    ("V2", "verify", "if (leaf->log != key.name)", "if (!OFF && leaf->log != key.name)"),
    ("V3", "line_order", "if (!size || same) return;", "if (OFF || !size || same) return;"),
    ("V4", "verify", "lines_fit = fits(frontier);", "lines_fit = OFF ? checkpoint.has_value() : fits(frontier);"),
    ("V5", "verify", "if (leaf.t < signed_t) {", "if (!OFF && leaf.t < signed_t) {"),
    ("V5 order", "line_order", "judge.tell_missing();", "if (!OFF) judge.tell_missing();"),
    ("V6", "verify", "check_disclosures(position, *leaf, entry);", "if (!OFF) check_disclosures(position, *leaf, entry);"),
    ("V7", "verify", "judge_deleted();\n  }", "if (!OFF) judge_deleted();\n  }"),
    ("V7 ranges", "verify", "range.second >= own_seq || ", "(!OFF && range.second >= own_seq) || "),
    ("V8", "verify", "EventType::SysMeta) check", "EventType::SysMeta && !OFF) check"),
    ("V9", "verify", "check_genesis(position, *leaf);", "if (!OFF) check_genesis(position, *leaf);"),
    ("V9 keys", "verify", "EventType::SysKey) check", "EventType::SysKey && !OFF) check"),
]

# A comparison has spaces around it, a template's bracket has not: clang-format sees to that.
COMPARED = re.compile(r"(?<= )(==|!=|<=|>=|<|>)(?= )")
NOT = re.compile(r"(?<![\w)\]=])!(?=[\w(])")
CONDITION = re.compile(r"\bif \(")


class Mutant:
    def __init__(self, number, name, file, line, source):
        self.number, self.name, self.file, self.line, self.source = number, name, file, line, source

    def key(self):
        """How survivors.txt names it: by the line's words, because numbers of lines move."""
        return f"{self.file} | {self.source} | {self.name}"


def blanked(text):
    """The text with comments, strings and preprocessor lines blank, every character in its place."""
    pattern = r'//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|^#[^\n]*'
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.M)


def closing(code, at):
    depth = 0
    for i in range(at, len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0:
            return i
    raise ValueError("a bracket is open")


class Source:
    """One file, and the edits that put its mutants into it."""

    def __init__(self, file, first):
        self.file, self.number, self.edits, self.mutants = file, first, [], []
        self.original = (ROOT / file).read_text()
        self.text = self.original
        self.with_rules()
        self.code = blanked(self.text)
        self.find()

    def mutant(self, name, at):
        line = self.text.count("\n", 0, at)
        words = " ".join(self.original.split("\n")[line].split())
        self.mutants.append(Mutant(self.number, name, self.file, line + 1, words))
        self.number += 1
        return self.number - 1

    def with_rules(self):
        for rule, file, old, new in RULES:
            if self.file != f"src/proof/{file}.cpp":
                continue
            if self.text.count(old) != 1:
                sys.exit(f"mutate.py: {self.file} has {self.text.count(old)} times what rule {rule} is written as: {old}")
            at = self.text.index(old)
            number = self.mutant(f"without {rule}", at)
            self.text = self.text.replace(old, new.replace("OFF", f"mutants::lives({number})"))

    def find(self):
        for m in COMPARED.finditer(self.code):
            op = m.group()
            if "constexpr" in self.code[self.code.rfind("\n", 0, m.start()):m.start()]:
                continue
            number = self.mutant(f"{op} turned round", m.start())
            self.edits.append((m.end(), m.end(), f" counterfoil::mutants::Compared<{number}>() {op}"))
        for m in NOT.finditer(self.code):
            if self.text.startswith("!mutants::", m.start()):
                continue
            number = self.mutant("! left out", m.start())
            self.edits.append((m.start(), m.start(), f"counterfoil::mutants::Not<{number}>() ->* "))
        for m in CONDITION.finditer(self.code):
            end = closing(self.code, m.end() - 1)
            inside = self.code[m.end():end]
            if re.search(r";| = | [=!<>]=? |!", inside):
                continue  # its parts have mutants of their own
            number = self.mutant("condition turned round", m.start())
            self.edits.append((m.end(), m.end(), f"counterfoil::mutants::flipped<{number}>("))
            self.edits.append((end, end, ")"))

    def mutated(self):
        out = self.text
        for start, end, new in sorted(self.edits, key=lambda e: (e[0], e[1]), reverse=True):
            out = out[:start] + new + out[end:]
        return f'#include "{HERE}/mutants.h"\n#line 1 "{self.file}"\n{out}'


class Workshop:
    """Two programs in which every mutant stands: the unit tests of proof, and the tool that some of them run."""

    def __init__(self, build, scratch, sources):
        self.build, self.scratch = build, scratch
        self.commands = {Path(e["file"]): e["command"] for e in json.loads((build / "compile_commands.json").read_text())}
        (scratch / "bin").mkdir()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = dict(zip((s.file for s in sources), pool.map(self.compiled, sources)))
        proof = [o for f, o in objects.items() if f.startswith("src/proof/")]
        tool_test = self.compile(ROOT / "tests/unit/proof/tool_test.cpp", ROOT / "tests/unit/proof/tool_test.cpp",
                                 [f'-DCF_BIN_DIR="{scratch / "bin"}"'])
        self.program = self.link("proof_test", [*proof, tool_test], ("tool_test.cpp.o",))
        self.link("counterfoil-verify", list(objects.values()), ("main.cpp.o", "receipt.cpp.o"))

    def compiled(self, source):
        path = self.scratch / source.file.replace("/", "_")
        path.write_text(source.mutated())
        return self.compile(path, ROOT / source.file, [f"-I{(ROOT / source.file).parent}"])

    def compile(self, path, like, more):
        flags = [w for w in shlex.split(self.commands[like]) if w.startswith(("-I", "-D", "-std", "-isystem"))]
        flags = [w for w in flags if not any(w.split("=")[0] == m.split("=")[0] for m in more if m.startswith("-D"))]
        thing = self.scratch / f"{path.name}.o"
        subprocess.run(["c++", *flags, *more, "-O1", "-w", "-c", path, "-o", thing], check=True)
        return thing

    def link(self, name, objects, replaced):
        """As the build does, with our objects first: those of the library that have the same names then stay out."""
        link = subprocess.run(["ninja", "-C", self.build, "-t", "commands", f"bin/{name}"], capture_output=True, text=True,
                              check=True).stdout.splitlines()[-1]
        words = shlex.split(link.split("&&")[1])
        words = [w for w in words if not w.endswith(replaced)]
        words[words.index("-o") + 1] = self.scratch / "bin" / name
        at = next(i for i, w in enumerate(words) if str(w).endswith(".o")) if name == "proof_test" else words.index("-o") + 2
        subprocess.run([*words[:at], *objects, *words[at:]], cwd=self.build, check=True)
        return self.scratch / "bin" / name


class Case:
    """A test case: how long it takes and which mutants it reaches."""

    def __init__(self, workshop, name):
        self.workshop, self.name, self.kills = workshop, name, 0
        # doctest's filters have no way to write a comma, and no two names are so alike.
        self.filter = name.replace(",", "?").replace("\\", "?").replace("*", "?")
        trace = workshop.scratch / "trace"
        trace.write_text("")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self.run({"COUNTERFOIL_MUTANT_TRACE": str(trace)}, 600):
            sys.exit(f"mutate.py: fails without any mutant: {name}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.reached = {int(n) for n in trace.read_text().split()}

    def run(self, environment, seconds):
        """True when it fails, or takes more time than it has: a mutant may run for ever."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        done = subprocess.run([self.workshop.program, "--abort-after=1", f"-tc={self.filter}"], capture_output=True,
                              env={**os.environ, **environment}, preexec_fn=limit)
        return done.returncode != 0

    def notices(self, mutant):
        noticed = self.run({"COUNTERFOIL_MUTANT": str(mutant.number)}, int(10 * self.seconds) + 3)
        self.kills += noticed
        return noticed


def cases_of(workshop):
    listed = subprocess.run([workshop.program, "--list-test-cases", "--reporters=console"], capture_output=True, text=True,
                            check=True).stdout.splitlines()
    names = [n for n in listed if n and not n.startswith(("[doctest]", "==="))]
    cases = [Case(workshop, name) for name in names if not any(slow in name for slow in SLOW)]
    return sorted(cases, key=lambda case: case.seconds)


def known_survivors():
    out = {}
    for line in (HERE / "survivors.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            key, reason = line.rsplit(" | ", 1)
            out[key] = reason
    return out


def sources_with(file):
    """Numbers of mutants go on from file to file. Two on one line that read alike are told apart by a count."""
    sources, number = [], 0
    for name in FILES:
        sources.append(Source(name, number))
        number = sources[-1].number
    seen = {}
    for mutant in (m for s in sources for m in sorted(s.mutants, key=lambda m: m.number)):
        count = seen[mutant.key()] = seen.get(mutant.key(), 0) + 1
        if count > 1:
            mutant.name += f" #{count}"
    return sources, [m for s in sources for m in s.mutants if file in ("", Path(s.file).stem)]


def judged(mutants, cases, known):
    """Says what is not as survivors.txt has it."""
    wrong = []
    noticed = 0
    for mutant in mutants:
        survives = not any(case.notices(mutant) for case in cases if mutant.number in case.reached)
        noticed += not survives
        if survives == (mutant.key() in known):
            continue
        wrong.append("survives: " + mutant.key() if survives else "is noticed, although survivors.txt names it: " + mutant.key())
        print(f"{mutant.file}:{mutant.line}: {wrong[-1]}", flush=True)
    for key in known.keys() - {m.key() for m in mutants}:
        if any(m.file == key.split(" | ")[0] for m in mutants):
            wrong.append(f"survivors.txt names what is no more: {key}")
            print(wrong[-1])
    return noticed, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--file", default="", help="only mutants of this file: verify, tree, …")
    parser.add_argument("--list", action="store_true", help="print the mutants and do nothing")
    arguments = parser.parse_args()
    sources, mutants = sources_with(arguments.file)
    if arguments.list:
        print("\n".join(m.key() for m in mutants))
        return 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="counterfoil-mutants-") as scratch:
        workshop = Workshop(arguments.build.resolve(), Path(scratch), sources)
        cases = cases_of(workshop)
        ready = time.monotonic()
        noticed, wrong = judged(mutants, cases, known_survivors())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(mutants)} mutants: {noticed} noticed, {len(mutants) - noticed} survive; {len(wrong)} not as survivors.txt "
          f"says; {len(cases)} test cases, {ready - start:.0f} s to build and try them, {time.monotonic() - ready:.0f} s to "
          f"judge, {used.ru_utime + used.ru_stime:.0f} s of processor time")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
