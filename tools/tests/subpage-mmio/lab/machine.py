# SPDX-License-Identifier: GPL-2.0-only
"""Boots a machine with its devices, and leaves nothing behind.

Every process is one that this file started; each is killed on the way out,
whatever that way is, and dies with us even if we are killed ourselves.  Every
wait is a loop that looks at the clock and at pending signals.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

POLL = 0.05                     # seconds
FIRMWARE_LIMIT = 120            # until the firmware must have placed the BARs
EXIT_GRACE = 60                 # for the machine to power off by itself
PREPARE_LIMIT = 120             # for each command before the machine starts
PATIENCE = 300                  # with most machines that make no progress
DONE = r"SPM: done \d+\s"
LAST_LINE = r"\S.*"
LOOKS = 20                      # at the registers of a machine that hangs
LOOK_PAUSE = 0.2                # seconds between them
LOOK_LIMIT = 5                  # seconds for each
REGISTERS = "registers"         # the file with what was seen
ANSWER_LIMIT = 60               # seconds for whoever listens at a socket


class LabError(Exception):
    """Nothing can be tested: one line that names the thing and the remedy."""


class Interrupted(Exception):
    """A signal asked us to end."""


_pending = []


def catch_signals():
    """Note signals rather than be torn out of a half-done start."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _frame: _pending.append(caught))


def check_signals():
    """Raise if a signal has come."""
    if _pending:
        raise Interrupted(f"ended by {signal.Signals(_pending[0]).name}")


@dataclass
class Outcome:
    """What is left of a boot."""
    folder: Path
    console: str
    device_logs: list           # lines of each device's log
    witness: list               # what the machine itself logged: addresses
    seconds: float
    problem: str | None         # why it did not end as it should
    registers: str = ""         # while it hung, again and again


class Process:
    """A child in a process group of its own, with all its files in `folder`:
    what it prints, and what it may leave behind if it gets killed."""

    def __init__(self, name, argv, folder, fds):
        self.name = Path(name).name
        self.errors = folder / f"{self.name}.err"
        with open(self.errors, "wb") as output:
            try:
                self._child = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *argv], cwd=folder,
                    env={**os.environ, "TMPDIR": "."},
                    stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    pass_fds=fds, start_new_session=True)
            except OSError as error:
                raise LabError(f"cannot start {name}: {error}") from error

    def status(self):
        """None while it runs."""
        return self._child.poll()

    def last_words(self, pattern):
        """How it ended, in one line: with the last one that matches."""
        words = re.findall(pattern, self.errors.read_text(errors="replace"),
                           re.M)
        status = self._child.returncode
        how = (f"was killed by {signal.Signals(-status).name}" if status < 0
               else f"ended with status {status}")
        return ": ".join([f"{self.name} {how}",
                          *(word.strip() for word in words[-1:])])

    def kill(self):
        """The whole group; a no-op after the end."""
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()


