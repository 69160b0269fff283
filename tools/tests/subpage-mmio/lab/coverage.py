#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which of the lines that the series adds have run, in the unit tests or in
the hypervisor; fails if too few have, or if a line that has not is without a
reason in the file `uncovered`, or if one has that is listed there.

Xen 4.17 has a hypercall for its counters, but that takes them to be laid out
as gcc 7 did it.  They are found in the machine's memory here, after its end,
which works for any guest, too."""

import argparse
import json
import mmap
import re
import struct
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is to be made beside the sources

# pylint: disable=wrong-import-position
import domu                     # noqa: E402
import linux                    # noqa: E402
import machine                  # noqa: E402
import runner                   # noqa: E402
import scenarios                # noqa: E402
import virtio                   # noqa: E402

BUILD = Path(__file__).resolve().parents[4] / "build"
UNCOVERED = Path(__file__).resolve().parents[1] / "uncovered"
SECONDS = 300                   # for any program
BOOTS_AT_ONCE = 2
WANTED = 0.95                   # of the lines
SOMETIMES = "sometimes"         # begins reasons that depend on timing
RAM = "ram"                     # the file that has a machine's memory

# On emulators whose memory is still there when they have ended; what takes
# long first.  They run what all others do, as far as unit tests do not.
CHOSEN = (
    "linux-pv-hwdom", "linux-shadow", "domu-hvm-msix", "pvh-npt-borders",
    "pvh-npt-toggle", "pvh-npt-forms", "pv64-forms", "pvh-npt-msix-remove",
    "pvh-npt-msix-apart", "pvh-shadow-step", "pv32-step", "pv32-forged",
    "pv64-counts", "pv64-msix-one", "pv64-msix-remove-prepared", "pv64-hpet",
    "console-absent", "console-other", "console-device", "console-parameter",
    "console-none", "console-no-dbc", "console-endless",
)


class NoData(machine.LabError):
    """There is nothing to tell from."""


# --- which lines -------------------------------------------------------------

def added_lines(stock, patched):
    """{file: {number: text}} of C that only the second tree has."""
    done = subprocess.run(
        ["diff", "-U0", "-rN", "xen", str(patched / "xen")],
        cwd=stock, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SECONDS, check=False)
    if done.returncode > 1:
        raise NoData(f"diff: {done.stderr.strip()[-200:]}")
    lines, file, number = {}, None, 0
    for line in done.stdout.splitlines():
        if found := re.match(rf"\+\+\+ {re.escape(str(patched))}/(\S+)", line):
            file = found[1]
        elif found := re.match(r"@@ -\S+ \+(\d+)", line):
            number = int(found[1])
        elif line.startswith("+"):
            lines.setdefault(file, {})[number] = line[1:].strip()
            number += 1
    return {file: its for file, its in lines.items()
            if file.endswith((".c", ".h"))}


# --- how often they ran ------------------------------------------------------

@dataclass
class Lines:
    """What gcov knows of them: {(file, number): function}, and counts."""
    functions: dict = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)

    def add(self, tree, gcda):
        """What one file of counters says about the tree's files."""
        done = subprocess.run(
            ["gcov", "--json-format", "--stdout", gcda.name],
            cwd=gcda.parent, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=SECONDS, check=False)
        if done.returncode or "mismatch" in done.stderr:
            raise NoData(f"gcov {gcda}: {done.stderr.strip()[-200:]}")
        for text in done.stdout.splitlines():
            self._add_json(tree, json.loads(text))

    def _add_json(self, tree, said):
        for file in said["files"]:
            path = Path(said["current_working_directory"]) / file["file"]
            try:
                name = str(path.resolve().relative_to(tree))
            except ValueError:
                continue
            for line in file["lines"]:
                key = name, line["line_number"]
                self.functions[key] = line.get("function_name", "")
                self.counts[key] += line["count"]


# As gcc 12 and 13 lay it out: gcov_info and gcov_fn_info in libgcc's gcov.h,
# and the file format in gcc's gcov-io.h.
GCOV_VERSIONS = (b"B2", b"B3")
GCOV_MAGIC, GCOV_FUNCTION, GCOV_ARCS = 0x67636461, 0x01000000, 0x01a10000
INFO = struct.Struct("<I4xQIIQ 8Q I4xQ")        # merge: 8 kinds of counters
FUNCTION = struct.Struct("<QIII4x I4xQ")        # with counters of one kind
GIB, ALIGNMENT = 1 << 30, 2 << 20               # Xen's image: asm/config.h


