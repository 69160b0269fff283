# SPDX-License-Identifier: GPL-2.0-only
"""One scenario: boots its hypervisors, and finds all that is wrong."""

import contextlib
import fcntl
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field, replace

import console
import domu
import judge
import linux
import machine
import scenarios
import usb
import virtio
from scenarios import join

RANGES_PER_OPTION = 4           # Xen cuts an option after 127 characters
BOOTS = 3                       # at most, on an emulator with a fault
# What a hypervisor with CONFIG_UBSAN says.  Stock says it of Xen 4.17's
# radix_tree_int_to_ptr(), which shifts -pirq to the left when a PV guest's
# interrupt gets unbound by force.
UNDEFINED = r"UBSAN: Undefined behaviour in (?!\S*/radix-tree\.h:182:)"


@dataclass
class Result:
    """A scenario on one hypervisor."""
    outcome: machine.Outcome
    said: judge.Report
    findings: list
    problems: list              # (text, findings that show it)
    notes: list = field(default_factory=list)   # of what was no problem

    @property
    def counts(self):
        """How much was looked at, and how much of it is right."""
        if not self.findings:
            return "no runs"
        right, total = judge.forms_right(self.findings)
        runs = len(self.findings)
        return (f"{right}/{total} forms right in {runs} "
                f"run{'' if runs == 1 else 's'}")


@dataclass
class ConsoleResult:
    """A scenario with Linux on one hypervisor."""
    outcome: machine.Outcome
    findings: list
    problems: list
    notes: list = field(default_factory=list)

    @property
    def counts(self):
        """As above."""
        right = sum(check.right for check in self.findings)
        return f"{right}/{len(self.findings)} checks right"


class Lab:
    """A build directory, and what scenarios have in common."""

    def __init__(self, build):
        self.build = build
        self.device = build / "device" / "device"
        self.folder = build / "lab"
        self._bars = {}
        # Told of each step of Linux: the hypervisor's kind, and what it is.
        self.progress = lambda kind, about: None

    def hypervisor(self, kind, scenario=None):
        """The hypervisor that the build made of a tree.

        For Linux one that users have: debug builds wait for seconds, in a
        loop, to tell that one of their self-tests fails in an emulator.
        """
        if isinstance(scenario, linux.Scenario):
            return self.build / f"xen-{kind}"
        return self.build / f"xen-{kind}-debug"

    @contextlib.contextmanager
    def locked(self):
        """Two labs would write to the same logs."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = open(self.folder / "lock", "w", encoding="ascii")
        except OSError as error:
            raise machine.LabError(f"cannot write to {self.folder}: "
                                   f"{error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise machine.LabError(
                    f"another lab is writing to {self.folder}: wait for it, "
                    f"or use another directory with --build") from error
            yield

    def _boot(self, scenario, name):
        return machine.Boot(machine_of(scenario), scenario.devices,
                            self.folder / name, self.device)

    def bars(self, scenario):
        """Where the scenario's devices are, found once a command line."""
        if not scenario.devices or isinstance(scenario, linux.Scenario):
            return []           # or else Linux finds them itself
        key = scenario.machine, scenario.devices
        if key not in self._bars:
            self._bars[key] = machine.find_bars(
                self._boot(scenario, "firmware"))
        return self._bars[key]

    def kernel(self, scenario):
        """The scenario's guest kernel."""
        if isinstance(scenario, (linux.Scenario, domu.Scenario)):
            return self.build / "kernel" / "vmlinux"
        return self.build / "guest" / scenario.kernel

    def require(self, scenario, hypervisors):
        """Complain about a missing file before anything is touched."""
        files = [*hypervisors.values(), self.kernel(scenario), self.device]
        if isinstance(scenario, domu.Scenario):
            files += domu.required(self.build, scenario)
        elif isinstance(scenario, usb.Scenario):
            files += usb.required(self.build, scenario)
        elif isinstance(scenario, linux.Scenario):
            files += console.required(self.build, "init").values()
        machine.find_programs(scenarios.MACHINES[scenario.machine], *files)
        for xen in hypervisors.values():
            with open(xen, "rb") as file:
                if file.read(4) != b"\x7fELF":
                    raise machine.LabError(f"{xen} is not an uncompressed "
                                           f"hypervisor: zcat unpacks a .gz")

    def boot(self, scenario, kind, xen):
        """Boot one hypervisor, and judge what came of it.  A boot that hangs
        and shows an emulator's fault gets repeated, and told of; one in which
        something crashed does not."""
        notes, seconds = [], 0
        while True:
            result = self._boot_and_judge(scenario, kind, xen)
            problem = result.outcome.problem
            fault = scenarios.MACHINES[scenario.machine].fault
            seconds += result.outcome.seconds
            if (not (problem and fault and
                     fault.shown(result.outcome.registers)) or
                    len(notes) + 1 == BOOTS or
                    any(re.search(pattern, result.outcome.console)
                        for pattern in (*scenario.forbid, UNDEFINED))):
                result.notes, result.outcome.seconds = notes, seconds
                return result
            notes.append(f"booted again, for {fault.text}: {problem}")
            scenario = replace(scenario,
                               machine=fault.instead or scenario.machine)

    def _boot_and_judge(self, scenario, kind, xen):
        if isinstance(scenario, linux.Scenario):
            boot = getattr(module_of(scenario), "boot", console.boot)
            return judge_console(scenario, kind,
                                 boot(self, scenario, kind, xen))
        bars = self.bars(scenario)

        files = {"xen": xen, "dom0": self.kernel(scenario)}
        if isinstance(scenario, domu.Scenario):
            files["initramfs"] = domu.initramfs(
                self.build, scenario, kind, guest_arguments(scenario, kind),
                bars)

        def run(name):
            outcome = machine.run_guest(
                self._boot(scenario, f"{scenario.name}/{name}"), bars,
                files, boot_texts(scenario, kind, bars), scenario.seconds,
                scenario.end)
            outcome.console = domu.rejoined(outcome.console)
            return outcome

        result = judge_outcome(scenario, kind, run(kind), bars)
        if scenario.twice:
            again = run(f"{kind}-again")
            result.problems += [(text, ()) for text in
                                differences(result.outcome, again)]
            result.outcome.seconds += again.seconds
        return result


