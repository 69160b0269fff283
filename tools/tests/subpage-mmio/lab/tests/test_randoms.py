# SPDX-License-Identifier: GPL-2.0-only
"""Of a random instruction the judge knows what it did to ordinary memory."""

import unittest
from types import SimpleNamespace

import judge
import randoms

PROTECTED = judge.Protection(((0x2100, 0x213f),))
QUIRKS = judge.Quirks(vector=14)
CODE = "8907" + "cc" * 13


def find(text, seen=(), window=False, quirks=QUIRKS, protection=PROTECTED):
    """The findings of these random instructions, as the guest reports them."""
    report = judge.parse_console("".join(
        f"SPM: random {number} user {line}\r\n"
        for number, line in enumerate(text.splitlines(), 1)))
    log = judge.parse_device_log(["mark 1", *seen])
    return randoms.Randoms(1, 1, 0).judge(report, [log], [protection], quirks,
                                          window)


def right(line, *seen, **how):
    """Is this one right?"""
    [finding] = find(line, seen, **how)
    return finding.right


class Device(unittest.TestCase):
    FREE = f"2040 ok {CODE} 2040:aabb -"

    def test_as_in_memory(self):
        self.assertTrue(right(self.FREE, "W 0 2040 2 bbaa"))
        self.assertTrue(right(self.FREE, "W 0 2040 1 aa", "R 0 2040 4 0",
                              "W 0 2041 1 bb"))

    def test_wrong_value_offset_or_nothing(self):
        self.assertFalse(right(self.FREE, "W 0 2040 2 bbab"))
        self.assertFalse(right(self.FREE, "W 0 2042 2 bbaa"))
        self.assertFalse(right(self.FREE, "W 0 2040 4 4433bbac"))
        self.assertFalse(right(self.FREE, "W 0 2040 1 aa"))
        self.assertFalse(right(self.FREE))

    def test_a_value_that_was_there(self):
        self.assertTrue(right(self.FREE, "W 0 2040 4 4433bbaa"))
        self.assertTrue(right(f"2040 ok {CODE} - -", "W 0 2040 1 11"))

    def test_protected(self):
        near = f"20fe ok {CODE} 20fe:aabbccdd -"
        self.assertTrue(right(near))
        self.assertFalse(right(near, "W 0 2100 2 ddcc"))
        # the value that it has anyway
        self.assertFalse(right(f"2100 ok {CODE} - -", "W 0 2100 1 11"))

    def test_written_twice(self):
        self.assertFalse(right(self.FREE, "W 0 2040 2 bbaa",
                               "W 0 2040 2 bbaa"))
        self.assertTrue(right(f"5040 ok {CODE} 5040:aabb -",
                              "W 0 5040 2 bbaa", "W 0 5040 2 bbaa"))

    def test_refused_in_part(self):
        near = f"20fe ok {CODE} 20fe:aabbccdd -"
        self.assertFalse(right(near, "W 0 20fe 2 bbaa"))
        # the next page has its own rules
        across = f"2ffe ok {CODE} 2ffe:aabbccdd -"
        both = judge.Protection(((0x2ff0, 0x2fff), (0x3800, 0x3807)))
        self.assertTrue(right(across, "W 0 3000 2 ddcc", protection=both))
        self.assertFalse(right(across, "W 0 3000 1 cc", protection=both))
        self.assertFalse(right(across, "W 0 2ffe 2 bbaa", protection=both))

    def test_refused_element(self):
        stos = "66f3ab" + "cc" * 12
        near = f"20fc ok {stos} 20fc:aabbaabbaabb -"
        self.assertTrue(right(near, "W 0 20fc 2 bbaa", "W 0 20fe 2 bbaa"))
        self.assertTrue(right(near, "W 0 20fc 2 bbaa"))
        far = f"2080 ok {stos} 2080:aabbaabbaabb -"
        self.assertFalse(right(far, "W 0 2080 2 bbaa", "W 0 2082 2 bbaa"))

    def test_protection_too_long(self):
        for offset in (0x20d0, 0x20f6, 0x2148, 0x2168):
            line = f"{offset:x} ok {CODE} {offset:x}:aabb -"
            self.assertFalse(right(line))
            self.assertTrue(right(line, f"W 0 {offset:x} 2 bbaa"))

    def test_exceptions(self):
        self.assertTrue(right(f"2040 refexc:6 {CODE} - -"))
        self.assertTrue(right(f"2040 exc:14:2:0 {CODE} 2040:aa -"))
        self.assertFalse(right(f"2040 exc:13:0:0 {CODE} 2040:aa -"))
        for verdict in "exc:14:2:0", "refexc:6":
            self.assertFalse(right(f"2040 {verdict} {CODE} 2040:aa -",
                                   "W 0 2040 1 aa"))
            # a page which is of no interest to the hypervisor
            self.assertTrue(right(f"5040 {verdict} {CODE} 5040:aa -",
                                  "W 0 5040 1 aa"))

    def test_what_only_some_processors_refuse(self):
        line = f"2040 exc:6:0:0 {CODE} 2040:aa -"
        self.assertFalse(right(line))
        lax = judge.Quirks(lax=True)
        self.assertTrue(right(line, quirks=lax))
        self.assertFalse(right(line, "W 0 2040 1 aa", quirks=lax))

    def test_registers(self):
        self.assertFalse(right(f"2040 regs:ax {CODE} 2040:aabb -",
                               "W 0 2040 2 bbaa"))