class Memory:
    """A machine's memory, by the hypervisor's addresses."""

    def __init__(self, ram, symbols):
        self._ram = ram
        where = symbols["xen_phys_start"] % GIB
        # (At zero it would be before Xen has moved itself.)
        for self._base in range(ALIGNMENT, len(ram) - where, ALIGNMENT):
            if self._get(struct.Struct("<Q"), where) == (self._base,):
                break
        else:
            raise NoData("no hypervisor in the machine's memory")

    def _get(self, layout, offset):
        return layout.unpack_from(self._ram, self._base + offset)

    def get(self, layout, address):
        """What is at an address of Xen's image."""
        return self._get(layout, address % GIB)

    def string(self, address):
        """A string there."""
        start = self._base + address % GIB
        return self._ram[start:self._ram.find(b"\0", start)].decode()


@dataclass
class Object:
    """The counters of an object file: {function: (its checksums, counts)}"""
    version: int
    stamp: int
    checksum: int
    functions: dict

    def add(self, other):
        """Those of another run."""
        for ident, (_, counts) in other.functions.items():
            mine = self.functions[ident][1]
            mine[:] = [a + b for a, b in zip(mine, counts)]

    def encode(self):
        """As a file."""
        words = [struct.pack("<4I", GCOV_MAGIC, self.version, self.stamp,
                             self.checksum)]
        for ident, (checksums, counts) in self.functions.items():
            words.append(struct.pack(
                f"<7I{len(counts)}Q", GCOV_FUNCTION, 12, ident, *checksums,
                GCOV_ARCS, 8 * len(counts), *counts))
        return b"".join(words)


def read_objects(memory, head):
    """{name of a file: Object}, from a machine's memory."""
    objects = {}
    [info] = memory.get(struct.Struct("<Q"), head)
    while info:
        (version, following, stamp, checksum, name, *_, number,
         functions) = memory.get(INFO, info)
        if version.to_bytes(4, "big")[:2] not in GCOV_VERSIONS:
            raise NoData("the hypervisor is not of gcc 12 or 13: these lay "
                         "its counters out as is known here")
        found = {}
        for function in memory.get(struct.Struct(f"<{number}Q"), functions):
            _, ident, *checksums, count, values = memory.get(FUNCTION,
                                                             function)
            found[ident] = checksums, list(memory.get(
                struct.Struct(f"<{count}Q"), values))
        objects[memory.string(name)] = Object(version, stamp, checksum, found)
        info = following
    return objects