def machine_of(scenario):
    """What the scenario boots on."""
    its_machine = scenarios.MACHINES[scenario.machine]
    if scenario.twice:
        its_machine = replace(its_machine, arguments=(
            *its_machine.arguments, *its_machine.repeatable))
    return its_machine


def differences(first, second):
    """The first line of each log that is not the same in two boots."""
    def logs(outcome):
        return [outcome.console.splitlines(), *outcome.device_logs]

    names = ["console", *(f"device {number}'s log" for number in
                          range(len(first.device_logs)))]
    for name, one, other in zip(names, logs(first), logs(second)):
        for number, (line, again) in enumerate(
                itertools.zip_longest(one, other, fillvalue="(its end)"),
                1):
            if line != again:
                yield (f"two boots differ in line {number} of the {name}: "
                       f"{line!r}, then {again!r}")
                break


def module_of(scenario):
    """What knows about a scenario with Linux."""
    return {virtio.Scenario: virtio, usb.Scenario: usb}.get(type(scenario),
                                                            console)


def judge_console(scenario, kind, outcome):
    """Find all that is wrong with a boot of Linux."""
    result = ConsoleResult(outcome, [], [])
    checks = module_of(scenario).checks
    if outcome.problem:
        result.problems.append((outcome.problem, ()))
    try:
        result.findings = list(checks(scenario, kind, outcome))
    except judge.BadReport as error:
        result.problems.append((str(error), ()))
    if kind == "stock":
        for text in stock_differences(scenario, result.findings):
            result.problems.append((text, ()))
        return result
    for text in [str(check) for check in result.findings if not check.right]:
        result.problems.append((text, ()))
    for text in console_problems(scenario, kind, outcome.console):
        result.problems.append((text, ()))
    return result


def stock_differences(scenario, findings):
    """What users met has to be there, or else the series makes none."""
    wrong = [check for check in findings if not check.right]
    for pattern in scenario.stock_wrong:
        if not any(re.match(pattern, check.name) for check in wrong):
            yield f"nothing is wrong with '{pattern}', as it should be"
    for check in wrong:
        if not any(re.match(pattern, check.name)
                   for pattern in scenario.stock_wrong):
            yield str(check)


def targets(scenario, bars):
    """(address, protected ranges) of all that the guest may write to."""
    if scenario.window:
        return [(scenario.window.address, scenario.window.protected)]
    return [(bar, device.protected)
            for bar, device in zip(bars, scenario.devices)]


