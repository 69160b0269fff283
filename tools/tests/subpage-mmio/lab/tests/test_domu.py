# SPDX-License-Identifier: GPL-2.0-only
"""What gets to dom0, and what is made of its reports and the domains'."""

import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import domu
import judge
import machine
import runner
import scenarios
from linux import Step
from scenarios import LINUX_OUTPUT, Stock

SCENARIO = domu.Scenario(
    name="test", about="", kernel="guest", guest="forms=mov_", modes=(),
    places=(), steps=(domu.START, Step("xl list", said=r"^domain ")),
    stock=Stock("forms=mov_r8", (2,), dies="killed"))
TOLD = """\
DOM0: step 1 start
DOM0: end 1 0
DOM0: step 2 xl list
DOM0: said 2 domain 1
DOM0: end 2 0
DOM0: done 2
"""
DONE = judge.Report(done=1)


class Configuration(unittest.TestCase):
    BAR = 0xfebf0000

    def lines(self, **changes):
        text = domu.configuration(replace(SCENARIO, **changes), domu.Domain(),
                                  "forms=mov_", [self.BAR])
        return dict(line.split("=", 1) for line in text.splitlines())

    def arguments(self, type_):
        scenario = replace(SCENARIO, type=type_)
        return domu.its_arguments(scenario, domu.Domain(), "forms=mov_",
                                  self.BAR).split()

    def test_pv_has_machine_addresses(self):
        self.assertEqual('["febf0,8"]', self.lines()["iomem"])
        self.assertEqual(["forms=mov_", "bar=febf0000"], self.arguments("pv"))

    def test_others_have_their_own(self):
        for type_ in ("pvh", "hvm"):
            self.assertEqual('["febf0,8@f0000"]',
                             self.lines(type=type_)["iomem"])
            self.assertIn("bar=f0000000", self.arguments(type_))

    def test_arguments(self):
        self.assertEqual('"forms=mov_"', self.lines(type="pvh")["extra"])
        self.assertNotIn("extra", self.lines(type="hvm"))

    def test_it_ends_when_the_kernel_does(self):
        self.assertEqual({'"destroy"'}, {
            self.lines()[f"on_{event}"]
            for event in ("poweroff", "reboot", "crash")})

    def test_more_lines(self):
        self.assertEqual("0", self.lines(config=("hap=0",))["hap"])


class Rejoined(unittest.TestCase):
    def test_pieces_of_a_line(self):
        self.assertEqual(
            "(d1) SPM: run 1 a bc de\n(d1) SPM: done 1\n",
            domu.rejoined("(d1) SPM: run 1 a b\r\n(d1) c d\r\n(d1) e\r\n"
                          "(d1) SPM: done 1\r\n"))

    def test_spaces_at_a_border_stay(self):
        self.assertEqual("(d1) SPM: a  b",
                         domu.rejoined("(d1) SPM: a \n(d1)  b"))

    def test_of_two_domains_at_a_time(self):
        self.assertEqual(
            "(d1) SPM: one\n(XEN) x\n(d2) SPM: two",
            domu.rejoined("(d1) SPM: o\n(XEN) x\n(d2) SPM: t\n(d1) ne\n"
                          "(d2) wo"))

    def test_others_lines_stay(self):
        text = "(XEN) x\r\nDOM0: step 1\r\n(d1) booting\n"
        self.assertEqual(text, domu.rejoined(text))


class Problems(unittest.TestCase):
    def problems(self, told, said=DONE, kind="patched"):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, LINUX_OUTPUT).write_text(told, encoding="ascii")
            outcome = machine.Outcome(Path(folder), "", [], [], 0, None)
            return list(domu.problems(SCENARIO, kind, outcome, said))

    def test_none(self):
        self.assertEqual([], self.problems(TOLD))

    def test_a_step_that_is_missing(self):
        [text] = self.problems(TOLD[:TOLD.index("DOM0: step 2")])
        self.assertEqual("dom0 did not get to step 2 (xl list)", text)

    def test_a_step_that_fails(self):
        [text] = self.problems(TOLD.replace("end 2 0", "end 2 1"))
        self.assertIn("step 2 (xl list) ends with status 1, expected 0", text)

    def test_a_step_that_says_something_else(self):
        [text] = self.problems(TOLD.replace("said 2 domain", "said 2 none"))
        self.assertIn("says ['none 1'], expected '^domain '", text)

    def test_a_domain_that_did_not_end(self):
        [text] = self.problems(TOLD, judge.Report())
        self.assertEqual("the domain did not get to its end", text)


class Listings(unittest.TestCase):
    LISTING = "'W' pressed -> pages\n  protected: 0x{}-0x{}\n"

    def problems(self, *ranges):
        return list(domu.listing_problems(
            "".join(self.LISTING.format(*range_) for range_ in ranges)))

    def test_the_same(self):
        self.assertEqual([], self.problems((0, 7), (0, 7), (0, 7)))

    def test_something_is_left(self):
        [text] = self.problems((0, 7), (0, 15))
        self.assertIn("['0x0-0x15'] protected, and before that ['0x0-0x7']",
                      text)

    def test_too_few(self):
        [text] = self.problems((0, 7))
        self.assertIn("1 times", text)


