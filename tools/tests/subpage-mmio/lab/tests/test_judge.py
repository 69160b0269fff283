# SPDX-License-Identifier: GPL-2.0-only
"""The judge must accept what is right and nothing else: without a doubt about
the judge, there is none about the hypervisor."""

import unittest

import judge

PROTECTED = judge.Protection((
    (0x2100, 0x213f), (0x3200, 0x3207), (0x4000, 0x4007), (0x4ff8, 0x4fff),
    (0x5300, 0x5307)))

FORMS = """
SPM: form mov1 w0:1
SPM: form mov4 w0:4
SPM: form mov8 w0:8
SPM: form sse w0:16
SPM: form add4 m0:4
SPM: form add8 m0:8
SPM: form movs w0:4,w4:4
SPM: form std w0:4,w-4:4
SPM: form mask w0:1,w3:1
SPM: form tword w0:10
SPM: form odd w0:4 fault
SPM: form oddadd m0:4 fault
"""


QUIRKS = judge.Quirks(restarts=True)


def judged(form, offset, data, seen, verdict="ok", quirks=QUIRKS):
    """Is a run with these accesses (lines of a device's log) right?"""
    report = judge.parse_console(
        f"{FORMS}(XEN) SPM: run 7 {form} kernel {offset:x} {verdict} "
        f"{data or '-'}\r\n")
    log = judge.parse_device_log(["mark 7", *seen])
    [finding] = judge.judge(report, [log], [PROTECTED], quirks)
    return finding.right


class Idle(unittest.TestCase):
    """Writes that belong to no run: Xen's to the MSI-X table, and what the
    guest says to have written."""

    TABLE = (0x2100, 0x213f)
    SAID = """
SPM: wrote 2160 4 1 2
SPM: wrote 2100 4 b4a3921b 3
SPM: wrote 20f8 8 f8e7d6c5b4a3921b 1
SPM: wrote 20fd 2 a2b1 1
SPM: wrote 20fd 4 d4c3a2b1 1
SPM: wrote 3ffe 4 64534231 1
SPM: irq storm 1 2 2
"""
    RINGS = ["W 0 2160 4 1"] * 2
    STORE = ["W 0 20f8 8 f8e7d6c5b4a3921b", "W 0 20fd 1 b1", "W 0 20fe 1 a2",
             "W 0 3ffe 2 4231"]

    def problems(self, *lines):
        report = judge.parse_console(self.SAID)
        self.assertEqual(report.irqs, ["storm 1 2 2"])
        log = judge.parse_device_log(lines)
        return list(judge.judge_idle(log, PROTECTED, self.TABLE,
                                     report.wrote))

    def test_right(self):
        self.assertEqual(self.problems(
            "W 0 210c 4 1", "mark 0", *self.RINGS, "msi 1 fee00000 40",
            "R 0 2100 8 0", *self.STORE, "mark 7", "W 0 2040 4 5", "mark 0",
            "W 0 2130 4 fee01000", "W 0 2134 4 0", "W 0 2138 4 4041",
            "W 0 213c 4 1"), [])

    def test_count(self):
        for rings in 1, 3:
            [problem] = self.problems(*self.RINGS[:1] * rings, *self.STORE)
            self.assertRegex(problem, f"saw {rings} times 'W 2160 4 1', .* 2")

    def test_refused(self):
        for line in ("W 0 2100 4 b4a3921b", "W 0 2100 1 d4",
                     "W 0 4000 2 6453"):
            [problem] = self.problems(line, *self.RINGS, *self.STORE)
            self.assertRegex(problem, "saw 1 times .* should have seen 0")

    def test_others(self):
        for line in ("W 0 2140 4 1", "W 0 20fc 4 1", "W 0 210c 1 1",
                     "W 0 3200 4 1", "W 0 2100 8 1", "W 0 2110 4 fed00000",
                     "W 0 2114 4 1", "W 0 2118 4 41", "W 0 2118 4 400f",
                     "W 0 211c 4 2"):
            [problem] = self.problems(line, *self.RINGS, *self.STORE)
            self.assertIn("belongs to no run", problem)


