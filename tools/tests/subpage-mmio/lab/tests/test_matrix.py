# SPDX-License-Identifier: GPL-2.0-only
"""Counting forms: nothing that was not run, or not right, may get lost."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import judge
import matrix
import report
import runner

PROTECTION = judge.Protection(((0x2100, 0x213f),))
FORMS = """SPM: form mov_r8 w0:1
SPM: form lock_or m0:1
SPM: form vmovd w0:4
"""
MORE = """SPM: note form vmovd needs AVX
SPM: form movd w0:4
"""


def result(console, *lines):
    """A judged boot, from the guest's runs and a device's log."""
    said = judge.parse_console(console)
    findings = judge.judge(said, [judge.parse_device_log(lines)], [PROTECTION],
                           judge.Quirks())
    return runner.Result(None, said, findings, [])


RIGHT = result(FORMS + "SPM: run 1 mov_r8 kernel 2040 ok 11\n"
               "SPM: run 2 mov_r8 user 2100 ok 11\n"
               "SPM: run 3 lock_or kernel 2100 ok 11\n"
               "SPM: run 4 vmovd kernel 2100 ok 11223344\n",
               "mark 1", "W 0 2040 1 11", "mark 2", "mark 3", "R 0 2100 1 1",
               "mark 4")
WRONG = result(FORMS + MORE + "SPM: run 1 mov_r8 kernel 2040 ok 11\n"
               "SPM: run 2 mov_r8 kernel 2041 ok 11\n",
               "mark 1", "mark 2", "W 0 2041 1 11")


class Counting(unittest.TestCase):
    def setUp(self):
        self.matrix = matrix.Matrix([("a", RIGHT), ("b", WRONG),
                                     ("b", RIGHT)])

    def test_states(self):
        self.assertEqual(list(self.matrix.rows()), [
            ("form", "group", "a", "b"),
            ("mov_r8", "moves", "ok", "wrong in 1 of 4 runs"),
            ("lock_or", "locked", "ok", "ok"),
            ("vmovd", "AVX", "ok", "ok"),
            ("movd", "SSE", "-", "not run: nobody knows why")])

    def test_skipped(self):
        forms = matrix.Matrix([("b", WRONG)])
        self.assertEqual(forms.state("vmovd", "b"), "not run: needs AVX")

    def test_summary(self):
        self.assertEqual(self.matrix.summary(), [
            ("forms right", "a", "b"),
            ("locked", "1/1", "1/1"),
            ("moves", "1/1", "0/1"),
            ("AVX", "1/1", "1/1"),
            ("SSE", "-", "0/1"),
            ("all", "3/3", "2/4")])

    def test_exceptions(self):
        self.assertEqual(self.matrix.exceptions(), [
            (("b",), "wrong", ["mov_r8"]),
            (("b",), "not run: nobody knows why", ["movd"])])
        both = matrix.Matrix([("a", WRONG), ("b", WRONG)])
        self.assertIn((("a", "b"), "not run: needs AVX", ["vmovd"]),
                      both.exceptions())

    def test_printing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "matrix.txt")
            with contextlib.redirect_stdout(io.StringIO()) as text:
                report.matrix(self.matrix, path)
            self.assertEqual(len(path.read_text().splitlines()), 5)
        self.assertIn("\n  wrong (b): mov_r8\n", text.getvalue())
        self.assertIn("\n  all          3/3  2/4\n", text.getvalue())


class Groups(unittest.TestCase):
    def test_group_of(self):
        for form, group in (
                ("lock_xadd_gs", "locked"), ("movsl_device", "strings"),
                ("rep_movsb_5", "strings"), ("movss", "SSE"),
                ("movsd", "SSE"), ("movntq", "MMX"), ("movnti_r32", "moves"),
                ("movntdq", "SSE"), ("maskmovq", "MMX"),
                ("movdir64b", "moves"),
                ("maskmovdqu", "SSE"), ("fxsave", "x87"), ("xsave", "x87"),
                ("xor_r8", "arithmetic"), ("sar_1_m8", "arithmetic"),
                ("setc", "moves"), ("pop_m16", "stack"), ("vmovd", "AVX"),
                ("cmpxchg16b_ok", "exchange"), ("stmxcsr", "SSE")):
            self.assertEqual(matrix.group_of(form), group, form)


if __name__ == "__main__":
    unittest.main()