def option_targets(scenario, bars):
    """Those which the boot option is to protect."""
    if scenario.window:
        return targets(scenario, bars)
    return [(bar, device.by_option if device.table else protected)
            for (bar, protected), device in
            zip(targets(scenario, bars), scenario.devices)]


def window_arguments(window, toggled=()):
    """What a guest has to know about a window, but for what it toggles."""
    words = [f"window={window.address:x}+{window.pages:x}"]
    protected = [range_ for range_ in window.protected
                 if range_ not in toggled]
    for name, ranges in (("protect", protected),
                         ("registers", window.registers)):
        if ranges:
            words.append(f"{name}=" + "+".join(
                f"{first:x}-{last:x}" for first, last in ranges))
    return " ".join(words)


def guest_arguments(scenario, kind):
    """The test kernel's, but for what a machine wants."""
    arguments = [scenario.stock.guest if kind == "stock" else scenario.guest]
    if scenario.window:
        arguments.append(window_arguments(scenario.window,
                                          scenario.toggled))
    if scenario.task:
        arguments.append(scenario.task.argument())
    return join(*arguments)


def boot_texts(scenario, kind, bars):
    """The hypervisor's options, and its first domain's arguments."""
    its_machine = scenarios.MACHINES[scenario.machine]
    options = [its_machine.xen_options, scenario.xen_options]
    guest = its_machine.guest_options
    if not isinstance(scenario, domu.Scenario):
        guest = join(guest_arguments(scenario, kind), guest)
    if kind == "stock":
        return {"xen": options[0], "guest": guest}

    pieces = [f"{address + first:#x}-{address + last:#x}"
              for address, protected in option_targets(scenario, bars)
              for first, last in protected]
    for number, piece in enumerate(scenario.garbage):
        pieces.insert(2 * number, piece)
    for start in range(0, len(pieces), RANGES_PER_OPTION):
        options.append("subpage-mmio-ro=" +
                       ",".join(pieces[start:start + RANGES_PER_OPTION]))
    return {"xen": join(*options), "guest": guest}


def protections(scenario):
    """The reference model's view of what the guest may write to."""
    return [judge.Protection(protected).without(scenario.opened)
            for _, protected in
            targets(scenario, [0] * len(scenario.devices))]


def window_traps(scenario, outcome):
    """The machine's log, by offset in the window; None if it has none."""
    if not scenarios.MACHINES[scenario.machine].witness:
        return None
    window = scenario.window
    offsets = [address - window.address for address in outcome.witness]
    return [offset for offset in offsets
            if 0 <= offset < window.pages * judge.PAGE]


def judge_outcome(scenario, kind, outcome, bars):
    """Find all that is wrong with a boot."""
    result = Result(outcome, judge.Report(), [], [])

    def problem(text, findings=()):
        result.problems.append((text, findings))

    if outcome.problem:
        problem(outcome.problem)
    try:
        text = outcome.console
        if isinstance(scenario, domu.Scenario):
            text = domu.reports(scenario, text)
        result.said = said = judge.parse_console(text)
        logs = [judge.parse_device_log(() if device.firmware else log)
                for device, log in zip(scenario.devices, outcome.device_logs)]
        result.findings = judge_runs(scenario, outcome, said, logs)
    except judge.BadReport as error:
        problem(str(error))
        return result

    for text in said.troubles:
        problem(f"the guest says: {text}")
    for text in console_problems(scenario, kind, outcome.console):
        problem(text)
    if has_msix(scenario) and kind == "patched":
        for text in idle_problems(scenario, said, logs):
            problem(text)
    cut_short = judge.unreported(said, logs)
    killed = False
    if isinstance(scenario, domu.Scenario):
        killed = scenario.killed
        for text in domu.problems(scenario, kind, outcome, said):
            problem(text)
    if kind == "stock" and scenario.stock.dies:
        for text in domu.death_problems(scenario.stock, outcome, said, logs,
                                        cut_short):
            problem(text)
        return result
    if killed:
        for text in domu.kill_problems(scenario, said, logs,
                                       protections(scenario), cut_short):
            problem(text)
        cut_short = []
    for number in cut_short:
        problem(f"run {number} was never reported: what the device saw "
                f"after 'mark {number}' is the last trace of it")
    wrong = [f for f in result.findings if not f.right]
    as_patched = kind == "patched" or not scenario.stock.read_only_pages
    if as_patched and wrong:
        problem(f"runs that went wrong: {len(wrong)}", wrong)
    if said.done is None or killed:
        return result           # no wonder if something is missing, then

    for text in missing(scenario, result):
        problem(text)
    if scenario.counted:
        for text in wrong_counts(
                judge.page_counts(outcome.console),
                judge.due_counts(result.findings, logs,
                                 protections(scenario), bars)):
            problem(text)
    if said.done != len(result.findings):
        problem(f"the guest counted {said.done} runs, but reported "
                f"{len(result.findings)}")
    if not as_patched:
        for text, findings in stock_problems(scenario.stock, result.findings):
            problem(text, findings)
    return result