class Splitting(unittest.TestCase):
    def test_pieces(self):
        self.assertEqual(list(judge.split_aligned(0x2043, 8)),
                         [(0x2043, 1), (0x2044, 4), (0x2048, 2),
                          (0x204a, 1)])
        self.assertEqual(list(judge.split_aligned(0x2040, 16)),
                         [(0x2040, 8), (0x2048, 8)])
        self.assertEqual(list(judge.split_aligned(0x2ffd, 3)),
                         [(0x2ffd, 1), (0x2ffe, 2)])

    def test_pages(self):
        self.assertEqual(list(judge.split_pages(0x1ffd, 8)),
                         [(0x1ffd, 3), (0x2000, 5)])

    def test_protection(self):
        self.assertTrue(PROTECTED.touches(0x20ff, 2))
        self.assertFalse(PROTECTED.touches(0x20ff, 1))
        self.assertTrue(PROTECTED.touches(0x213f, 1))
        self.assertFalse(PROTECTED.touches(0x2140, 64))
        self.assertTrue(PROTECTED.page_is_partial(0x2fff))
        self.assertFalse(PROTECTED.page_is_partial(0x1fff))


class Stores(unittest.TestCase):
    def test_aligned(self):
        self.assertTrue(judged("mov4", 0x2040, "44332211",
                               ["W 0 2040 4 11223344"]))

    def test_wrong_offset_width_value_or_number(self):
        for seen in (["W 0 2000 4 11223344"],
                     ["W 0 2040 4 11223345"],
                     ["W 0 2040 2 3344", "W 0 2042 2 1122"],
                     ["W 0 2040 8 8877665511223344"],
                     ["W 0 2040 4 11223344"] * 2,
                     ["R 0 2040 4 44332211", "W 0 2040 4 11223344"],
                     []):
            self.assertFalse(judged("mov4", 0x2040, "44332211", seen), seen)

    def test_plain_page(self):
        self.assertTrue(judged("mov4", 0x1040, "44332211",
                               ["W 0 1040 4 11223344"]))
        self.assertFalse(judged("mov4", 0x1040, "44332211",
                                ["W 0 1040 2 3344", "W 0 1042 2 1122"]))

    def test_unaligned(self):
        pieces = ["W 0 2043 1 11", "W 0 2044 2 3322", "W 0 2046 1 44"]
        self.assertTrue(judged("mov4", 0x2043, "11223344", pieces))
        self.assertFalse(judged("mov4", 0x2043, "11223344", pieces[::-1]))
        self.assertFalse(judged("mov4", 0x2043, "11223344", pieces[:2]))

    def test_unaligned_on_plain_page(self):
        for seen in (["W 0 1043 1 11", "W 0 1044 1 22", "W 0 1045 1 33",
                      "W 0 1046 1 44"],
                     ["W 0 1043 1 11", "W 0 1044 2 3322", "W 0 1046 1 44"]):
            self.assertTrue(judged("mov4", 0x1043, "11223344", seen))
        for seen in (["W 0 1043 1 11", "W 0 1044 1 22", "W 0 1045 1 33"],
                     ["W 0 1043 4 44332211", "W 0 1046 1 44"],
                     ["W 0 1043 1 12", "W 0 1044 2 3322", "W 0 1046 1 44"]):
            self.assertFalse(judged("mov4", 0x1043, "11223344", seen))

    def test_protected(self):
        for offset in (0x2100, 0x20fd, 0x213d):
            self.assertTrue(judged("mov4", offset, "11223344", []))
        self.assertFalse(judged("mov4", 0x20fd, "11223344",
                                ["W 0 20fd 1 11", "W 0 20fe 2 3322"]))

    def test_wide(self):
        data = bytes(range(16)).hex()
        pieces = ["W 0 2040 8 706050403020100", "W 0 2048 8 f0e0d0c0b0a0908"]
        self.assertTrue(judged("sse", 0x2040, data, pieces))
        self.assertFalse(judged("sse", 0x2040, data, pieces[:1]))
        self.assertTrue(judged("sse", 0x20f8, data, []))

    def test_verdict(self):
        seen = ["W 0 2040 4 11223344"]
        for verdict in ("exc:14:2:0", "regs:rax", "step:lost"):
            self.assertFalse(judged("mov4", 0x2040, "44332211", seen, verdict))

    def test_reference_faults_too(self):
        self.assertTrue(judged("sse", 0x2043, "", [], "refexc:13"))
        self.assertFalse(judged("sse", 0x2043, "", ["W 0 2043 1 0"],
                                "refexc:13"))


