# SPDX-License-Identifier: GPL-2.0-only
"""Two processors' accesses must be as if one had come after the other."""

import unittest
from types import SimpleNamespace

import judge
import races

RACE = races.Race(count=2)
TURNS = (1, 0x10001, 0x10002, 0x20002)


def find(line, values, offset=0x2040):
    """Judge a race in which the device saw zero, and these values."""
    report = judge.parse_console(f"SPM: race 1 {line}\r\n")
    log = judge.parse_device_log(
        ["mark 1", f"W 0 {offset:x} 4 0",
         *(f"W 0 {offset:x} 4 {value:x}" for value in values)])
    [finding] = RACE.judge(report, [log], [], judge.Quirks(), False)
    return finding


class Counting(unittest.TestCase):
    def right(self, values, line="add 2040 4 2 20002", **how):
        return find(line, values, **how).right

    def test_turns(self):
        self.assertTrue(self.right(TURNS))
        self.assertTrue(self.right((1, 2, 0x10002, 0x20002)))

    def test_lost(self):
        self.assertFalse(self.right((1, 0x10000, 0x10001, 0x20001),
                                    "add 2040 4 2 20001"))
        self.assertFalse(self.right((1, 0x10001, 0x20001)))
        self.assertFalse(self.right((1, 1, 0x10001, 0x10002, 0x20002)))

    def test_sum(self):
        self.assertFalse(self.right(TURNS, "add 2040 4 2 20001"))

    def test_elsewhere(self):
        self.assertFalse(self.right(TURNS, offset=0x2044))

    def test_failed_cmpxchg(self):
        values = (1, 1, 0x10001, 0x10002, 0x10002, 0x20002)
        self.assertTrue(self.right(values, "cmpxchg 2040 4 2 20002"))
        self.assertFalse(self.right((1, 0x10001, 1, 0x10002, 0x20002),
                                    "cmpxchg 2040 4 2 20002"))

    def test_unaligned(self):
        self.assertTrue(self.right((), "add 2043 4 2 20002"))
        self.assertFalse(self.right((), "add 2043 4 2 20001"))


class Exchange(unittest.TestCase):
    def right(self, *values, line="xchg 2040 4 2 10001"):
        return find(line, values).right

    def test_tokens(self):
        self.assertTrue(self.right(1, 0x10000, 0, 1))

    def test_lost(self):
        self.assertFalse(self.right(1, 0x10000, 0x10000, 1))
        self.assertFalse(self.right(1, 0x10000, 0))
        self.assertFalse(self.right(1, 2, 0, 1))
        self.assertFalse(self.right(1, 0x10000, 0, 1,
                                    line="xchg 2040 4 2 2"))


class Enough(unittest.TestCase):
    def problems(self, values, places=(0x2040,), line="add 2040 4 2 20002"):
        scenario = SimpleNamespace(places=places, window=None)
        return list(RACE.problems(scenario, [find(line, values)]))

    def test_met(self):
        self.assertEqual(self.problems(TURNS), [])
        self.assertRegex(self.problems((1, 2))[0],
                         "took no turns in add-32 at 2040")

    def test_each_met(self):
        scenario = SimpleNamespace(places=(0x2040,), window=None)
        met, missed = (find("add 2040 4 2 20002", values)
                       for values in (TURNS, (1, 2)))
        self.assertEqual(len(list(RACE.problems(scenario, [met, missed]))), 1)

    def test_met_by_exchange(self):
        line = "xchg 2040 4 2 10001"
        self.assertEqual(self.problems((1, 0x10000, 0, 1), line=line), [])
        # 1, then what was there, by the same
        self.assertRegex(self.problems((1, 0), line=line)[0], "no turns")

    def test_unaligned(self):
        """The device sees pieces."""
        self.assertEqual(self.problems((), (0x2043,), "add 2043 4 2 20002"),
                         [])

    def test_places(self):
        self.assertRegex(self.problems(TURNS, (0x2040, 0x2043))[0],
                         "no race at 2043")


if __name__ == "__main__":
    unittest.main()