def has_msix(scenario):
    """Is MSI-X in use on one of its devices?"""
    return any(device.table for device in scenario.devices)


def idle_problems(scenario, said, logs):
    """What the devices should have seen while there was no run: Xen's writes
    to tables and PBAs, and what the guest says that it has written."""
    for device, log, protection in zip(scenario.devices, logs,
                                       protections(scenario)):
        if device.table:
            yield from judge.judge_idle(log, protection, device.table,
                                        said.wrote)
    for line in Counter(scenario.said) - Counter(said.irqs):
        yield (f"the guest did not say 'irq {line}', or not often enough, but "
               f"{said.irqs or 'nothing'}")


def judge_runs(scenario, outcome, said, logs):
    """By what the device saw, or else the guest and the machine."""
    quirks = scenarios.MACHINES[scenario.machine].quirks
    if scenario.maps_again:
        quirks = replace(quirks, keeps_ptes=False)
    if scenario.task:
        return scenario.task.judge(said, logs, protections(scenario), quirks,
                                   bool(scenario.window))
    if scenario.window:
        return judge.judge_window(said, *protections(scenario),
                                  window_traps(scenario, outcome), quirks,
                                  scenario.toggled)
    return judge.judge(said, logs, protections(scenario), quirks,
                       scenario.toggled,
                       has_msix(scenario))


def console_problems(scenario, kind, console):
    """Lines that the hypervisor should, or should not, have printed."""
    if kind == "patched":
        for pattern in scenario.expect:
            if not re.search(pattern, console, re.M):
                yield f"nothing on the console matches '{pattern}'"
    for pattern in (*scenario.forbid, UNDEFINED):
        for line in console.splitlines():
            if re.search(pattern, line):
                yield f"the console has '{line.strip()}'"
                break


def missing(scenario, result):
    """What the guest did not do, or did in vain."""
    if scenario.task:
        return scenario.task.problems(scenario, result.findings)
    return missing_runs(scenario, result.said)


def wrong_counts(counts, due):
    """Compare what the debug key printed, by page."""
    for page in sorted(counts.keys() | due.keys()):
        if counts.get(page) != due.get(page):
            yield (f"page {page:#x}: the debug key counts writes (forwarded, "
                   f"refused) as {counts.get(page)}, due {due.get(page)}")


def missing_runs(scenario, said):
    """A test that was not run must not count as passed."""
    runs = said.runs
    lacks = scenarios.MACHINES[scenario.machine].lacks
    done = {}
    for run in runs:
        done.setdefault((run.form.name, run.mode), set()).add(run.offset)
    for (form, mode), offsets in done.items():
        if offsets != set(scenario.places):
            yield f"the guest ran {form} in {mode} mode at some places only"
    for form in said.forms.keys() - {form for form, _ in done}:
        reason = said.skipped.get(form, "for no reason that it gave")
        if reason not in {f"needs {feature}" for feature in lacks}:
            yield f"the guest did not run {form}: {reason}"
    for mode in scenario.modes:
        if not any(run.mode == mode for run in runs):
            yield f"the guest reported no run in {mode} mode"
    for place in scenario.places:
        if not any(run.offset == place for run in runs):
            yield f"the guest reported no run at {place:x}"
    if runs and all(run.verdict.startswith("refexc") for run in runs):
        yield "the guest did not get to run anything"


def stock_problems(stock, findings):
    """The difference that the series makes has to be there."""
    pages = stock.read_only_pages
    due = [f for f in findings if judge.must_be_lost(f, pages)]
    if not due:
        yield "no run shows what whole-page protection loses", []
    arrived = [f for f in due if not judge.is_lost(f, pages)]
    if arrived:
        yield (f"runs whose writes were expected to get lost, but did not: "
               f"{len(arrived)}"), arrived