class Straddling(unittest.TestCase):
    data = "1122334455667788"

    def test_both_parts(self):
        here = ["W 0 2ffd 1 11", "W 0 2ffe 2 3322"]
        there = ["W 0 3000 4 77665544", "W 0 3004 1 88"]
        self.assertTrue(judged("mov8", 0x2ffd, self.data, here + there))
        for seen in (there + here, here, there):
            self.assertFalse(judged("mov8", 0x2ffd, self.data, seen))

    def test_each_page_by_its_own_rules(self):
        self.assertTrue(judged("mov8", 0x3ffd, self.data, [
            "W 0 3ffd 1 11", "W 0 3ffe 2 3322"]))
        self.assertTrue(judged("mov8", 0x4ffd, self.data, [
            "W 0 5000 4 77665544", "W 0 5004 1 88"]))

    def test_plain_neighbour(self):
        free = ["W 0 2000 4 77665544", "W 0 2004 1 88"]
        for plain in (["W 0 1ffd 1 11", "W 0 1ffe 2 3322"],
                      ["W 0 1ffd 1 11", "W 0 1ffe 1 22", "W 0 1fff 1 33"]):
            self.assertTrue(judged("mov8", 0x1ffd, self.data, plain + free))
        self.assertFalse(judged("mov8", 0x1ffd, self.data, free))

    def test_between_plain_pages(self):
        self.assertTrue(judged("mov8", 0x6ffd, self.data, [
            f"W 0 {0x6ffd + n:x} 1 {0x11 * (n + 1):x}" for n in range(8)]))


class ReadModifyWrite(unittest.TestCase):
    read, write = "R 0 2040 4 44332211", "W 0 2040 4 44332212"

    def test_one_read_one_write(self):
        self.assertTrue(judged("add4", 0x2040, "12223344",
                               [self.read, self.write]))
        for seen in ([self.write], [self.write, self.read], [self.read],
                     [self.read] * 3 + [self.write],
                     [self.read, self.write, self.read],
                     ["R 0 2040 8 0", self.write]):
            self.assertFalse(judged("add4", 0x2040, "12223344", seen), seen)

    def test_restarts_only_where_allowed(self):
        seen = [self.read, self.read, self.write]
        self.assertTrue(judged("add4", 0x2040, "12223344", seen))
        self.assertFalse(judged("add4", 0x2040, "12223344", seen,
                                quirks=judge.Quirks()))

    def test_forms_that_read_twice(self):
        seen = [self.read] * 4 + [self.write]
        for form, right in (("add4", True), ("sub", False)):
            quirks = judge.Quirks(restarts=True, reads_twice=(form,))
            self.assertIs(judged("add4", 0x2040, "12223344", seen,
                                 quirks=quirks), right)

    def test_refused(self):
        read = "R 0 2100 4 44332211"
        self.assertTrue(judged("add4", 0x2100, "12223344", [read]))
        self.assertFalse(judged("add4", 0x2100, "12223344", []))
        self.assertFalse(judged("add4", 0x2100, "12223344",
                                [read, "W 0 2100 4 44332212"]))

    def test_unaligned(self):
        write = ["W 0 2043 1 45", "W 0 2044 2 6655", "W 0 2046 1 77"]
        blocks = ["R 0 2040 4 44332211", "R 0 2044 4 88776655"]
        pieces = ["R 0 2043 1 44", "R 0 2044 2 6655", "R 0 2046 1 77"]
        for reads in (blocks, pieces, blocks + pieces):
            self.assertTrue(judged("add4", 0x2043, "45556677", reads + write))
        for reads in (blocks[:1], [], blocks + pieces[:1],
                      blocks + ["R 0 2048 4 0"]):
            self.assertFalse(judged("add4", 0x2043, "45556677",
                                    reads + write), reads)


class Sequences(unittest.TestCase):
    def test_string_order(self):
        seen = ["W 0 2040 4 1", "W 0 2044 4 2"]
        self.assertTrue(judged("movs", 0x2040, "0100000002000000", seen))
        self.assertFalse(judged("movs", 0x2040, "0100000002000000",
                                seen[::-1]))
        self.assertTrue(judged("std", 0x2044, "0200000001000000", seen[::-1]))

    def test_refused_element_by_element(self):
        self.assertTrue(judged("movs", 0x20fc, "0100000002000000",
                               ["W 0 20fc 4 1"]))