class Kill(unittest.TestCase):
    FORM = judge.Form("mov4", (("w", 0, 4),), frozenset())
    PROTECTIONS = [judge.Protection(((0x2100, 0x213f),))]

    def run_of(self, number):
        return judge.Run(number, self.FORM, "kernel", 0x2040, "ok", bytes(4))

    def problems(self, log, *numbers, done=1, table=None):
        said = judge.Report(runs=[self.run_of(n) for n in numbers], done=done)
        logs = [judge.parse_device_log(log)]
        scenario = replace(SCENARIO, devices=(
            scenarios.Device("plain", (), table=table),))
        return list(domu.kill_problems(scenario, said, logs, self.PROTECTIONS,
                                       judge.unreported(said, logs)))

    def test_as_expected(self):
        self.assertEqual([], self.problems(
            ["mark 1", "mark 2", "W 0 2040 4 0"], 1, domu.SECOND))

    def test_it_was_not_killed(self):
        [text] = self.problems([], 1, domu.SECOND, done=2)
        self.assertIn("of which there are 1, and another one to have all of "
                      "its 2, of which there are 1", text)

    def test_it_had_not_begun(self):
        [text] = self.problems([], domu.SECOND)
        self.assertIn("of which there are 0", text)

    def test_two_runs_are_missing(self):
        [text] = self.problems(["mark 2", "mark 3"], 1, domu.SECOND)
        self.assertEqual("runs [2, 3] were never reported", text)

    def test_its_last_write_is_to_a_protected_granule(self):
        [text] = self.problems(["mark 2", "W 0 213c 4 0"], 1, domu.SECOND)
        self.assertIn("saw 'W 213c 4 0'", text)

    def test_xen_may_write_to_the_table(self):
        self.assertEqual([], self.problems(
            ["mark 2", "W 0 210c 4 1"], 1, domu.SECOND,
            table=(0x2100, 0x213f)))


class Interrupts(unittest.TestCase):
    """Where two domains have the device in turn, each tells of its own."""

    def problems(self, due, *irqs):
        scenario = replace(SCENARIO, devices=(), said=due)
        return list(runner.idle_problems(scenario, judge.Report(irqs=irqs),
                                         []))

    def test_each_tells(self):
        self.assertEqual([], self.problems(("a", "b"), "b", "a"))
        self.assertEqual([], self.problems(("a", "a"), "a", "a"))

    def test_one_does_not(self):
        for irqs in ((), ("a",), ("a", "b")):
            [text] = self.problems(("a", "a"), *irqs)
            self.assertIn("did not say 'irq a'", text)


class Strangers(unittest.TestCase):
    TEXT = "(d1) SPM: error x\n(d2) SPM: done 1\n(d12) SPM: done 2\n"

    def test_their_reports_do_not_count(self):
        self.assertEqual("(d2) SPM: done 1\n(d12) SPM: done 2\n",
                         domu.reports(replace(SCENARIO, strangers=1),
                                      self.TEXT))

    def test_all_others_do(self):
        self.assertEqual(self.TEXT, domu.reports(SCENARIO, self.TEXT))


class Death(unittest.TestCase):
    RUN = judge.Run(1, judge.Form("mov4", (("w", 0, 4),), frozenset()),
                    "kernel", 0x1040, "ok", bytes(4))
    LOG = ["mark 1", "W 0 1040 4 0", "mark 2"]

    def problems(self, console="killed", log=(), **said):
        said = judge.Report(**{"runs": [self.RUN], **said})
        logs = [judge.parse_device_log([*self.LOG, *log])]
        outcome = machine.Outcome(Path(), console, [], [], 0, None)
        return list(domu.death_problems(SCENARIO.stock, outcome, said, logs,
                                        judge.unreported(said, logs)))

    def test_as_expected(self):
        self.assertEqual([], self.problems())

    def test_it_lives(self):
        [text] = self.problems(done=1)
        self.assertIn("came to the end of 1 runs", text)

    def test_it_did_not_get_so_far(self):
        [text] = self.problems(runs=[])
        self.assertIn("came to the end of 0 runs, and not to that of 2", text)

    def test_no_word_of_it(self):
        [text] = self.problems("")
        self.assertEqual("nothing on the console matches 'killed'", text)

    def test_its_last_write_arrives(self):
        [text] = self.problems(log=["W 0 2040 4 1"])
        self.assertIn("saw 'W 2040 4 1'", text)

    def test_writes_elsewhere_may(self):
        self.assertEqual([], self.problems(log=["W 0 1ffc 4 1"]))


if __name__ == "__main__":
    unittest.main()
