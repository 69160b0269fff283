# SPDX-License-Identifier: GPL-2.0-only
"""Whole runs of the lab with the real device and a script for an emulator:
what it says about things that go wrong, and that it leaves nothing behind."""

import importlib.machinery
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

import domu
import judge
import linux
import machine
import runner
import scenarios
import usb

HERE = Path(__file__).parent
DEVICE = Path(os.environ.get(
    "DEVICE", HERE.parents[4] / "build/device/device"))
FAKE = scenarios.Machine(
    emulator=sys.executable, package="python3",
    arguments=("-B", str(HERE / "emulator.py")), device=("{fd}",),
    kernel=("xen", "{xen}", "{guest}"), xen_options="com1",
    quirks=judge.Quirks(restarts=True))
FORM = "say('SPM: form mov4 w0:4'); "
RUN = FORM + ("write(0, 4, 1); write(0x2040, 4, 0x44332211); "
              "say('SPM: run 1 mov4 kernel 2040 ok 11223344'); ")
LOST = FORM + ("write(0, 4, 1); "
               "say('SPM: run 1 mov4 kernel 2040 ok 11223344'); ")
DONE = "say('SPM: done 1')"
SCENARIO = scenarios.Scenario(
    name="test", about="", kernel="guest", guest=RUN + DONE,
    modes=("kernel",), places=(0x2040,), machine="fake", seconds=20,
    stock=scenarios.Stock(LOST + DONE, (2,)))


# One without devices of ours: its kernel's boot has to be prepared, and it
# keeps a log itself.  The guest's text is what it runs.
LOGGING = scenarios.Machine(
    emulator=sys.executable, package="python3", arguments=("disk",),
    device=(), kernel=(), xen_options="", quirks=judge.Quirks(vector=13),
    files=(("script", "def log(name, text): "
            "print(text, file=open(name, 'a'))\n{guest}\n"),),
    prepare=(("cp", "script", "disk"),),
    last_words=r"^PANIC.*", witness=("log", r"trap at 0x([0-9a-f]+)"))
SAYS = ("log('serial.log', 'SPM: form mov4 w0:4'); "
        "log('serial.log', 'SPM: run 1 mov4 kernel 2040 {} 11223344'); ")
TRAP = "log('log', 'trap at 0x80002041'); "
SAYS_DONE = "log('serial.log', 'SPM: done 1') #"
WINDOW = replace(
    SCENARIO, machine="logging", devices=(), stock=None,
    guest=SAYS.format("ok") + TRAP + SAYS_DONE,
    window=scenarios.Window(0x80000000, 8, ((0x2100, 0x213f),)))


def children():
    """Our processes that have not been cleaned up."""
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return path.read_text(encoding="ascii").split()