class Restarts(unittest.TestCase):
    """An emulator has done a part of the instruction before it faults."""
    first, second = "W 0 1ffd 1 11", "W 0 2000 1 44"

    def test_store_before_fault(self):
        again = [self.first, self.first, self.second]
        self.assertTrue(judged("mask", 0x1ffd, "1144", again))
        self.assertTrue(judged("mask", 0x1ffd, "1144", again[1:]))
        self.assertFalse(judged("mask", 0x1ffd, "1144", again,
                                quirks=judge.Quirks()))
        self.assertFalse(judged("mask", 0x1ffd, "1144",
                                [self.first, *again]))

    def test_store_in_several_parts(self):
        data = bytes(range(1, 11)).hex()
        seen = ["W 0 5ffd 1 1", "W 0 5ffe 2 302", "W 0 6000 4 7060504",
                "W 0 6004 2 908", "W 0 6006 1 a"]
        for first in ([], ["W 0 6006 1 a"]):
            self.assertTrue(judged("tword", 0x5ffd, data, first + seen))
        for first in (["W 0 6006 1 b"], ["W 0 6006 1 a"] * 2, seen[:1]):
            self.assertFalse(judged("tword", 0x5ffd, data, first + seen))

    def test_gaps(self):
        data = "01" + bytes(map(judge.initial, range(1, 9))).hex() + "02"
        for offset, right in ((0x1000, True), (0x2040, False)):
            self.assertIs(judged("tword", offset, data, [
                f"W 0 {offset:x} 1 1", f"W 0 {offset + 9:x} 1 2"]), right)

    def test_nothing_to_restart(self):
        self.assertFalse(judged("mask", 0x1000, "1144", [
            "W 0 1000 1 11", "W 0 1000 1 11", "W 0 1003 1 44"]))
        self.assertFalse(judged("mask", 0x2000, "1144", [
            "W 0 2000 1 11", "W 0 2000 1 11", "W 0 2003 1 44"]))
        part = ["W 0 1ffd 1 11", "W 0 1ffe 2 3322"]
        self.assertFalse(judged("mov8", 0x1ffd, "1122334455667788", [
            *part, *part, "W 0 2000 4 77665544", "W 0 2004 1 88"]))


class Sources(unittest.TestCase):
    def test_reads_of_the_source(self):
        write = ["W 0 2040 4 11223344"]
        self.assertTrue(judged("mov4", 0x2040, "44332211",
                               ["R 0 7e00 4 44332211"] * 2 + write))
        for stray in ("R 0 7d00 4 0", "W 0 7e00 4 0"):
            self.assertFalse(judged("mov4", 0x2040, "44332211",
                                    [stray] + write))


class Faults(unittest.TestCase):
    def test_no_access(self):
        self.assertTrue(judged("odd", 0x2040, "", [], "exc:13:0:0"))
        self.assertFalse(judged("odd", 0x2040, "", [], "ok"))
        self.assertTrue(judged("odd", 0x2043, "", [], "refexc:13"))
        self.assertFalse(judged("odd", 0x2040, "", ["W 0 2040 4 0"],
                                "exc:13:0:0"))

    def test_load_before_fault(self):
        read = ["R 0 2040 4 0"]
        self.assertTrue(judged("oddadd", 0x2040, "", read, "exc:14:3:0"))
        self.assertFalse(judged("oddadd", 0x2040, "", read, "exc:14:3:0",
                                quirks=judge.Quirks()))


    def test_vector(self):
        for vector, right in ((13, True), (14, False), (None, True)):
            self.assertIs(judged("odd", 0x2040, "", [], "exc:13:0:0",
                                 quirks=judge.Quirks(vector=vector)), right)


