# SPDX-License-Identifier: GPL-2.0-only
"""What is said about Linux and the console has to be true: each check must
fail when just its subject is broken."""

import socket
import tempfile
import threading
import unittest
from dataclasses import replace
from pathlib import Path

import console
import cpio
import judge
import linux
import machine
import runner
import scenarios

STEPS = (
    linux.Step("load", said="xhci_hcd$"),
    linux.poke(0x8600, 32, 0x11223344),
    linux.Step("type", console="pressed"),
    linux.Step("stream", stream=8),
    linux.RING)
SCENARIO = linux.Scenario("test", "", "linux-pv", STEPS,
                          driver_writes=("8470 4 e0000000",))
LINUX = """SPM: step 1 load
SPM: said 1 drivers/xhci_hcd
SPM: end 1 0
SPM: step 2 poke
SPM: end 2 0
SPM: step 3 type
SPM: end 3 0
SPM: step 4 stream
SPM: end 4 0
SPM: step 5 ring
(XEN) too early
(XEN) one
(XEN) two
SPM: end 5 0
SPM: done 5
"""
CONSOLE = """(XEN) one
SPM: step 1 load
SPM: said 1 drivers/xhci_hcd
SPM: end 1 0
SPM: step 2 poke
SPM: end 2 0
SPM: step 3 type
'h' pressed
SPM: end 3 0
SPM: step 4 stream
1
(XEN) two
2
3
4
SPM: end 4 0
SPM: step 5 ring
SPM: end 5 0
SPM: done 5
(XEN) three
"""
DEVICE = """W 0 8470 4 e0000000
W 0 8704 4 100
R 0 8720 4 80000001
mark 1
W 0 b8 4 20
mark 2
W 0 8704 4 0
W 0 8600 4 11223344
mark 3
mark 4
mark 5
"""


