# SPDX-License-Identifier: GPL-2.0-only
"""What is said about Linux and its virtio device has to be true: each check
must fail when just its subject is broken."""

import tempfile
import unittest
from pathlib import Path

import machine
import runner
import scenarios
import virtio

[SCENARIO] = virtio.SCENARIOS
KERNELS = 2                     # buffers that Linux keeps, of three at first
TABLE = """W 0 100c 4 1
W 0 1000 4 fee0100c
W 0 1004 4 0
W 0 1008 4 41a0
W 0 101c 4 1
W 0 1010 4 fee0100c
W 0 1014 4 0
W 0 1018 4 41a8
W 0 101c 4 0
"""
NOTIFIED = "W 0 1800 2 0\nmsi 1 fee0100c 41a8\n"


def numbers(first, count):
    """What Linux prints of so many buffers."""
    stream = bytes(range(251)) * (64 * (first + count) // 251 + 1)
    return [stream[64 * n:64 * n + 64].hex()
            for n in range(first, first + count)]


def linux_log(kind, said, irqs, loaded=0):
    """What Linux tells of its steps."""
    text = ""
    steps = SCENARIO.stock_steps if kind == "stock" else SCENARIO.steps
    for number, step in enumerate(steps, 1):
        lines, printed, status = [], [], 0
        if step == virtio.LOAD:
            status = loaded
        elif step == virtio.BOUND:
            lines = ["../../../bus/pci/drivers/virtio-pci"]
        elif step == virtio.READ:
            printed, status = said, 0 if said else 137
        elif step == virtio.COUNT:
            lines = [f"34:   {irqs}  xen-pirq    -msi-x     virtio0-input"]
        text += f"SPM: step {number} {step.command}\n"
        text += "".join(f"{line}\n" for line in printed)
        text += "".join(f"SPM: said {number} {line}\n" for line in lines)
        text += f"SPM: end {number} {status}\n"
    return text + f"SPM: done {number}\n"


DEVICE = (
    f"mark 1\nW 0 1114 1 f\nW 0 111c 2 1\n{TABLE}{NOTIFIED * 3}mark 2\n"
    "mark 3\nW 0 1020 4 1b92a3b4\nmark 4\nW 0 1023 1 1b\n"
    "mark 5\nW 0 1026 2 1b92\nmark 6\nW 0 1028 8 1b92a3b4c5d6e7f8\n"
    f"mark 7\nmark 8\nmark 9\n{NOTIFIED * 1024}mark 10\n")
STOCK = f"mark 1\nW 0 1114 1 f\n{TABLE}mark 2\nmark 3\nmark 4\n"
READ = numbers(KERNELS, 1024)


class Checks(unittest.TestCase):
    def problems(self, kind="patched", device=DEVICE, said=READ, irqs=1027,
                 loaded=0):
        """What the runner finds in these logs."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / scenarios.LINUX_OUTPUT).write_text(
                linux_log(kind, said, irqs, loaded))
            return [text for text, _ in runner.judge_console(
                SCENARIO, kind, machine.Outcome(
                    Path(folder), "", [device.splitlines()], [], 1.0,
                    None)).problems]

    def wrong(self, **logs):
        """The checks that fail."""
        return [text.partition(":")[0] for text in self.problems(**logs)]

    def test_all_well(self):
        self.assertEqual(self.problems(), [])
        # The kernel may want more of it at any time.
        late = DEVICE + NOTIFIED
        for irqs in 1027, 1028:
            self.assertEqual(self.problems(device=late, irqs=irqs), [])
        more = DEVICE.replace("mark 9\n", "mark 9\n" + NOTIFIED)
        self.assertEqual(self.problems(
            device=more, irqs=1028,
            said=READ[:500] + numbers(KERNELS + 501, 524)), [])

    def test_table(self):
        for write in ("1000 4 5a5a0000", "1004 4 5a5a0004", "1018 4 5a5a0018",
                      "1018 4 41a00", "1008 4 4105", "100c 4 2",
                      "1000 8 fee00000", "1012 2 fee0", "1080 4 0",
                      "1084 4 0"):
            self.assertEqual(
                self.wrong(device=DEVICE.replace(
                    "mark 8\n", f"W 0 {write}\nmark 8\n")),
                ["who writes to the MSI-X table and PBA"], write)
        self.assertEqual(self.wrong(device=DEVICE.replace(TABLE, "")),
                         ["who writes to the MSI-X table and PBA"])

    def test_free_registers(self):
        due = "W 0 1023 1 1b\n"
        for got in ("", due * 2, due.replace("1023", "10ff")):
            self.assertEqual(self.wrong(device=DEVICE.replace(due, got)),
                             ["step 4 (poke 1023 8 1b) writes"])

    def test_notifications(self):
        for got in ("W 0 1800 2 0\n" + NOTIFIED,            # not answered
                    "msi 1 fee0100c 41a8\n",                # never arrived
                    NOTIFIED.replace("1800 2", "1800 4"),
                    NOTIFIED.replace("2 0", "2 1")):
            device = DEVICE.replace("mark 2\n", f"{got}mark 2\n")
            self.assertEqual(self.wrong(device=device, irqs=1028 - (
                device.count("msi") == 1027)), ["notifications"], got)

    def test_numbers(self):
        other = READ[700][:-2] + "fe"
        for said in (READ[:700] + [other] + READ[701:],     # not the device's
                     READ[:700] + READ[699:1023],           # twice
                     READ[:700] + [READ[701], READ[700]] + READ[702:],
                     numbers(4, 1024),                      # never handed out
                     READ[:1023] + [READ[1023][:-1]],
                     READ[:1023], READ + numbers(1026, 1)):
            self.assertEqual(self.wrong(said=said), ["random numbers"])

    def test_interrupts(self):
        self.assertEqual(self.wrong(irqs=1026), ["interrupts"])
        self.assertEqual(self.wrong(irqs=1028), ["interrupts"])
        # Those for something else do not count.
        self.assertEqual(self.wrong(
            device=DEVICE + "msi 0 fee0100c 41a0\n", irqs=1028),
            ["interrupts"])

    def test_stock(self):
        for loaded in 0, 137:
            self.assertEqual(self.problems("stock", STOCK, [], 0, loaded), [])
        works = STOCK.replace("mark 4", NOTIFIED * 1027 + "mark 4")
        self.assertEqual(
            self.problems("stock", works),
            [f"nothing is wrong with '{pattern}', as it should be"
             for pattern in SCENARIO.stock_wrong])
        [text] = self.problems(
            "stock", STOCK.replace("mark 3", "W 0 1080 4 0\nmark 3"), [], 0)
        self.assertRegex(text, "^who writes to the MSI-X table")


if __name__ == "__main__":
    unittest.main()
