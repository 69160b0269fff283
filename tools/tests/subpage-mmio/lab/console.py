# SPDX-License-Identifier: GPL-2.0-only
"""Linux and the console on one controller: boots it, and compares what Linux
said, what the console received, and what the device saw."""

import contextlib
import itertools
import re
from dataclasses import dataclass, field

import cpio
import judge
import linux
import machine
import scenarios

DOORBELL = 4                    # a 0 there: OUT (section 7.6.8.2)

# The registers of the debug capability which Xen's driver writes: offsets.
DRIVEN = {0x04, 0x08, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x28, 0x30, 0x34, 0x38,
          0x3c}


# How a step ended, for `lab show`.
STATUS_WORDS = {0: "", None: "it never ended", 137: "it never ended"}
# Lines of the hypervisor, and of domains.
OTHERS = r"(\(XEN\)|\(d\d+\)|SPM:) .*\n"
STAYS_ON = b"Dom0 halted: halting machine"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""
    name: str
    right: bool
    expected: str
    seen: str
    about: str = ""             # the same thing in words, for `lab show`
    shown: str = ""             # what was seen of it, likewise

    def __str__(self):
        return f"{self.name}: expected {self.expected}, but {self.seen}"


@dataclass
class Told:
    """What Linux told of a step."""
    command: str
    said: list = field(default_factory=list)
    status: int | None = None   # None: it did not end


class DebugHost:
    """Has the device do what the steps for it say, when Linux gets there, and
    wakes the machine up, or switches it off."""

    def __init__(self, folder, sleeps=False, progress=lambda words: None):
        self._folder = folder
        self._sleeps = sleeps
        self._progress = progress
        self._monitor = None
        self._seen = 0

    def attend(self):
        """Look for new ones."""
        text = read(self._folder / scenarios.LINUX_OUTPUT)
        steps = re.findall(rb"^SPM: step (\d+) (.*?)\r?\n", text, re.M)
        for number, command in steps[self._seen:]:
            self._seen += 1
            self._progress(int(number))
            if command.startswith(b"host "):
                self._tell(command[5:].decode("unicode_escape"))
        if self._sleeps and steps:
            self._wake(text, *steps[-1])

    def _wake(self, text, number, command):
        if b"suspend" in command and b"SPM: end %b " % number not in text:
            # (Which has no effect until it sleeps, and is tried again.)
            self._press(b"system_wakeup")
        if STAYS_ON in read(self._folder / scenarios.DEBUG_OUTPUT):
            self._press(b"quit")

    def _press(self, button):
        self._monitor = self._monitor or machine.connect(self._folder,
                                                         scenarios.MONITOR)
        with contextlib.suppress(BrokenPipeError):      # it is off already
            self._monitor.sendall(button + b"\n")

    def _tell(self, words):
        with machine.connect(self._folder, scenarios.CONTROL) as control:
            control.sendall(words.encode() + b"\n")
            answer = control.recv(100).decode().strip()
            if answer != "ok":
                raise machine.LabError(f"the device does not do '{words}': "
                                       f"{answer}")


def read(path):
    """A file's bytes; none if it does not exist yet."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def steps_of(scenario, kind):
    """The steps on a hypervisor."""
    return scenario.stock_steps if kind == "stock" else scenario.steps


def script(steps):
    """A file of them."""
    return "".join(f"{step.command}\n" for step in steps).encode()


def required(build, init):
    """What is needed for a Linux whose first process that is."""
    return {"init": build / "linux" / init,
            "bin/tool": build / "linux" / "tool",
            "bin/busybox": build / "kernel" / "busybox"}


def files_of(build, init, **more):
    """The first files of that Linux."""
    files = {name: path.read_bytes()
             for name, path in required(build, init).items()} | more
    for module in (build / "kernel").glob("*.ko"):
        files[f"modules/{module.name}"] = module.read_bytes()
    return files


def boot(lab, scenario, kind, xen):
    """What is left of a boot."""
    steps = steps_of(scenario, kind)
    end = kind == "stock" and scenario.stock_end
    return run(lab, scenario, kind, xen,
               files_of(lab.build, "init", steps=script(steps)),
               dict(enumerate(steps, 1)), end or rf"SPM: done {len(steps)}\s",
               powers_off=not end)


def run(lab, scenario, kind, xen, files, steps, end, powers_off=True):
    """The same, of these files, whose steps have these numbers."""
    its_machine = scenarios.MACHINES[scenario.machine]
    folder = lab.folder / scenario.name / kind
    return machine.run_guest(
        machine.Boot(its_machine, scenario.devices, folder, lab.device), [],
        {"xen": xen, "dom0": lab.kernel(scenario),
         "initramfs": cpio.archive(files)},
        {"xen": f"{its_machine.xen_options} {scenario.xen_options}",
         "guest": its_machine.guest_options}, scenario.seconds, end,
        DebugHost(folder, scenario.sleeps, lambda number: lab.progress(
            kind, steps[number].about)).attend,
        powers_off=powers_off)


def parse_steps(text, prefix="SPM"):
    """{number: Told}, of the lines of Linux' own port."""
    told = {}
    for tag, number, rest in re.findall(
            rf"^{prefix}: (step|said|end) (\d+) ?(.*?)\r?$", text, re.M):
        if tag == "step":
            told[int(number)] = Told(rest)
        elif int(number) not in told:
            raise judge.BadReport(f"Linux says '{tag} {number}' before the "
                                  f"step has begun")
        elif tag == "said":
            told[int(number)].said.append(rest)
        else:
            told[int(number)].status = int(rest)
    return told