class Toggled(unittest.TestCase):
    """Page 5 has one protected range, page 4 two."""
    def right(self, offset, verdict, *seen, **quirks):
        report = judge.parse_console(
            f"{FORMS}SPM: run 7 mov4 open {offset:x} {verdict} 0a0b0c0d\r\n")
        log = judge.parse_device_log(["mark 7", *seen])
        [finding] = judge.judge(
            report, [log], [PROTECTED], judge.Quirks(vector=14, **quirks),
            ((0x5300, 0x5307), (0x4000, 0x4007)))
        return finding.right

    def test_open(self):
        self.assertTrue(self.right(0x5300, "ok", "W 0 5300 4 d0c0b0a"))
        self.assertFalse(self.right(0x5300, "ok"))
        self.assertTrue(self.right(0x4ff8, "ok"))

    def test_pte_stays_read_only(self):
        self.assertTrue(self.right(0x5300, "exc:14:3:0", keeps_ptes=True))
        self.assertFalse(self.right(0x5300, "ok", "W 0 5300 4 d0c0b0a",
                                    keeps_ptes=True))
        self.assertTrue(self.right(0x4000, "ok", "W 0 4000 4 d0c0b0a",
                                   keeps_ptes=True))


class Window(unittest.TestCase):
    """Memory that the guest itself has looked at."""

    def right(self, runs, traps=None, mode="kernel", toggled=()):
        """Which of the runs (form, offset, verdict) are right?"""
        report = judge.parse_console(FORMS + "".join(
            f"SPM: run {number} {form} {mode} {offset:x} {verdict} -\n"
            for number, (form, offset, verdict) in enumerate(runs)))
        return [finding.right for finding in judge.judge_window(
            report, PROTECTED, traps, judge.Quirks(vector=13), toggled)]

    def test_verdict(self):
        runs = [("mov4", 0x2040, verdict) for verdict in (
            "ok", "ok;mem:2040,2041", "exc:13:0:0", "refexc:13",
            "refexc:13;mem:2040")]
        self.assertEqual(self.right(runs), [True] + [False] * 4)

    def test_impossible(self):
        """Only what wants to be aligned may fail in ordinary memory."""
        runs = [("mov4", 0x1043, verdict) for verdict in (
            "refexc:13", "refexc:6", "refexc:13;mem:2040")]
        self.assertEqual(self.right(runs), [True, False, False])

    def test_fault(self):
        runs = [("odd", 0x2040, verdict) for verdict in (
            "ok", "exc:13:0:0", "exc:14:2:0", "exc:13:0:0;mem:2040")]
        self.assertEqual(self.right(runs), [False, True, False, False])

    def test_each_run_needs_a_trap(self):
        runs = [("mov4", 0x2040, "ok")] * 2
        self.assertEqual(self.right(runs, [0x2040, 0x2043]), [True, True])
        self.assertEqual(self.right(runs, [0x2040, 0x2044]), [True, False])
        self.assertEqual(self.right(runs, []), [False, False])

    def test_order_of_traps(self):
        runs = [("mov4", 0x2100, "ok"), ("mov4", 0x2040, "ok")]
        self.assertEqual(self.right(runs, [0x2040, 0x2100]), [True, False])
        self.assertEqual(self.right(runs, [0x2100, 0x2200, 0x2040]),
                         [True, True])

    def test_open(self):
        run, toggled = [("mov4", 0x5300, "ok")], ((0x5300, 0x5307),)
        self.assertEqual(self.right(run, [], "open", toggled), [True])
        self.assertEqual(self.right(run, [], "kernel", toggled), [False])
        self.assertEqual(self.right([("mov4", 0x2040, "ok")], [], "open",
                                    toggled), [False])

    def test_where_traps_are_due(self):
        runs = [("mov4", 0x1040, "ok"), ("mov4", 0x2041, "refexc:13")]
        self.assertEqual(self.right(runs, []), [True, True])
        runs = [("mov8", 0x1ffd, "ok")]
        self.assertEqual(self.right(runs, [0x1ffd]), [False])
        self.assertEqual(self.right(runs, [0x2000]), [True])


class Stock(unittest.TestCase):
    """What must get lost where only whole pages can be protected."""

    def finding(self, offset, seen):
        report = judge.parse_console(
            f"{FORMS}SPM: run 7 mov8 kernel {offset:x} ok 1122334455667788")
        log = judge.parse_device_log(["mark 7", *seen])
        [finding] = judge.judge(report, [log], [PROTECTED], QUIRKS)
        return finding

    def test_due(self):
        for offset, due in ((0x2040, True), (0x2100, False), (0x1000, False),
                            (0x1ffd, True), (0x4010, False)):
            self.assertIs(judge.must_be_lost(self.finding(offset, []),
                                             (2, 3)), due)

    def test_lost(self):
        self.assertTrue(judge.is_lost(
            self.finding(0x1ffd, ["W 0 1ffd 1 11"]), (2, 3)))
        self.assertFalse(judge.is_lost(
            self.finding(0x1ffd, ["W 0 2000 1 44"]), (2, 3)))


