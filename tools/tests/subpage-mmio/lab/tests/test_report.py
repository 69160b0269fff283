# SPDX-License-Identifier: GPL-2.0-only
"""What a reader gets to see."""

import contextlib
import io
import unittest
from pathlib import Path

import console
import judge
import machine
import report
import runner

PROTECTION = judge.Protection(((0x2100, 0x213f),))
CONSOLE = """SPM: form mov4 w0:4
SPM: form stos w0:2,w2:2
SPM: form or1 m0:1
SPM: run 1 mov4 kernel 2040 ok 44332211
SPM: run 2 stos kernel 2040 {verdict} 01020102
SPM: run 3 or1 user 2104 ok 57
(XEN) Reboot
"""


def result(verdict, *lines):
    """A judged boot, from the lines of a device's log."""
    said = judge.parse_console(CONSOLE.format(verdict=verdict))
    log = judge.parse_device_log(lines)
    findings = judge.judge(said, [log], [PROTECTION], judge.Quirks())
    outcome = machine.Outcome(Path("logs"), CONSOLE, [], [], 1.0, None)
    problems = [("wrong", [f for f in findings if not f.right])]
    return runner.Result(outcome, said, findings,
                         problems if problems[0][1] else [])


def printed(function, *arguments):
    """The lines that a function prints."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        function(*arguments)
    return [line.rstrip() for line in text.getvalue().splitlines()]


class Printing(unittest.TestCase):
    stock = result("exc:14:7:0", "mark 1", "mark 2", "mark 3", "R 0 2104 1 55")
    patched = result("ok", "mark 1", "W 0 2040 4 11223344",
                     "mark 2", "W 0 2040 2 201", "W 0 2042 2 201",
                     "mark 3", "R 0 2104 1 55")

    def test_one_line(self):
        self.assertEqual(
            printed(report.scenario, "name", {"patched": self.patched}, False),
            ["name                      ok       1.0 s  "
             "patched 3/3 forms right in 3 runs"])

    def test_everything(self):
        lines = printed(report.scenario, "name", {"stock": self.stock}, False)
        self.assertIn("FAILED", lines[0])
        self.assertEqual(lines[1:], [
            "  stock: wrong",
            "  run 1: mov4, kernel, at 2040",
            "    verdict  ok",
            "    expected W 2040 4 11223344",
            "    seen     no access",
            "  run 2: stos, kernel, at 2040",
            "    verdict  exc:14:7:0, expected ok",
            "    expected W 2040 2 201",
            "             W 2042 2 201",
            "    seen     no access",
            "  | (XEN) Reboot",
            "  logs: logs"])

    def test_details_are_bounded(self):
        many = runner.Result(self.stock.outcome, self.stock.said,
                             self.stock.findings,
                             [("wrong", self.stock.findings * 9)])
        for verbose, shown in ((False, report.DETAILS), (True, 27)):
            lines = printed(report.scenario, "name", {"stock": many}, verbose)
            self.assertEqual(sum("  run " in line for line in lines), shown)

    def test_side_by_side(self):
        def boot(*checks):
            return runner.ConsoleResult(self.stock.outcome, list(checks), [])

        lines = printed(report.difference, {
            "stock": boot(
                console.Check("a", False, "", "", "a write", "saw nothing"),
                console.Check("b", True, "", "", "a write", "")),
            "patched": boot(
                console.Check("a", True, "", "", "a write", "saw it"),
                console.Check("c", True, "", ""))})
        self.assertEqual(lines[:3], [
            "a write", "    stock    WRONG: saw nothing",
            "    patched  right: saw it"])
        self.assertEqual(lines[-2:], ["stock Xen: right for 0 of 1",
                                      "patched Xen: right for 1 of 1"])


if __name__ == "__main__":
    unittest.main()