def stream(size):
    """What init's function of that name prints."""
    text = "".join(f"{n}\n" for n in range(1, size // 2 + 1))
    return text[:size]


def during(text, number, prefix="SPM"):
    """What the console got in a step; to its end, if that is missing."""
    start = re.search(rf"^{prefix}: step {number} .*\n", text, re.M)
    if not start:
        return ""
    end = re.compile(
        rf"^(?:{prefix}: said {number} .*\n)*{prefix}: end {number} ",
        re.M).search(text, start.end())
    return text[start.end():end.start() if end else len(text)]


def xen_lines(text):
    """The hypervisor's lines, wherever they begin."""
    return re.findall(r"\(XEN\) [^\r\n]*", text)


def difference(expected, seen, what):
    """(right, in words) of two lists."""
    if expected == seen:
        return True, f"all {len(expected)} {what}"
    for n, (due, got) in enumerate(itertools.zip_longest(expected, seen)):
        if due != got:
            return False, (f"of {len(seen)} {what}, number {n + 1} is "
                           f"'{got}' instead of '{due}'")
    raise AssertionError


class Accesses:
    """A device's log, by what it is about."""

    def __init__(self, scenario, lines):
        self.marks = judge.parse_device_log(lines)
        self._lines = lines
        self._dbc = range(scenario.dbc, scenario.dbc + linux.DBC_SIZE)
        self._pages = {self._dbc[0] // judge.PAGE, self._dbc[-1] // judge.PAGE}

    def _writes(self, mark):
        return [access for access in self.marks.get(mark, ())
                if access.kind == "W"]

    def _is_dbc(self, access):
        return access.end > self._dbc[0] and access.offset <= self._dbc[-1]

    def free(self, mark):
        """Writes in a step to the pages of the debug capability, but not to
        it; as steps have them."""
        return [str(access)[2:] for access in self._writes(mark)
                if access.offset // judge.PAGE in self._pages and
                not self._is_dbc(access)]

    def lines(self, mark):
        """All that was logged in a step."""
        start = self._lines.index(f"mark {mark}") if mark in self.marks else (
            len(self._lines))
        return list(itertools.takewhile(
            lambda line: not line.startswith("mark "),
            self._lines[start + 1:]))

    def rung(self, mark):
        """How many transfers OUT begin after a write to a free register, each
        after another one."""
        rung, due = 0, False
        for access in self._writes(mark):
            if not self._is_dbc(access):
                due = True
            elif due and (access.offset == self._dbc[0] + DOORBELL and
                          not any(access.data)):
                rung, due = rung + 1, False
        return rung

    def foreign(self):
        """Writes to the debug capability which are not the driver's."""
        scribbles = {linux.SCRIBBLE + offset
                     for offset in range(0, linux.DBC_SIZE, 4)}
        return [str(access) for mark in self.marks
                for access in self._writes(mark) if self._is_dbc(access) and
                (access.offset - self._dbc[0] not in DRIVEN or
                 int.from_bytes(access.data, "little") in scribbles)]

    def driven(self):
        """How many are."""
        return sum(map(self._is_dbc, itertools.chain.from_iterable(
            map(self._writes, self.marks))))


def checker(number, step):
    """What makes the checks of a step."""
    def check(what, right, expected, seen, shown=""):
        return Check(f"step {number} ({step.command}) {what}", right,
                     expected, seen, step.about, shown)
    return check


def check_step(number, step, told, console, accesses):
    """Everything about one step."""
    yield from check_told(number, step, told)
    if told is None:
        return
    yield from check_device(number, step, told, accesses)
    yield from check_console(number, step, during(console, number))


def check_told(number, step, told):
    """What Linux tells of it."""
    check = checker(number, step)
    if told is None:
        yield check("begins", False, "Linux to get to it", "it did not",
                    "Linux was dead by then")
        return
    if step.status is not None:
        yield check("ends", told.status == step.status,
                    f"status {step.status}", f"it is {told.status}",
                    STATUS_WORDS.get(told.status, f"it failed, with status "
                                     f"{told.status}"))
    said = "\n".join(told.said)
    if step.said:
        yield check("says", bool(re.search(step.said, said, re.M)),
                    f"'{step.said}'", f"it said '{said}'",
                    f"Linux said: {said}")


def check_device(number, step, told, accesses):
    """What the device sees of it."""
    check = checker(number, step)
    seen = accesses.free(number)
    due = [*step.writes, *hammer_writes(step, told, seen)]
    right, words = difference(due, seen, "writes to free registers")
    yield check("writes", right, f"{len(due)} writes to free registers",
                words, device_saw(seen, due))
    if step.among:
        rung = accesses.rung(number)
        yield check("among the writes", rung >= step.among,
                    f"{step.among} transfers", f"there are {rung}")
    if step.device:
        lines = accesses.lines(number)
        yield check("in the device's log",
                    any(re.match(step.device, line) for line in lines),
                    f"'{step.device}'", f"it is not in its {len(lines)} lines")


def check_console(number, step, text):
    """What the console shows of it, of what it got meanwhile."""
    check = checker(number, step)
    if step.console:
        found = re.search(step.console, text)
        yield check("on the console", bool(found), f"'{step.console}'",
                    f"there was '{text[-200:]}'", "the console showed: " +
                    (found[0].splitlines()[-1] if found else "nothing"))
    if step.stream:
        # (Others may have said something in between; see check_ring().)
        text = re.sub(OTHERS, "", text, flags=re.M)
        right, words = difference(stream(step.stream).splitlines(),
                                  text.splitlines(), "lines of output")
        yield check("streams", right, f"{step.stream} bytes of output", words,
                    f"the console got {words}")


def hammer_writes(step, told, seen):
    """As many as it says, if there is one; or as arrived, if it was killed."""
    if not step.hammer:
        return ()
    if told.status is None and step.status is None:
        return linux.hammered(*step.hammer, len(seen))
    said = re.search(r"^(\d+) writes$", "\n".join(told.said), re.M)
    return linux.hammered(*step.hammer, int(said[1])) if said else ()


def device_saw(seen, due):
    """Writes, in words; nothing if there is nothing to tell."""
    if not seen and not due:
        return ""
    words = [f"{width} bytes {value} at {offset}" for offset, width, value in
             map(str.split, seen[:2])] or ["nothing"]
    if len(seen) > 2:
        words.append(f"... ({len(seen)} writes)")
    return "the device saw " + ", ".join(words)


def check_writes(what, due, seen, about=""):
    """Of a driver, before there are steps."""
    right, words = difference(list(due), seen, "writes")
    return Check(f"writes of {what}", right, "to arrive", words, about,
                 device_saw(seen, due))


def check_owner(accesses):
    """Does just Xen write to the debug capability?"""
    foreign = accesses.foreign()
    return Check("who writes to the debug capability",
                 not foreign and accesses.driven() > 0, "just Xen",
                 f"{accesses.driven()} writes, of which {foreign[:3]} are not "
                 f"Xen's", "who wrote to the console's own registers",
                 "just Xen" if not foreign else f"others, too: {foreign[:3]}")


def check_lines(linux_text, console, prefix="SPM"):
    """Did the console get what Linux says to have said?"""
    def lines(text):
        return re.findall(rf"^{prefix}: .*", text, re.M)

    right, words = difference(lines(linux_text), lines(console), "lines")
    return Check("what Linux said arrives at the console", right,
                 "all of its lines", words)


def check_ring(linux_text, console):
    """Did it get what Xen remembers?  From the first line that it could."""
    ring, seen = xen_lines(linux_text), xen_lines(console)
    if not ring or not seen or seen[0] not in ring:
        return Check("Xen's log", False, "to be in the ring and on the "
                     "console", "it is missing")
    ring = ring[ring.index(seen[0]):]
    right, words = difference(ring, seen[:len(ring)], "lines of Xen's log")
    return Check("Xen's log arrives at the console", right,
                 f"{len(ring)} lines", words)


def logs(kind, outcome):
    """What Linux said, and what the console and the device got."""
    # Xen may be about to read when another processor sizes BARs; on stock, it
    # does not even look, and writes, too.
    lost = "lost " if kind == "stock" else "lost R "
    return (read(outcome.folder / scenarios.LINUX_OUTPUT).decode(
                errors="replace").replace("\r", ""),
            outcome.console.replace("\r", ""),
            [line for line in outcome.device_logs[0]
             if not line.startswith(lost)])


def checks(scenario, kind, outcome):
    """All there is to look at."""
    linux_text, console, device = logs(kind, outcome)
    told = parse_steps(linux_text)
    accesses = Accesses(scenario, device)
    yield check_writes(
        "the driver that takes over from firmware", scenario.driver_writes,
        accesses.free(None),
        "Linux boots, and takes the controller over from the firmware")
    steps = steps_of(scenario, kind)
    for number, step in enumerate(steps, 1):
        yield from check_step(number, step, told.get(number), console,
                              accesses)
    yield check_owner(accesses)
    yield check_lines(linux_text, console)
    if linux.RING in steps:
        yield check_ring(linux_text, console)