class Boot:
    """One machine and its devices, running until the `with` block ends."""

    def __init__(self, machine, devices, folder, device_program):
        self.machine = machine
        self.devices = devices
        self.folder = folder
        self._device_program = device_program
        self._stack = contextlib.ExitStack()
        self.processes = []
        self.attend = lambda: None      # whatever else has to be done

    def start(self, files=None, texts=None):
        """Start the devices, then the emulator with the devices' sockets.

        `files` (name: path, or contents) appear in the folder it runs in, so
        that no path on its command line needs quoting.  `texts` fill in what
        the machine needs to boot a kernel; without them, it does not get one.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for name, file in (files or {}).items():
            if isinstance(file, bytes):
                (self.folder / name).write_bytes(file)
            else:
                (self.folder / name).symlink_to(file.resolve())
        kernel_arguments = self._prepare(texts) if texts else []
        argv = [self.machine.emulator, *self.machine.arguments]
        theirs = []
        with contextlib.ExitStack() as sockets:
            for number, device in enumerate(self.devices):
                ours, peer = socket.socketpair()
                sockets.enter_context(ours)
                sockets.enter_context(peer)
                theirs.append(peer.fileno())
                self._start_device(number, device, ours.fileno())
                argv += [word.format(number=number, fd=peer.fileno())
                         for word in self.machine.device]
            argv += kernel_arguments
            (self.folder / "command").write_text(shlex.join(argv) + "\n")
            self._spawn(self.machine.emulator, argv, theirs)

    def _prepare(self, texts):
        """Make what a kernel's boot needs.  Returns the arguments for it."""
        for name, text in self.machine.files:
            (self.folder / name).write_text(text.format(**texts))
        for argv in self.machine.prepare:
            self._complete(argv)
        return [word.format(**texts) for word in self.machine.kernel]

    def _complete(self, argv):
        """Run a command to its end."""
        process = Process(argv[0], argv, self.folder, ())
        self._stack.callback(process.kill)
        limit = time.monotonic() + PREPARE_LIMIT
        while process.status() is None:
            check_signals()
            if time.monotonic() > limit:
                raise LabError(f"{argv[0]} took more than {PREPARE_LIMIT} s; "
                               f"see {self.folder}")
            time.sleep(POLL)
        if process.status():
            raise LabError(f"{process.last_words(LAST_LINE)}; "
                           f"see {self.folder}")

    def _start_device(self, number, device, fd):
        argv = [str(self._device_program), "--model", device.model,
                "--fd", str(fd), "--log", f"device{number}.log",
                *self.machine.device_arguments]
        for option in device.options:
            argv += ["--option", option]
        self._spawn(f"device{number}", argv, [fd])

    def _spawn(self, name, argv, fds):
        process = Process(name, argv, self.folder, fds)
        self._stack.callback(process.kill)
        self.processes.append(process)

    def wait(self, finished, seconds, what):
        """None once `finished()`, or in words what happened instead."""
        limit = time.monotonic() + seconds
        size, patience = None, None
        while not finished():
            check_signals()
            self.attend()
            # What a process did last may be what we wait for.
            if (gone := self._gone()) and not finished():
                return (f"{gone.last_words(self.machine.last_words)}, "
                        f"before {what}")
            if time.monotonic() > limit:
                return f"{seconds} s passed before {what}"
            if size != (size := self._progress()):
                patience = time.monotonic() + self.machine.patience
                if self._stalls():
                    self._look()
                    return (f"it said '{self.machine.stall}', long before "
                            f"{what}")
            elif self.machine.progress and time.monotonic() > patience:
                self._look()
                return (f"nothing was printed for {self.machine.patience} s, "
                        f"long before {what}")
            time.sleep(POLL)
        return None

    def _look(self):
        """At what the processor does instead, if the emulator can be asked.
        What could not be seen is missing from the file."""
        if not self.machine.monitor:
            return
        with open(self.folder / REGISTERS, "wb") as seen, \
                contextlib.suppress(OSError), \
                connect(self.folder, self.machine.monitor) as monitor:
            monitor.settimeout(LOOK_LIMIT)
            for _ in range(LOOKS):
                check_signals()
                monitor.sendall(b"info registers\n")
                time.sleep(LOOK_PAUSE)
                seen.write(monitor.recv(1 << 16))

    def _progress(self):
        """Changes when it makes any."""
        return [path.stat().st_size for name in self.machine.progress
                if (path := self.folder / name).exists()]

    def _stalls(self):
        """Does what it prints tell that it makes none?"""
        return self.machine.stall and any(
            re.search(self.machine.stall.encode(), path.read_bytes())
            for name in self.machine.progress
            if (path := self.folder / name).exists())

    def _gone(self):
        """A process that has ended.  A device does so with status 0 once the
        emulator has hung up, which says nothing about the device."""
        for process in self.processes:
            if process.status() or process.status() == 0 and (
                    process is self.processes[-1]):
                return process
        return None

    def ended(self):
        """Has the emulator ended?"""
        return self.processes[-1].status() is not None

    def console(self):
        """The serial console so far."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / self.machine.console).read_bytes()
        return b""

    def device_log(self, number):
        """Lines of a device's log so far."""
        with contextlib.suppress(FileNotFoundError):
            text = (self.folder / f"device{number}.log").read_text()
            return text.splitlines()
        return []

    def registers(self):
        """Those that were seen."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / REGISTERS).read_text(errors="replace")
        return ""

    def witness(self):
        """Addresses in the machine's own log, in order."""
        if not self.machine.witness:
            return []
        name, pattern = self.machine.witness
        with contextlib.suppress(FileNotFoundError):
            text = (self.folder / name).read_text(errors="replace")
            return [int(found, 16) for found in re.findall(pattern, text)]
        return []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # In reverse: the emulator goes before its devices.
        self._stack.close()


