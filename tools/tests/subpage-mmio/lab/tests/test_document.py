# SPDX-License-Identifier: GPL-2.0-only
"""What the document promises is what the tests ask for: its tables against the
guest's table of forms, the judge, and the scenarios."""

import re
import subprocess
import tempfile
import unittest
from collections import defaultdict
from pathlib import Path

import judge
import matrix
import scenarios

TESTS = Path(__file__).resolve().parents[2]
DOCUMENT = TESTS.parents[2] / "docs/misc/subpage-mmio-ro.pandoc"

# What guest/forms.c is to forms.h, for the preprocessor alone: a line a form.
FORM = """
#define FORM_BITS {bits}
#define R(reg) "%{letter}" reg
#define FORM64(...) {wide}
#define FORM32(...) {narrow}
#define FORM(name, text, ops, ...) @name|text|ops|__VA_ARGS__
#include "forms.h"
"""
WIDTHS = {64: ("r", "FORM(__VA_ARGS__)", ""), 32: ("e", "", "FORM(__VA_ARGS__)"),
          16: ("e", "", "FORM(__VA_ARGS__)")}


class Form:
    """A row of forms.h."""

    def __init__(self, line):
        self.name, text, ops, more = line.split("|")
        self.text = "".join(re.findall(r'"([^"]*)"', text))
        self.ops = tuple(
            (kind, int(relative), int(width)) for kind, relative, width in
            re.findall(r"'(.)', (-?\d+), (\d+)", ops))
        self.needs = re.search(r"\.needs = (\w+)|$", more)[1]
        self.flags = frozenset(re.findall(r"\.(\w+) = true", more))
        self.bits = set()

    def instruction(self):
        """Its mnemonic, from the name: without prefix, and what follows."""
        name = re.sub(r"^(lock|rep|mmx)_", "", self.name).partition("_")[0]
        return (re.sub(r"(32|64)$", "", name)
                if matrix.group_of(self.name) == "stack" else name)


def all_forms():
    """All rows, by name."""
    forms = {}
    for bits, (letter, wide, narrow) in WIDTHS.items():
        text = subprocess.run(
            ["gcc", "-E", "-P", "-I", TESTS / "guest", "-"], check=True,
            input=FORM.format(bits=bits, letter=letter, wide=wide,
                              narrow=narrow),
            stdout=subprocess.PIPE, text=True, timeout=60).stdout
        for line in " ".join(text.split()).split("@")[1:]:
            form = Form(line)
            forms.setdefault(form.name, form).bits.add(bits)
    return forms


def table(text, heading):
    """The rows of the table whose first line begins with `heading`."""
    lines = text[text.index(f"| {heading} |"):].split("\n\n")[0].splitlines()
    return [tuple(cell.strip() for cell in line.strip("|").split(" | "))
            for line in lines[2:]]


def quoted(cell):
    """The words of a cell that are code."""
    return re.findall(r"`([^`]+)`", cell)


def reaches_device(form, offset, protection):
    """What the judge expects, in the words of the document."""
    run = judge.Run(1, judge.Form(form.name, form.ops, form.flags), "kernel",
                    offset, "ok", bytes(sum(op[2] for op in form.ops)))
    _, verdict, _ = judge.judge_run(run, protection, [], judge.Quirks())
    if verdict != "ok":
        return "nothing: an exception"
    steps = [f"R {step.offset:x} {step.width}" if step.data is None else
             f"W {step.offset:x} {step.width}" if step.exact else
             f"W {step.offset:x} {step.width} in any pieces"
             for step in judge.expected(run, protection)]
    return ", ".join(steps) or "nothing"


def groups(forms):
    """(instructions, widths) of each group of forms."""
    found = defaultdict(lambda: (set(), set()))
    for form in forms.values():
        instructions, widths = found[matrix.group_of(form.name)]
        instructions.add(form.instruction())
        widths.update(width for _, _, width in form.ops)
    return found


def untested(forms):
    """Instructions for which every machine of the matrix lacks something."""
    lacks = [set(scenarios.MACHINES[scenario.machine].lacks)
             for scenario in scenarios.SCENARIOS if scenario.environment]
    return sorted({form.instruction() for form in forms.values()
                   if all(form.needs in machine for machine in lacks)})


def kinds_of_code():
    """Modes by environment, of all scenarios that the matrix counts."""
    found = defaultdict(set)
    for scenario in scenarios.SCENARIOS:
        if scenario.environment:
            found[scenario.environment].update(
                mode.removesuffix("-step") for mode in scenario.modes)
    return found


class Document(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.text = DOCUMENT.read_text()
        cls.forms = all_forms()

    def test_examples(self):
        """Each promise has examples, which are what the judge expects."""
        said = re.search(r"bytes of a device protected: ([^.]*)\.", self.text)
        self.assertEqual(said[1].split(), ", ".join(
            f"{first:#x}-{last:#x}"
            for first, last in scenarios.PLAIN.protected).split())
        protection = judge.Protection(scenarios.PLAIN.protected)
        rows = table(self.text, "kind of access")
        for kind, instruction, at, due in rows:
            with self.subTest(instruction, at=at):
                name, text = quoted(instruction)
                form = self.forms[name]
                self.assertEqual(text, form.text)
                self.assertEqual(due, reaches_device(form, int(at, 16),
                                                     protection))
        promised = [kind for kind, *_ in table(self.text, "access")]
        self.assertEqual(list(dict.fromkeys(kind for kind, *_ in rows)),
                         promised)

    def test_groups(self):
        """Every instruction that is tested is named, and no other."""
        rows = {name: (set(quoted(instructions)),
                       {int(width) for width in widths.split(", ")})
                for name, instructions, widths in table(self.text, "group")}
        self.assertEqual(rows, dict(groups(self.forms)))

    def test_untested(self):
        line = re.search(r"No emulator has (.*?), so these", self.text, re.S)
        self.assertEqual(sorted(quoted(line[1])), untested(self.forms))

    def test_guests(self):
        rows = {quoted(name)[0]: set(quoted(code))
                for name, _, code in table(self.text, "in the tests")}
        self.assertEqual(rows, dict(kinds_of_code()))

    def test_finding_capabilities(self):
        """The program for administrators finds those of a BAR."""
        found = re.search(r"^    python3 - \S+ <<END\n(.*?)^    END$",
                          self.text, re.M | re.S)
        program = re.sub(r"^    ", "", found[1], flags=re.M)
        bar = bytearray(0x10000)
        for at, value in ((0x10, 0x8000 // 4 << 16), (0x8000, 0x000b_c002),
                          (0x8300, 0x0001_0001), (0x8304, 0xdead_000a)):
            bar[at:at + 4] = value.to_bytes(4, "little")
        with tempfile.NamedTemporaryFile() as file:
            file.write(bar)
            file.flush()
            said = subprocess.run(["python3", "-", file.name], input=program,
                                  stdout=subprocess.PIPE, text=True,
                                  timeout=60, check=True).stdout
        self.assertEqual(said.splitlines(), [
            "0x8000: capability 2", "0x8300: capability 1"])


if __name__ == "__main__":
    unittest.main()