class Counts(unittest.TestCase):
    """The debug key's, of forwarded and refused writes."""

    def counts(self, printed):
        report = judge.parse_console(
            f"{FORMS}SPM: run 7 mov4 kernel 2040 ok 00112233\n"
            "SPM: run 8 mov4 kernel 2100 ok 00112233\n")
        log = judge.parse_device_log(["mark 7", "W 0 2040 4 33221100",
                                      "mark 8"])
        findings = judge.judge(report, [log], [PROTECTED], QUIRKS)
        due = judge.due_counts(findings, [log], [PROTECTED], [0xfe000000])
        due = {page: counts for page, counts in due.items() if any(counts)}
        return due == judge.page_counts(printed)

    def test_counts(self):
        line = "(XEN)   0x000000{}: {} writes forwarded, {} refused\n"
        self.assertTrue(self.counts(line.format("fe002000", 1, 1)))
        for wrong in (("fe003000", 1, 1), ("fe002000", 1, 0),
                      ("fe002000", 0, 1), ("fe002000", 2, 1)):
            self.assertFalse(self.counts(line.format(*wrong)))
        self.assertFalse(self.counts(""))


class Parsing(unittest.TestCase):
    def test_bad_lines(self):
        for line in ("form x w0", "form x q0:4", "form x w0:4,", "form x",
                     "run 1 nosuch kernel 2040 ok 00",
                     "run 1 mov4 kernel 2040 ok", "done many",
                     "run 1 mov4 kernel 2040 ok 0"):
            with self.assertRaises(judge.BadReport, msg=line):
                judge.parse_console(f"{FORMS}SPM: {line}\n")
        for line in ("mark x", "W 0 2040 4", "W 0 2040 1 100", "R 0 z 4 0"):
            with self.assertRaises(judge.BadReport, msg=line):
                judge.parse_device_log([line])
        with self.assertRaises(judge.BadReport):
            judge.parse_device_log(["mark 1", "mark 1"])
        with self.assertRaises(judge.BadReport):
            judge.parse_device_log(["lost W febf0000 4"])

    def test_skipped_forms(self):
        report = judge.parse_console(
            "SPM: note form vmovd needs AVX\n"
            "SPM: note form movsl at 7ffd leaves the memory\n"
            "SPM: note BAR0 at febf0000\n")
        self.assertEqual(report.skipped, {"vmovd": "needs AVX",
                                          "movsl": "leaves the memory"})

    def test_run_without_mark(self):
        report = judge.parse_console(
            f"{FORMS}SPM: run 7 mov4 kernel 2040 ok 11223344")
        with self.assertRaises(judge.BadReport):
            judge.judge(report, [judge.parse_device_log([])], [PROTECTED],
                        QUIRKS)

    def test_write_without_mark(self):
        with self.assertRaises(judge.BadReport):
            judge.judge(judge.Report(), [judge.parse_device_log(
                ["W 0 2040 4 1"])], [PROTECTED], QUIRKS)

    def test_what_the_judge_ignores(self):
        self.assertEqual(judge.parse_device_log(
            ["bar 0 febf0000", "CW 4 2 103", "CR 0 4 0"]), {None: []})

    def test_forms_right(self):
        report = judge.parse_console(
            f"{FORMS}SPM: run 1 mov1 kernel 2040 ok 11\n"
            "SPM: run 2 mov1 user 2040 ok 11\n"
            "SPM: run 3 mov4 user 2100 ok 11223344\nSPM: done 3\n")
        log = judge.parse_device_log(
            ["mark 1", "W 0 2040 1 11", "mark 2", "mark 3"])
        findings = judge.judge(report, [log], [PROTECTED], QUIRKS)
        self.assertEqual(report.done, 3)
        self.assertEqual(judge.forms_right(findings), (1, 2))


if __name__ == "__main__":
    unittest.main()