class Boots(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        build = Path(self.folder.name)
        (build / "guest").mkdir()
        (build / "guest" / "guest").touch()
        (build / "xen-patched-debug").write_bytes(b"\x7fELF")
        (build / "device").mkdir()
        (build / "device" / "device").symlink_to(DEVICE)
        self.lab = runner.Lab(build)
        patch = mock.patch.dict(scenarios.MACHINES, fake=FAKE,
                                logging=LOGGING)
        patch.start()
        self.addCleanup(patch.stop)

    def boot(self, kind="patched", scenario=SCENARIO, **changes):
        """What the runner finds wrong with a changed scenario."""
        scenario = replace(scenario, **changes)
        self.lab.require(scenario,
                         {kind: self.lab.hypervisor("patched")})
        result = self.lab.boot(scenario, kind,
                               self.lab.hypervisor("patched"))
        self.assertEqual(children(), [])
        return [text for text, _ in result.problems]

    def test_all_well(self):
        self.assertEqual(self.boot(), [])
        self.assertEqual(self.boot("stock"), [])

    def test_boot_option(self):
        self.boot(garbage=("zap",))
        command = (self.lab.folder / "test/patched/command").read_text()
        self.assertIn("com1 subpage-mmio-ro=zap,0xfebf2100-0xfebf213f,"
                      "0xfebf3200-0xfebf3207,0xfebf4000-0xfebf4007 "
                      "subpage-mmio-ro=0xfebf4ff8-0xfebf4fff,"
                      "0xfebf5300-0xfebf5307", command)

    def test_wrong_runs(self):
        self.assertEqual(self.boot(guest=LOST + DONE),
                         ["runs that went wrong: 1"])

    def test_stock_is_better_than_expected(self):
        [problem] = self.boot("stock", stock=scenarios.Stock(RUN + DONE,
                                                             (2,)))
        self.assertIn("expected to get lost, but did not: 1", problem)
        [problem] = self.boot("stock", stock=scenarios.Stock(LOST + DONE,
                                                             (3,)))
        self.assertIn("no run shows", problem)

    def test_incomplete_report(self):
        self.assertEqual(self.boot(guest=RUN + "say('SPM: done 2')"), [
            "the guest counted 2 runs, but reported 1"])
        self.assertEqual(
            self.boot(modes=("kernel", "user"), places=(0x2040, 0x2100)),
            ["the guest ran mov4 in kernel mode at some places only",
             "the guest reported no run in user mode",
             "the guest reported no run at 2100"])
        self.assertEqual(
            self.boot(guest="say('SPM: form mov8 w0:8'); " + RUN + DONE),
            ["the guest did not run mov8: for no reason that it gave"])
        [problem] = self.boot(guest=RUN + "say('SPM: run 2'); " + DONE)
        self.assertIn("makes no sense: 'SPM: run 2'", problem)

    def test_console_patterns(self):
        self.assertEqual(
            self.boot(guest="say('Xen BUG at x'); " + RUN + DONE,
                      expect=("good morning",)),
            ["nothing on the console matches 'good morning'",
             "the console has 'Xen BUG at x'"])

    def test_undefined_behaviour(self):
        """Some of it is stock's."""
        said = "say('(XEN) UBSAN: Undefined behaviour in a/{}:182:28'); "
        self.assertEqual(
            self.boot(guest=said.format("radix-tree.h") + RUN + DONE), [])
        self.assertEqual(
            self.boot(guest=said.format("subpage.c") + RUN + DONE),
            ["the console has "
             "'(XEN) UBSAN: Undefined behaviour in a/subpage.c:182:28'"])

    def test_guest_dies(self):
        self.assertRegex(self.boot(guest=RUN)[0],
                         "ended with status 0, before the guest had finished")

    def test_guest_dies_in_a_run(self):
        problems = self.boot(guest=RUN + "write(0, 4, 2)")
        self.assertRegex(problems[1], "run 2 was never reported")

    def test_guest_hangs(self):
        self.assertEqual(self.boot(guest=RUN + "hang()", seconds=1),
                         ["1 s passed before the guest had finished"])

    def test_no_progress(self):
        """Lines count as such, if they come in time."""
        slow = "import time; time.sleep(0.6); say(''); time.sleep(0.6); "
        with mock.patch.dict(scenarios.MACHINES, fake=replace(
                FAKE, progress=("serial.log", "none"), patience=1)):
            self.assertEqual(self.boot(guest=RUN + slow + DONE), [])
            self.assertRegex(self.boot(guest=RUN + "hang()")[0],
                             "^nothing was printed for 1 s, long before")

    def test_stall(self):
        """What hangs may say so, again and again."""
        with mock.patch.dict(scenarios.MACHINES, fake=replace(
                FAKE, progress=("serial.log",), stall="stalls? on")):
            self.assertEqual(self.boot(guest=RUN + DONE), [])
            self.assertRegex(
                self.boot(guest=RUN + "say('a stall on 2'); hang()")[0],
                "^it said 'stalls. on', long before the guest had finished")

    def test_emulator_with_a_fault(self):
        """Repeats boots that hang and show the fault, and only those."""
        hangs = "answer('monitor', 'it is {}'); say('{}'); hang()"
        for ends, works, boots in (
                (hangs.format(7, "a stall"), 1, 1),
                (hangs.format(7, "a stall"), 2, 2),
                (hangs.format(7, "a stall"), 9, 3),
                (hangs.format(7, "no more"), 2, 2),
                (hangs.format(8, "a stall"), 2, 1),
                (hangs.format(7, "UBSAN: Undefined behaviour in x"), 2, 1),
                (hangs.format(7, "Xen BUG at x"), 2, 1),
                ("say('a stall'); hang()", 2, 1),
                ("sys.exit(3)", 2, 1)):
            (self.lab.folder / "boots").unlink(missing_ok=True)
            guest = ("log = open('../../boots', 'a+'); log.write('x'); "
                     "log.flush(); log.seek(0)\n"
                     f"if len(log.read()) < {works}: {ends}\n")
            faulty = replace(
                FAKE, monitor="monitor", progress=("serial.log",), patience=1,
                stall="a stall", fault=scenarios.Fault(
                    "a fault", lambda registers: "it is 7" in registers,
                    instead="another"))
            with self.subTest(ends=ends, works=works), \
                    mock.patch.dict(
                        scenarios.MACHINES, fake=faulty, another=replace(
                            faulty, xen_options="another")), \
                    mock.patch.multiple(machine, LOOKS=2, LOOK_PAUSE=0.1):
                result = self.lab.boot(
                    replace(SCENARIO, guest=guest + RUN + DONE), "patched",
                    self.lab.hypervisor("patched"))
                self.assertEqual(not result.problems, boots >= works)
                self.assertEqual("another" in Path(
                    result.outcome.folder / "command").read_text(), boots > 1)
                self.assertEqual(
                    [bool(re.search("for a fault: (it said 'a stall'|nothing "
                                    "was printed for 1 s), long", note))
                     for note in result.notes],
                    [True] * (boots - 1))

    def test_faults_for_ever(self):
        """Firmware in two places, of which one is where exceptions return."""
        def seen(*states):
            return "".join(
                f"info registers\r\n\nCPU#0\nEAX=0 EBX=1\n"
                f"{ip} EFL=000000{flags:02x} [---Z-P-] CPL=0\n"
                f"ES =0000 0 0 0\nCS ={selector} 000d9800 0000ffff 00009b00\n"
                f"CR0={cr0:08x} CR2=0\n" for selector, ip, flags, cr0 in states)

        iret = ("f000", "EIP=0000ff53", 0x46, 0x10)
        garbage = ("d980", "EIP=0000f15d", 0x46, 0x10)
        xen = ("e008", "RIP=ffff82d0405e01a6", 0x97, 0x80050033)
        for states, dead in (
                ((iret, xen, garbage, iret), True),
                ((iret, garbage, ("d980", "EIP=0000f15e", 0x46, 0x10)), False),
                ((iret, iret), False), ((garbage, xen), False),
                ((iret, ("d980", "EIP=0000f15d", 0x46, 0x11)), False),
                ((iret, garbage, (*iret[:2], 0x47 | 0x200, 0x10)), False),
                ((xen, xen), False), ((), False)):
            with self.subTest(states=states):
                self.assertEqual(
                    scenarios.faults_for_ever(seen(*states)), dead)

    def test_waits_for_itself(self):
        """Linux in one place with interrupts off, whatever Xen does."""
        def seen(*states):
            return "".join(
                f"info registers\r\n\nCPU#0\nRAX=0 RBX=1\n"
                f"RIP={place:016x} RFL={flags:08x} [-------] CPL=0\n"
                f"ES =0000 0 0 0\nCS ={selector} 0 ffffffff 00af9b00\n"
                for selector, place, flags in states)

        spins = ("0010", 0xffffffff81a5a1a9, 2)
        polls = ("e008", 0xffff82d0405e01a6, 0x97)
        for states, dead in (((spins, polls, spins), True),
                             ((spins, ("0010", 0xffffffff81a5a1ab, 0x46)), True),
                             ((spins, ("0010", 0xffffffff81a5a2a9, 2)), False),
                             ((spins, ("0010", spins[1], 0x202)), False),
                             ((spins, polls, polls, spins), False),
                             ((spins, spins, ("0033", 0x401000, 0x202)), False),
                             ((spins, polls, polls), False),
                             ((("0033", 0x401000, 2),) * 3, False),
                             ((polls, polls), False), ((), False)):
            with self.subTest(states=states):
                self.assertEqual(
                    scenarios.waits_for_itself(seen(*states)), dead)

    def test_counts(self):
        key = ("say('0x00000000febf2000: {} writes forwarded, 0 refused'); " +
               "".join(f"say('0x00000000febf{n}000: 0 writes forwarded, "
                       "0 refused'); " for n in range(3, 6)) + DONE)
        counted = replace(SCENARIO, counted=True)
        self.assertEqual(self.boot(scenario=counted,
                                   guest=RUN + key.format(1)), [])
        [problem] = self.boot(scenario=counted, guest=RUN + key.format(2))
        self.assertRegex(problem, r"page 0xfebf2000: .*\(2, 0\).*\(1, 0\)")

    def test_device_dies(self):
        self.assertRegex(self.boot(guest=RUN + "break_device(); hang()")[0],
                         "device0 ended with status 1: device: unknown "
                         "command 99, before the guest had finished")

    def test_bar_moves(self):
        [problem] = self.boot(guest="place(BAR + 0x8000); place(); " + RUN +
                              DONE)
        self.assertIn("BAR is not at 0xfebf0000", problem)

    def test_emulator_does_not_start(self):
        for changes, pattern in (
                ({"emulator": "no-such-emulator"},
                 "no-such-emulator is not installed: apt-get install x"),
                ({"arguments": ("-c", "import sys; sys.exit('no memory')")},
                 "ended with status 1: no memory, before the firmware")):
            broken = replace(FAKE, package="x", **changes)
            with mock.patch.dict(scenarios.MACHINES, fake=broken):
                with self.assertRaisesRegex(machine.LabError, pattern):
                    self.boot()
            self.assertEqual(children(), [])

    def test_window(self):
        self.assertEqual(self.boot(scenario=WINDOW), [])
        folder = self.lab.folder / "test/patched"
        self.assertIn("# window=80000000+8 protect=2100-213f",
                      (folder / "disk").read_text())
        self.assertEqual(
            runner.window_arguments(scenarios.Window(
                0x90000000, 2, ((0x1000, 0x1007), (0x1010, 0x101f)),
                registers=((0x1000, 0x10ff), (0x1200, 0x120f)))),
            "window=90000000+2 protect=1000-1007+1010-101f "
            "registers=1000-10ff+1200-120f")
        self.assertEqual(
            runner.window_arguments(scenarios.Window(
                0x90000000, 2, ((0x1000, 0x1007), (0x1010, 0x101f))),
                ((0x1000, 0x1007),)),
            "window=90000000+2 protect=1010-101f")

    def test_wrong_window(self):
        for guest in (SAYS.format("ok;mem:2040") + TRAP,
                      SAYS.format("ok"),
                      SAYS.format("ok") + TRAP.replace("8000", "9000")):
            self.assertEqual(self.boot(scenario=WINDOW,
                                       guest=guest + SAYS_DONE),
                             ["runs that went wrong: 1"])

    def test_why_a_machine_ended(self):
        guest = ("import sys; print('PANIC: no BIOS', file=sys.stderr); "
                 "sys.exit('and registers') #")
        [problem] = self.boot(scenario=WINDOW, guest=guest)
        self.assertIn("ended with status 1: PANIC: no BIOS, before", problem)

    def test_preparation(self):
        broken = replace(LOGGING, prepare=(("cp", "nothing", "disk"),))
        with mock.patch.dict(scenarios.MACHINES, logging=broken):
            with self.assertRaisesRegex(
                    machine.LabError, "cp ended with status 1: .*nothing.*"):
                self.boot(scenario=WINDOW)
        self.assertEqual(children(), [])

    def test_another_end(self):
        dies = "say('domain 0 died')"
        self.assertEqual(self.boot(guest=dies, end="0 died"), [])
        [problem] = self.boot(guest=RUN + DONE, end="0 died")
        self.assertIn("before the console showed '0 died'", problem)

    def test_twice(self):
        self.assertEqual(self.boot(twice=True), [])
        for log, what in (("console", "say(os.getcwd())"),
                          ("device 0's log",
                           "'again' in os.getcwd() and write(0x2040, 4, 1)")):
            [problem] = self.boot(twice=True,
                                  guest=RUN + f"import os; {what}; " + DONE)
            self.assertRegex(problem, "two boots differ in line [1-9][0-9]* "
                                      f"of the {log}: '.*', then '.*again|W")

    def test_repeatable_machine(self):
        self.assertEqual(runner.machine_of(SCENARIO), FAKE)
        with mock.patch.dict(scenarios.MACHINES,
                             fake=replace(FAKE, repeatable=("-exact",))):
            self.assertEqual(
                runner.machine_of(replace(SCENARIO, twice=True)).arguments,
                (*FAKE.arguments, "-exact"))

    def test_needs(self):
        for needs in ((("/no/such/file", "some"),), (("no-such", "some"),)):
            broken = replace(LOGGING, needs=needs)
            with mock.patch.dict(scenarios.MACHINES, logging=broken):
                with self.assertRaisesRegex(
                        machine.LabError,
                        f"{needs[0][0]} is not installed: apt-get install s"):
                    self.boot(scenario=WINDOW)

    def test_missing_file(self):
        with self.assertRaisesRegex(machine.LabError,
                                    "guest/other is not there: "):
            self.boot(kernel="other")
        self.assertFalse(self.lab.folder.exists())

    def test_packed_hypervisor(self):
        self.lab.hypervisor("patched").write_bytes(b"\x1f\x8b\x08")
        with self.assertRaisesRegex(machine.LabError,
                                    "not an uncompressed hypervisor: zcat"):
            self.boot()

    def test_what_linux_needs(self):
        (self.lab.build / "kernel").mkdir()
        (self.lab.build / "kernel" / "vmlinux").touch()
        for scenario, name in ((linux.SCENARIOS[0], "linux/init"),
                               (domu.SCENARIOS[0], "linux/dom0"),
                               (usb.SCENARIOS[0], "linux/dom0")):
            with self.assertRaisesRegex(machine.LabError,
                                        f"{name} is not there: "):
                self.boot(scenario=replace(scenario, machine="fake"))

    def test_two_labs(self):
        with self.lab.locked():
            with self.assertRaisesRegex(machine.LabError, "another lab"):
                with runner.Lab(self.lab.build).locked():
                    pass

    def test_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                       signal.SIGALRM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        machine.catch_signals()
        self.addCleanup(machine._pending.clear)
        signal.setitimer(signal.ITIMER_REAL, 1)
        signal.signal(signal.SIGALRM,
                      lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        with self.assertRaisesRegex(machine.Interrupted, "SIGTERM"):
            self.boot(guest=RUN + "hang()")
        self.assertEqual(children(), [])


def load_command():
    """The program as a module."""
    loader = importlib.machinery.SourceFileLoader(
        "lab_command", str(HERE.parent / "lab"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Several(unittest.TestCase):
    """Boots at the same time."""
    command = load_command()

    def setUp(self):
        self.started = []
        patch = mock.patch.object(os, "sched_getaffinity", return_value={0, 1})
        patch.start()
        self.addCleanup(patch.stop)

    def bars(self, scenario):
        """Stands in for the lab's."""

    def boot(self, scenario, kind, _xen):
        """Stands in for the lab's: the guest's arguments say how long."""
        self.started.append((scenario.name, kind))
        if not scenario.guest:
            raise machine.LabError("broken")
        time.sleep(float(scenario.guest))
        return f"{scenario.name} {kind}"

    def plan(self, *items):
        """From names, how long they take, and how long they may."""
        return [(replace(SCENARIO, name=name, guest=guest, seconds=seconds),
                 {"stock": None, "patched": None})
                for name, guest, seconds in items]

    def test_order(self):
        plan = self.plan(("a", "0.2", 10), ("b", "0", 10), ("c", "0.1", 99))
        results = [(scenario.name, results) for scenario, results
                   in self.command.boot_all(self, plan)]
        self.assertEqual(results, [
            (name, {kind: f"{name} {kind}" for kind in ("stock", "patched")})
            for name in "abc"])
        self.assertEqual(self.started[0][0], "c")

    def test_error(self):
        plan = self.plan(("a", "", 10), *[(c, "0.1", 10) for c in "bcdefgh"])
        with self.assertRaisesRegex(machine.LabError, "broken"):
            list(self.command.boot_all(self, plan))
        self.assertLess(len(self.started), 8)


class CommandLine(unittest.TestCase):
    def refused(self, pattern, *arguments):
        result = subprocess.run(
            [HERE.parent / "lab", *arguments], capture_output=True,
            text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, rf"\Alab: .*{pattern}.*\n\Z")

    def test_unknown_scenario(self):
        self.refused("no scenario is called 'nonsense'", "run", "nonsense")

    def test_missing_build(self):
        with tempfile.TemporaryDirectory() as folder:
            for command in ("run", "check", "show"):
                self.refused("is not there: ", command, "--build",
                             folder)
            self.assertEqual(os.listdir(folder), [])

    def test_list(self):
        result = subprocess.run([HERE.parent / "lab", "run", "--list"],
                                capture_output=True, text=True, timeout=60,
                                check=True)
        self.assertEqual(len(result.stdout.splitlines()),
                         len(load_command().SCENARIOS))


if __name__ == "__main__":
    unittest.main()
