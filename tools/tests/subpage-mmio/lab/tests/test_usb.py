# SPDX-License-Identifier: GPL-2.0-only
"""A domain's Linux and the console on one controller: what the domain gets,
and that each check fails when just its subject is broken."""

import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import linux
import machine
import runner
import scenarios
import usb
from linux import Step

WRITE = linux.poke(0x8600, 32, 0x11223344)
HAMMER = Step("hammer", status=None, hammer=(0x8600, 8), among=1)
SCENARIO = usb.Scenario(
    "test", "", "domu-usb", (Step("create"), Step("stream 8", stream=8)),
    driver_writes=("8470 4 e0000000",), lives=(
        usb.Life("one", 101, (WRITE, HAMMER)), usb.Life("two", 201, (WRITE,))),
    stock_dies="killed", stock_steps=(Step("create"),),
    stock_wrong=("writes of", r"step \d\d\d .* begins"))
LINUX = """DOM0: step 1 create
DOM0: end 1 0
SPM: step 101 poke
SPM: end 101 0
SPM: step 102 hammer
DOM0: step 2 stream 8
DOM0: end 2 0
SPM: step 201 poke
SPM: end 201 0
SPM: done 201
DOM0: done 2
"""
LISTING = "'W' pressed -> pages\n  protected: 0x0-0x7\n"
CONSOLE = "(XEN) one\n" + LISTING + LINUX.replace(
    "stream 8\n", "stream 8\n1\n(XEN) two\n(d1) x\n2\n3\n4\n") + LISTING
RING = "(XEN) one\n(XEN) two\n"
DEVICE = """W 0 8470 4 e0000000
W 0 8704 4 100
mark 100
W 0 846c 4 1a501
W 0 846c 4 101a501
W 0 8470 4 e0000000
mark 101
W 0 8600 4 11223344
mark 102
W 0 8600 4 8
W 0 8704 4 0
W 0 8600 4 9
mark 200
W 0 846c 4 1a501
W 0 846c 4 101a501
W 0 8470 4 e0000000
mark 201
W 0 8600 4 11223344
"""
STOCK = "DOM0: step 1 create\nDOM0: end 1 0\nDOM0: done 1\n"


class Configuration(unittest.TestCase):
    def lines(self, type_):
        text = usb.configuration(replace(SCENARIO, type=type_),
                                 SCENARIO.lives[1])
        return dict(line.split("=", 1) for line in text.splitlines())

    def test_device_and_steps(self):
        for type_ in ("hvm", "pv"):
            self.assertEqual('["00:08.0"]', self.lines(type_)["pci"])
            words = self.lines(type_)["cmdline"].strip('"').split()
            self.assertIn("first=201", words)
            self.assertIn("steps=/two", words)

    def test_firmware_boots_another_file(self):
        self.assertEqual('"/domains/vmlinuz"', self.lines("hvm")["kernel"])
        self.assertEqual('"/domains/vmlinux"', self.lines("pv")["kernel"])

    def test_marks_are_their_own(self):
        """One before each life, and one for each step."""
        for scenario in usb.SCENARIOS:
            marks = [number for life in scenario.lives for number in
                     (life.first - 1, *life.numbered())]
            self.assertEqual(len(marks), len(set(marks)))
            for life in scenario.lives:
                self.assertIn(f"poke 1234:5ab3 0 {life.first - 1:x}",
                              [step.command for step in scenario.steps])


class Checks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def result(self, text=LINUX, shown=CONSOLE, device=DEVICE,
               kind="patched", ring=RING):
        """What the runner makes of these logs."""
        (self.folder / scenarios.LINUX_OUTPUT).write_text(ring + text)
        outcome = machine.Outcome(self.folder, shown.replace("\n", "\r\n"),
                                  [device.splitlines()], [], 1.0, None)
        return runner.judge_console(SCENARIO, kind, outcome)

    def wrong(self, **texts):
        """The checks that fail."""
        return [check.name for check in self.result(**texts).findings
                if not check.right]

    def without(self, line, number=0):
        """The device's log, but for one of these lines."""
        parts = DEVICE.split(line)
        return line.join(parts[:number + 1]) + line.join(parts[number + 1:])

    def test_all_well(self):
        self.assertEqual(self.result().problems, [])

    def test_take_over(self):
        """Of each Linux, and in each life."""
        for number, name in enumerate(("dom0", "the one", "the two")):
            self.assertEqual(
                self.wrong(device=self.without("W 0 8470 4 e0000000\n",
                                               number)),
                [f"writes of {name}{', ' if number == 0 else ' domain, '}"
                 "which takes over from firmware"])

    def test_writes_of_steps(self):
        for number, name in ((0, "step 101"), (1, "step 201")):
            [wrong] = self.wrong(device=self.without(
                "W 0 8600 4 11223344\n", number))
            self.assertTrue(wrong.startswith(name), wrong)

    def test_one_of_the_hammer_is_lost(self):
        self.assertEqual(
            self.wrong(device=DEVICE.replace("8600 4 9", "8600 4 a")),
            ["step 102 (hammer) writes"])

    def test_no_transfer_among_the_hammer(self):
        self.assertEqual(
            self.wrong(device=DEVICE.replace("W 0 8704 4 0\n", "")),
            ["step 102 (hammer) among the writes"])

    def test_scribbles(self):
        self.assertEqual(
            self.wrong(device=DEVICE + "W 0 8720 4 5a5a0020\n"),
            ["who writes to the debug capability"])

    def test_a_step_of_dom0(self):
        self.assertEqual(
            self.wrong(text=LINUX.replace("DOM0: end 1 0", "DOM0: end 1 3"),
                       shown=CONSOLE.replace("DOM0: end 1 0",
                                             "DOM0: end 1 3")),
            ["step 1 (create) ends"])

    def test_a_life_does_not_begin(self):
        def cut(log):
            return log.replace("SPM: step 201 poke\nSPM: end 201 0\n", "")
        self.assertEqual([name for name in self.wrong(
            text=cut(LINUX), shown=cut(CONSOLE))],
            ["step 201 (poke 8600 32 11223344) begins"])

    def test_output_is_lost(self):
        for got, name in (("\n3\n", "step 2 (stream 8) streams"),
                          ("SPM: end 101 0\n", "what Linux said")):
            [wrong] = self.wrong(shown=CONSOLE.replace(got, "\n"))
            self.assertTrue(wrong.startswith(name), wrong)

    def test_xens_log(self):
        self.assertEqual(self.wrong(ring=RING.replace("two", "tow")),
                         ["Xen's log arrives at the console"])

    def test_something_stays_protected(self):
        self.assertEqual(
            self.wrong(shown=CONSOLE + LISTING.replace("0x7", "0xf")),
            ["what is protected"])

    def test_stock(self):
        """No write arrives, and the domain's first one is its end."""
        device = "W 0 8704 4 100\nmark 100\n"
        for shown, problems in ((STOCK + "killed\n", 0), (STOCK, 1)):
            result = self.result(text=STOCK, shown=shown, device=device,
                                 kind="stock", ring="")
            self.assertEqual(len(result.problems), problems, result.problems)

    def test_stock_does_it_right(self):
        problems = [text for text, _ in self.result(kind="stock").problems]
        self.assertIn("nothing is wrong with 'writes of', as it should be",
                      problems)


if __name__ == "__main__":
    unittest.main()
