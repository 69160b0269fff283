# SPDX-License-Identifier: GPL-2.0-only
"""Each processor's writes must arrive, in order, but for what is
protected."""

import unittest

import judge
import stress

FREE, TOGGLED, PROTECTED = 0x2040, 0x2048, 0x2100
# In the order of a processor's writes, which begins with its first one.
PLACES = (PROTECTED, FREE, TOGGLED)
STRESS = stress.Stress(1, 6, PLACES, (TOGGLED,))
PROTECTION = judge.Protection(((TOGGLED, TOGGLED + 7),
                               (PROTECTED, PROTECTED + 7)))
FIRST = ((FREE, 1),)
SECOND = ((FREE, 0x1000001), (TOGGLED, 0x1000002), (FREE, 0x1000004))


def find(*writes, line="1 1 6"):
    """Judge a stress in which the device saw these writes."""
    report = judge.parse_console(f"SPM: stress {line}\r\n")
    log = judge.parse_device_log(
        ["mark 1", *(f"W 0 {offset:x} 4 {value:x}"
                     for offset, value in writes)])
    [finding] = STRESS.judge(report, [log], [PROTECTION], judge.Quirks(),
                             False)
    return finding


class Log(unittest.TestCase):
    def wrong(self, *writes):
        finding = find(*writes)
        *_, what = finding.seen
        self.assertFalse(finding.right)
        return what

    def test_complete(self):
        finding = find(*FIRST, *SECOND)
        self.assertTrue(finding.right, finding.seen)
        self.assertEqual(finding.seen, [
            "0 of 2 writes to 2100", "3 of 3 writes to 2040",
            "1 of 2 writes to 2048"])
        self.assertEqual([op[1] for op in finding.run.form.ops],
                         [PROTECTED, TOGGLED, PROTECTED])

    def test_interleaved(self):
        self.assertTrue(find(SECOND[0], *FIRST, *SECOND[1:]).right)

    def test_lost(self):
        self.assertRegex(self.wrong(*FIRST, *SECOND[1:]),
                         "processor 1: W 2040 4 1000001 is missing")
        self.assertRegex(self.wrong(*SECOND), "processor 0: .* is missing")

    def test_order(self):
        first, *others = SECOND
        self.assertRegex(self.wrong(*FIRST, *others, first), "is missing")

    def test_protected(self):
        self.assertRegex(self.wrong(*FIRST, *SECOND[:2],
                                    (PROTECTED, 0x1000003), SECOND[2]),
                         "W 2100 4 1000003 arrived")

    def test_twice(self):
        self.assertRegex(self.wrong(*FIRST, *SECOND, SECOND[2]),
                         "came from nowhere")

    def test_nobody(self):
        self.assertRegex(self.wrong(*FIRST, *SECOND, (FREE, 0x2000001)),
                         "is nobody's")


class Enough(unittest.TestCase):
    def problems(self, *writes, **how):
        return list(STRESS.problems(None, [find(*writes, **how)]))

    def test_changes_met(self):
        self.assertEqual(self.problems(*FIRST, *SECOND), [])
        self.assertRegex(self.problems(*FIRST, SECOND[0], SECOND[2])[0],
                         "nobody met a change")
        self.assertRegex(
            self.problems(*FIRST, *SECOND, (TOGGLED, 0x1000005))[0],
            "nobody met a change")

    def test_counts(self):
        self.assertRegex(self.problems(*FIRST, *SECOND, line="1 1 5")[0],
                         "not each processor did 6 writes")
        self.assertRegex(self.problems(*FIRST, line="1 1")[0],
                         "not each processor")

    def test_none(self):
        self.assertEqual(list(STRESS.problems(None, [])),
                         ["the guest reported no stress"])


if __name__ == "__main__":
    unittest.main()