def symbols_of(program):
    """{name: address}"""
    done = subprocess.run(["nm", str(program)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=SECONDS,
                          check=False)
    names = {words[2]: int(words[0], 16) for line in done.stdout.splitlines()
             if len(words := line.split()) == 3}
    for name in "xen_phys_start", "gcov_info_head":
        if name not in names:
            raise NoData(f"{program} has no symbol {name}: build it with "
                         f"CONFIG_COVERAGE, by gcc")
    return names


# --- the hypervisor ----------------------------------------------------------

def keeps_memory(its_machine):
    """The machine, with its memory in a file."""
    return replace(its_machine, arguments=tuple(
        word.replace("memory-backend-memfd",
                     f"memory-backend-file,mem-path={RAM}")
        for word in its_machine.arguments))


def boot(lab, scenario, xen, symbols):
    """(problems, objects) of one."""
    result = lab.boot(scenario, "patched", xen)
    problems = [f"{scenario.name}: {text}" for text, _ in result.problems]
    ram = result.outcome.folder / RAM
    try:
        with open(ram, "rb") as file, mmap.mmap(
                file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            return problems, read_objects(
                Memory(memory, symbols),
                symbols["gcov_info_head"])
    finally:
        ram.unlink(missing_ok=True)


def run_hypervisor(build, names):
    """Boot all; returns (problems, the files that have their counters)."""
    scenarios.MACHINES.update(
        {name: keeps_memory(its_machine)
         for name, its_machine in scenarios.MACHINES.items()})
    every = {scenario.name: scenario for scenario in
             (*scenarios.SCENARIOS, *linux.SCENARIOS, *virtio.SCENARIOS,
              *domu.SCENARIOS)}
    lab = runner.Lab(build)
    xen = build / "xen-patched-coverage"
    symbols = symbols_of(build / "obj/xen-patched-coverage/xen-syms")
    for name in names:
        if name not in every:
            raise NoData(f"no scenario is called '{name}': 'lab run --list' "
                         f"names them all")
    plan = [every[name] for name in names]
    problems, objects = [], {}
    for scenario in plan:
        lab.require(scenario, {"patched": xen})
    with lab.locked():
        for scenario in plan:
            lab.bars(scenario)
        pool = ThreadPoolExecutor(BOOTS_AT_ONCE)
        try:
            boots = [pool.submit(boot, lab, scenario, xen, symbols)
                     for scenario in plan]
            for scenario, running in zip(plan, boots):
                troubles, found = running.result()
                print(f"{'FAILED' if troubles else 'ok':6} {scenario.name}",
                      *troubles, sep="\n       ", flush=True)
                problems += troubles
                for name, its in found.items():
                    if name in objects:
                        objects[name].add(its)
                    else:
                        objects[name] = its
        finally:
            pool.shutdown(cancel_futures=True)
    for name, its in objects.items():
        Path(name).write_bytes(its.encode())
    return problems, [Path(name) for name in objects]


# --- the verdict -------------------------------------------------------------

def parse_reasons(text):
    """{(file, function, line's text): reason}, each as often as listed."""
    reasons, reason = [], None
    for line in text.splitlines():
        if found := re.fullmatch(r"\[(.+)\]", line):
            reason = found[1]
        elif line and line[0] != "#":
            found = re.fullmatch(r"(\S+) (\w+): (.+)", line)
            if not found or not reason:
                raise NoData(f"uncovered: '{line}' is no '<file> <function>: "
                             f"<line>' below a '[<reason>]'")
            reasons.append((found.groups(), reason))
    return reasons


def verdict(added, unit, xen, reasons):
    """(lines of a report, is all well?)"""
    keys = [(file, number) for file, texts in sorted(added.items())
            for number in sorted(texts)
            if (file, number) in unit.functions.keys() | xen.functions.keys()]
    if not keys:
        raise NoData("gcov knows none of the series' lines")

    def covered(*sources):
        return [key for key in keys if any(its.counts[key] for its in sources)]

    missing = [key for key in keys if key not in set(covered(unit, xen))]
    report, well = [], True
    for name, sources in (("unit tests", (unit,)), ("hypervisor", (xen,)),
                          ("either", (unit, xen))):
        share = len(covered(*sources)) / len(keys)
        report.append(f"{name:12}{len(covered(*sources)):6} of {len(keys)} "
                      f"lines  {share:7.2%}")
    if share < WANTED:
        report.append(f"FAILED less than {WANTED:.0%} of the lines ran")
        well = False
    listed = Counter(key for key, _ in reasons)
    for file, number in missing:
        function = (xen.functions.get((file, number)) or
                    unit.functions[file, number])
        key = file, function, added[file][number]
        if listed[key]:
            listed[key] -= 1
            continue
        report.append(f"FAILED no reason why this did not run: {file} "
                      f"{function}: {key[2]}  (line {number})")
        well = False
    sometimes = {key for key, reason in reasons
                 if reason.startswith(SOMETIMES)}
    for (file, function, text), times in listed.items():
        if times and ((file, function, text) not in sometimes or
                      text not in added.get(file, {}).values()):
            report.append(f"FAILED listed, but it ran, or is no more: {file} "
                          f"{function}: {text}")
            well = False
    report += (f"{times:5} did not run: {reason}" for reason, times in
               Counter(reason for _, reason in reasons).items())
    return report, well


def coverage(build, names):
    """Collect, and judge.  Is all well?"""
    tree = (build / "patched").resolve()
    reasons = parse_reasons(UNCOVERED.read_text())
    added = added_lines(build / "stock", tree)
    unit, xen = Lines(), Lines()
    for gcda in sorted((build / "coverage/unit").glob("*.gcda")):
        unit.add(tree, gcda)
    problems, files = run_hypervisor(build, names)
    for gcda in sorted(files):
        xen.add(tree, gcda)
    report, well = verdict(added, unit, xen, reasons)
    (build / "coverage/report.txt").write_text("\n".join(report) + "\n")
    print(*report, f"{build}/coverage/report.txt", sep="\n")
    return well and not problems


def main():
    """One line and status 1 for whatever keeps us from knowing."""
    parser = argparse.ArgumentParser(prog="coverage", description=__doc__)
    parser.add_argument("--build", type=Path, default=BUILD, metavar="DIR",
                        help="where the programs are, and the results go "
                             "(%(default)s)")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="scenarios to boot, instead of all that are due")
    args = parser.parse_args()
    machine.catch_signals()
    try:
        return 0 if coverage(args.build.resolve(), args.names or CHOSEN) else 1
    except (machine.LabError, machine.Interrupted, OSError, KeyError,
            subprocess.SubprocessError) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