class Checks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def result(self, linux_text=LINUX, console_text=CONSOLE, device=DEVICE,
               scenario=SCENARIO, kind="patched"):
        """What the runner makes of these logs."""
        (self.folder / scenarios.LINUX_OUTPUT).write_text(linux_text)
        outcome = machine.Outcome(
            self.folder, console_text.replace("\n", "\r\n"),
            [device.splitlines()], [], 1.0, None)
        return runner.judge_console(scenario, kind, outcome)

    def wrong(self, **texts):
        """The checks that fail."""
        return [check.name for check in self.result(**texts).findings
                if not check.right]

    def test_all_well(self):
        result = self.result()
        self.assertEqual(result.problems, [])
        count = len(result.findings)
        self.assertEqual(result.counts, f"{count}/{count} checks right")

    def test_says(self):
        self.assertEqual(
            self.wrong(linux_text=LINUX.replace("xhci_hcd", "nothing"),
                       console_text=CONSOLE.replace("xhci_hcd", "nothing")),
            ["step 1 (load) says"])

    def test_status(self):
        [text] = [text for text, _ in self.result(
            linux_text=LINUX.replace("end 2 0", "end 2 143"),
            console_text=CONSOLE.replace("end 2 0", "end 2 143")).problems]
        self.assertRegex(text, "step 2 .* ends: expected status 0, but it is "
                         "143")

    def test_step_missing(self):
        self.assertIn("step 5 (privately tool ring) begins", self.wrong(
            linux_text=LINUX[:LINUX.index("SPM: step 5")]))

    def test_writes(self):
        due = "W 0 8600 4 11223344\n"
        for got in ("", due * 2, due.replace("8600", "8000"),
                    due.replace("4 1", "8 1"), due.replace("344", "345")):
            self.assertEqual(self.wrong(device=DEVICE.replace(due, got)),
                             ["step 2 (poke 8600 32 11223344) writes"])

    def test_driver_writes(self):
        self.assertEqual(
            self.wrong(device=DEVICE.replace("W 0 8470 4 e0000000\n", "")),
            ["writes of the driver that takes over from firmware"])

    def test_debug_capability(self):
        for write in ("8700 4 1",           # a register nobody writes to
                      "8720 4 5a5a0020",    # what Linux tries
                      "873c 8 1"):          # beyond its end: not just ours
            got = DEVICE.replace("mark 5\n", f"mark 5\nW 0 {write}\n")
            wrong = self.wrong(device=got)
            if write.startswith("873c"):
                self.assertEqual(wrong, [])
            else:
                self.assertEqual(wrong,
                                 ["who writes to the debug capability"])
        nobody = "".join(line for line in DEVICE.splitlines(True)
                         if not line.startswith("W 0 87"))
        self.assertEqual(self.wrong(device=nobody),
                         ["who writes to the debug capability"])

    def test_transfers_among_writes(self):
        """Those OUT, each after another write; and of these as many as Linux
        says."""
        step = replace(STEPS[1], writes=(), hammer=(0x8600, 8), among=2)
        scenario = replace(SCENARIO, steps=(STEPS[0], step, *STEPS[2:]))
        out, other = "W 0 8704 4 0\n", "W 0 8704 4 100\n"
        first, last = "W 0 8600 4 8\n", "W 0 8600 4 9\n"
        end = "SPM: end 2 0\n"
        for count, got, wrong in (
                ("2", first + out + other + last + out, []),
                ("2", out + first + other + out + last + out + out, []),
                ("2", first + other + last + out, ["among"]),
                ("2", first + out + out + last, ["among"]),
                ("2", out + first + last + out, ["among"]),
                ("2", last + out + first + out, ["writes"]),
                ("1", first + out + last + out, ["writes"]),
                ("3", first + out + last + out, ["writes"]),
                ("no", first + out + last + out, ["writes"])):
            device = DEVICE.replace("W 0 8600 4 11223344\n", got)
            said = f"SPM: said 2 {count} writes\n{end}"
            self.assertEqual(
                [name.rpartition(") ")[2].split()[0] for name in
                 self.wrong(linux_text=LINUX.replace(end, said),
                            console_text=CONSOLE.replace(end, said),
                            scenario=scenario, device=device)], wrong)

    def test_device_line(self):
        """It has to be in the step's part of the log."""
        step = replace(STEPS[2], device="dbc off$")
        scenario = replace(SCENARIO, steps=(*STEPS[:2], step, *STEPS[3:]))
        for line, mark, wrong in (
                ("dbc off", 3, []), ("dbc offline", 3, ["step 3"]),
                ("dbc off", 2, ["step 3"]), ("dbc off", 4, ["step 3"])):
            device = DEVICE.replace(f"mark {mark}\n",
                                    f"mark {mark}\n{line}\n")
            self.assertEqual([name[:6] for name in self.wrong(
                scenario=scenario, device=device)], wrong)

    def test_console(self):
        for got, name in (
                (CONSOLE.replace("pressed", ""), "step 3 (type) on the"),
                (CONSOLE.replace("\n3\n", "\n"), "step 4 (stream) streams"),
                (CONSOLE.replace("\n3\n", "\n3\n3\n"), "step 4 (stream) st"),
                (CONSOLE.replace("3\n4", "4\n3"), "step 4 (stream) st"),
                (CONSOLE.replace("end 2 0", "end 2"), "what Linux said"),
                (CONSOLE.replace("two", "tow"), "Xen's log arrives"),
                (CONSOLE.replace("(XEN) one\n", "(XEN) late\n"),
                 "Xen's log")):
            [wrong] = self.wrong(console_text=got)
            self.assertTrue(wrong.startswith(name), wrong)

    def test_stock(self):
        scenario = replace(SCENARIO, stock_steps=STEPS,
                           stock_wrong=(r"step 2 .* writes",))
        lost = DEVICE.replace("W 0 8600 4 11223344\n", "")
        self.assertEqual(self.result(scenario=scenario, kind="stock",
                                     device=lost).problems, [])
        [(text, _)] = self.result(scenario=scenario, kind="stock").problems
        self.assertRegex(text, "nothing is wrong with 'step 2 ")
        [(text, _)] = self.result(
            scenario=scenario, kind="stock", device=lost,
            console_text=CONSOLE.replace("two", "tow")).problems
        self.assertRegex(text, "^Xen's log")

    def test_bad_report(self):
        [(text, _)] = self.result(linux_text="SPM: end 1 0\n").problems
        self.assertRegex(text, "before the step has begun")

    def test_lost(self):
        """Xen may read where the device no longer is, but not write."""
        for line, problems in (("lost R febe8720 4", []),
                               ("lost W febe8720 4", ["an access hit no "
                                "BAR: 'lost W febe8720 4'"])):
            result = self.result(device=f"{DEVICE}{line}\n")
            self.assertEqual([text for text, _ in result.problems], problems)

    def test_forbidden(self):
        [(text, _)] = self.result(
            console_text=CONSOLE + "Xen WARN at x\n").problems
        self.assertEqual(text, "the console has 'Xen WARN at x'")


