# SPDX-License-Identifier: GPL-2.0-only
"""Which lines count, how often they ran, and what is said of the others."""

import struct
import tempfile
import unittest
from pathlib import Path

import coverage

FILE = "xen/a.c"
VERSION, STAMP, CHECKSUM = 0x4232322a, 0x1234, 0x5678
BASE = 2 * coverage.ALIGNMENT
IMAGE = 0xffff82d040000000
PHYS_START, HEAD, INFO, NAME, TABLE, FUNCTION, VALUES = (
    IMAGE + 0x200000 + 0x100 * n for n in range(7))
SYMBOLS = {"xen_phys_start": PHYS_START}


def memory(version=VERSION):
    """A machine's, with a counted object, and what was left behind where the
    image was before."""
    ram = bytearray(BASE + 2 * coverage.ALIGNMENT)

    def put(address, layout, *values):
        struct.pack_into(layout, ram, BASE + address - IMAGE, *values)

    struct.pack_into("<Q", ram, PHYS_START - IMAGE, BASE)
    put(PHYS_START, "<Q", BASE)
    put(HEAD, "<Q", INFO)
    put(INFO, "<I4xQIIQ8QI4xQ", version, 0, STAMP, CHECKSUM, NAME,
        *[0] * 8, 1, TABLE)
    put(NAME, "5s", b"a.gcd")
    put(TABLE, "<Q", FUNCTION)
    put(FUNCTION, "<QIII4xI4xQ", INFO, 7, 8, 9, 2, VALUES)
    put(VALUES, "<2Q", 5, 0)
    return coverage.Memory(bytes(ram), SYMBOLS)


class Counters(unittest.TestCase):
    def test_found(self):
        objects = coverage.read_objects(memory(), HEAD)
        self.assertEqual(list(objects), ["a.gcd"])
        its = objects["a.gcd"]
        self.assertEqual(its.functions, {7: ([8, 9], [5, 0])})
        its.add(coverage.read_objects(memory(), HEAD)["a.gcd"])
        self.assertEqual(
            its.encode(), struct.pack(
                "<11I2Q", 0x67636461, VERSION, STAMP, CHECKSUM, 0x01000000,
                12, 7, 8, 9, 0x01a10000, 16, 10, 0))

    def test_other_compiler(self):
        with self.assertRaisesRegex(coverage.NoData, "not of gcc 12 or 13"):
            coverage.read_objects(memory(0x4234322a), HEAD)

    def test_no_hypervisor(self):
        with self.assertRaisesRegex(coverage.NoData, "no hypervisor"):
            coverage.Memory(bytes(2 * coverage.ALIGNMENT), SYMBOLS)


class Added(unittest.TestCase):
    def test_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            stock, patched = Path(folder) / "stock", Path(folder) / "patched"
            for tree, files in (
                    (stock, {"a.c": "one\ntwo\n", "Makefile": ""}),
                    (patched, {"a.c": "new\none\n  mine\ntwo\n",
                               "b.h": "all\n", "Makefile": "x\n"})):
                (tree / "xen").mkdir(parents=True)
                for name, text in files.items():
                    (tree / "xen" / name).write_text(text)
            self.assertEqual(coverage.added_lines(stock, patched), {
                "xen/a.c": {1: "new", 3: "mine"}, "xen/b.h": {1: "all"}})


def lines(**counts):
    """What gcov knows: line_<number>=<count>, all in one function."""
    its = coverage.Lines()
    for name, count in counts.items():
        key = FILE, int(name.removeprefix("line_"))
        its.functions[key] = "f"
        its.counts[key] = count
    return its


ADDED = {FILE: {number: "same" if number in (2, 3) else f"text {number}"
                for number in range(1, 41)}}


class Verdict(unittest.TestCase):
    def verdict(self, reasons="", **counts):
        every = {f"line_{n}": 1 for n in range(1, 41)} | counts
        report, well = coverage.verdict(
            ADDED, lines(), lines(**every), coverage.parse_reasons(reasons))
        self.assertEqual(well, not any("FAILED" in line for line in report))
        return well

    def test_all(self):
        self.assertTrue(self.verdict())

    def test_reason(self):
        reason = f"[why]\n{FILE} f: same\n"
        self.assertFalse(self.verdict(line_2=0))
        self.assertTrue(self.verdict(reason, line_2=0))
        self.assertFalse(self.verdict(reason, line_2=0, line_3=0))
        self.assertFalse(self.verdict(reason))

    def test_sometimes(self):
        reason = f"[sometimes: why]\n{FILE} f: same\n"
        self.assertTrue(self.verdict(reason))
        self.assertTrue(self.verdict(reason, line_2=0))
        self.assertFalse(self.verdict(reason, line_2=0, line_3=0))
        gone = f"[sometimes: why]\n{FILE} f: no more\n"
        self.assertFalse(self.verdict(gone))

    def test_too_few(self):
        reasons = "[why]\n" + "".join(f"{FILE} f: text {n}\n"
                                      for n in (5, 6, 7))
        self.assertFalse(self.verdict(reasons, line_5=0, line_6=0, line_7=0))

    def test_either(self):
        report, well = coverage.verdict(
            {FILE: {1: "a", 2: "b"}}, lines(line_1=1, line_2=0),
            lines(line_1=0, line_2=1), [])
        self.assertTrue(well, report)

    def test_nothing(self):
        with self.assertRaisesRegex(coverage.NoData, "none of the series"):
            coverage.verdict(ADDED, lines(), lines(), [])

    def test_bad_reasons(self):
        for text in f"{FILE} f: text", f"[why]\n{FILE} text":
            with self.assertRaisesRegex(coverage.NoData, "is no '<file>"):
                coverage.parse_reasons(text)


if __name__ == "__main__":
    unittest.main()