def connect(folder, name):
    """To a socket, whose path must be short."""
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(ANSWER_LIMIT)
    descriptor = os.open(folder, os.O_PATH)
    try:
        peer.connect(f"/proc/self/fd/{descriptor}/{name}")
    except OSError:
        peer.close()
        raise
    finally:
        os.close(descriptor)
    return peer


def find_programs(machine, *files):
    """A missing file is to be reported before anything is started."""
    for name, package in ((machine.emulator, machine.package),
                          *machine.needs, ("setpriv", "util-linux")):
        # (An absolute path need not be a program's.)
        if not (shutil.which(name) or name[0] == "/" and Path(name).exists()):
            raise LabError(f"{name} is not installed: "
                           f"apt-get install {package}")
    for file in files:
        if not file.exists():
            raise LabError(f"{file} is not there: 'make check' makes what is "
                           f"booted, 'make check-domu' also what has domains; "
                           f"or name another by --xen, or --build")


def bar_lines(log):
    """The addresses that BAR 0 had, in order."""
    return [int(line.split()[2], 16) for line in log
            if line.startswith("bar 0 ")]


def find_bars(boot):
    """Where the firmware puts each device's BAR 0: a boot of the firmware
    alone tells, and it is the same with a kernel."""
    with boot:
        boot.start()
        numbers = range(len(boot.devices))
        problem = boot.wait(
            lambda: all(bar_lines(boot.device_log(n)) for n in numbers),
            FIRMWARE_LIMIT, "the firmware had placed the BARs")
        if problem:
            raise LabError(f"{problem}; see {boot.folder}")
        return [bar_lines(boot.device_log(n))[-1] for n in numbers]


def run_guest(boot, bars, files, texts, seconds, end=DONE, attend=None,
              powers_off=True):
    """Boot a hypervisor and its guest until the guest says it has finished,
    or until another `end` that is on the console.  Meanwhile, `attend` gets
    called every now and then.  What does not power off is not waited for.

    `files` and `texts` are for Boot.start(), and `bars` are the addresses
    that these rely on.
    """
    started = time.monotonic()
    if attend:
        boot.attend = attend
    with boot:
        boot.start(files, texts)
        problem = boot.wait(
            lambda: re.search(end.encode(), boot.console()), seconds,
            "the guest had finished" if end == DONE else
            f"the console showed '{end}'")
        if problem is None and powers_off:
            problem = boot.wait(boot.ended, EXIT_GRACE,
                                "the machine powered off")
    outcome = Outcome(
        boot.folder, boot.console().decode(errors="replace"),
        [boot.device_log(n) for n in range(len(boot.devices))],
        boot.witness(), time.monotonic() - started, problem,
        boot.registers())
    for bar, log in zip(bars, outcome.device_logs):
        if not problem and set(bar_lines(log)) != {bar}:
            outcome.problem = (f"a device's BAR is not at {bar:#x}, where "
                               f"the firmware alone had put it")
    return outcome