class Attends(unittest.TestCase):
    """Of the machine, while Linux runs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.settimeout(5)
        listener.bind(str(self.folder / name))
        listener.listen()
        return listener

    def test_steps_of_the_debug_host(self):
        """Each once, and a device that refuses one is an error."""
        control = self.listen(scenarios.CONTROL)
        host = console.DebugHost(self.folder)
        answers = [b"ok\n", b"no\n"]
        told = []

        def answer():
            for words in answers:
                peer, _ = control.accept()
                with peer:
                    told.append(peer.recv(100))
                    peer.sendall(words)

        device = threading.Thread(target=answer)
        device.start()
        output = self.folder / scenarios.LINUX_OUTPUT
        output.write_text("SPM: step 1 host input \\x01h\r\n")
        host.attend()
        host.attend()
        output.write_text(output.read_text() + "SPM: step 2 host cable up\n")
        with self.assertRaisesRegex(machine.LabError, "'cable up': no"):
            host.attend()
        device.join()
        self.assertEqual(told, [b"input \x01h\n", b"cable up\n"])

    def test_sleeps(self):
        """Wakes it as often as it takes, but only when it is not awake."""
        monitor = self.listen(scenarios.MONITOR)
        host = console.DebugHost(self.folder, sleeps=True)
        said = b""
        for line, looks in ((b"step 1 free", 1), (b"step 2 suspend", 3),
                            (b"end 2 0", 1), (b"step 3 x && suspend", 1),
                            (b"end 3 0", 1)):
            said += b"SPM: " + line + b"\n"
            (self.folder / scenarios.LINUX_OUTPUT).write_bytes(said)
            for _ in range(looks):
                host.attend()
        (self.folder / scenarios.DEBUG_OUTPUT).write_bytes(console.STAYS_ON)
        host.attend()
        peer, _ = monitor.accept()
        with peer:
            self.assertEqual(peer.recv(1000),
                             b"system_wakeup\n" * 4 + b"quit\n")
        host.attend()           # it may be off by now

    def test_progress(self):
        """Each step once."""
        told = []
        host = console.DebugHost(self.folder, progress=told.append)
        host.attend()
        output = self.folder / scenarios.LINUX_OUTPUT
        output.write_text("SPM: step 1 x\nSPM: end 1 0\nSPM: step 2 y\nSPM")
        host.attend()
        output.write_text(output.read_text() + ": step 3 z\n")
        host.attend()
        host.attend()
        self.assertEqual(told, [1, 2, 3])


class Files(unittest.TestCase):
    def test_archive(self):
        data = cpio.archive({"a/b": b"12345", "init": b""})
        self.assertEqual(len(data) % 4, 0)
        self.assertEqual(data.count(b"070701"), 6)
        self.assertEqual(data[:6], b"070701")
        names = [b"a\0", b"dev\0", b"dev/console\0", b"a/b\0", b"init\0",
                 b"TRAILER!!!\0"]
        at = [data.index(name) for name in names]
        self.assertEqual(at, sorted(at))
        self.assertEqual(data, cpio.archive({"init": b"", "a/b": b"12345"}))

    def test_stream(self):
        self.assertEqual(console.stream(8), "1\n2\n3\n4\n")


if __name__ == "__main__":
    unittest.main()