class Window(unittest.TestCase):
    def test_as_in_memory(self):
        self.assertTrue(right(f"2040 ok {CODE} 2040:aa 2040:aa", window=True))
        self.assertFalse(right(f"2040 ok {CODE} 2040:aa 2041:aa",
                               window=True))
        self.assertFalse(right(f"2040 ok {CODE} 2040:aa -", window=True))

    def test_protected(self):
        self.assertFalse(right(f"2100 ok {CODE} 2100:aa 2100:aa",
                               window=True))


class Enough(unittest.TestCase):
    def problems(self, count, least, line=Device.FREE):
        seen = ["W 0 2040 2 bbaa"]
        return list(randoms.Randoms(1, count, least).problems(
            SimpleNamespace(modes=("user",)), find(line, seen)))

    def test_number(self):
        self.assertEqual(self.problems(1, 1), [])
        self.assertRegex(self.problems(2, 1)[0], "ran 1 random.*expected 2")
        self.assertRegex(self.problems(1, 2)[0], "only 1 random .* least 2")

    def test_what_counts_as_stored(self):
        for line in (f"2040 ok {CODE} - -",
                     f"2040 exc:14:2:0 {CODE} 2040:aabb -"):
            self.assertRegex(self.problems(1, 1, line)[0], "only 0 random")

    def test_exceptions(self):
        def problems(verdict, times):
            lines = ([f"2040 {verdict} {CODE} - -"] * times +
                     [f"2040 ok {CODE} - -"] * (20 - times))
            return list(randoms.Randoms(1, 20, 0).problems(
                SimpleNamespace(modes=("user",)),
                find("\n".join(lines), window=True)))

        self.assertEqual(problems("exc:14:2:0", 1), [])
        self.assertRegex(problems("exc:14:2:0", 2)[0],
                         "2 random .* an exception .* at most 1")
        self.assertEqual(problems("exc:6:0:0", 2), [])
        self.assertEqual(problems("refexc:13", 2), [])

    def test_bad_line(self):
        for line in ("2040 ok", f"2040 ok {CODE} 2040 -",
                     f"2040 ok {CODE} 2040:xx -"):
            with self.assertRaisesRegex(judge.BadReport, "makes no sense"):
                find(line)


if __name__ == "__main__":
    unittest.main()
