#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What things cost, in instructions: counted by emulators, hence exact, and
the same on any machine.  Compares with the budgets, and fails if one is
missed."""

import argparse
import itertools
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

sys.dont_write_bytecode = True  # nothing is to be made beside the sources

# pylint: disable=wrong-import-position
import judge                    # noqa: E402
import machine                  # noqa: E402
import scenarios                # noqa: E402

BUILD = Path(__file__).resolve().parents[4] / "build"
SECONDS = 300                   # for a boot, of which each takes a processor
BOOTS_AT_ONCE = 2
REPEATS = 2                     # of everything, to see that it is exact
WRITES = 16 * 256               # by each write operation: guest/bench.h

# One instruction takes one tick of the time stamp counter.
EXACT = ("-icount", "shift=0,sleep=off", "-seed", "42",
         "-rtc", "base=2024-01-01T00:00:00,clock=vm")
XEN_OPTIONS = "com1=115200,8n1 console=com1 dom0_mem=64M dom0_max_vcpus=1"


@dataclass(frozen=True)
class Environment:
    """Where a guest runs, and what is measured there."""
    name: str
    machine: str
    cpu: str                        # without what needs mitigations
    kernel: str
    xen_options: str
    device: scenarios.Device
    free: int                       # on a page with a protected granule
    protected: int
    native: int                     # on another page
    exits: tuple                    # other reasons to get into Xen


def _pvh(name, suffix, dom0):
    return Environment(
        name, f"qemu-pvh-{suffix}", "EPYC,+svm,+npt,-rdtscp,-monitor",
        "guest-pvh", f"dom0={dom0}", scenarios.PVH,
        0x5040, 0x5100, 0x1040,
        ("hypercall", "cpuid", "config", "apic", "pte", "fault_kernel",
         "fault_user"))


ENVIRONMENTS = (
    Environment(
        "PV", "qemu-pv", "qemu64", "guest-pv64", "", scenarios.PLAIN,
        0x2040, 0x2100, 0x1040,
        ("hypercall", "cpuid", "port", "config", "hpet", "pte",
         "fault_kernel", "fault_user", "fault_present")),
    _pvh("PVH/NPT", "npt", "pvh"),
    _pvh("PVH/shadow", "shadow", "pvh,shadow"),
)

STOCK, UNUSED, USED = COLUMNS = "stock", "unused", "in use"
FORWARDED, REFUSED = "forwarded write", "refused write"
NATIVE, READ = "native write", "read"
WORDS = {
    "hypercall": "empty hypercall", "cpuid": "CPUID", "port": "port I/O",
    "config": "PCI config read", "hpet": "dropped write",
    "apic": "APIC write", "pte": "page table write",
    "fault_kernel": "page fault, kernel", "fault_user": "page fault, user",
    "fault_present": "write fault, user",
}

# Instructions at most, of a 4-byte store in a release build.
BUDGETS = {
    ("PV", FORWARDED): 1150,
    ("PV", REFUSED): 1250,
    ("PVH/NPT", FORWARDED): 7000,
    ("PVH/NPT", REFUSED): 7200,
    ("PVH/shadow", FORWARDED): 7000,
    ("PVH/shadow", REFUSED): 7200,
}
# What stock Xen does instead of the former.
DROPPED = WORDS["hpet"]
# What everything else may cost more than with stock Xen.
MORE = {UNUSED: 0, USED: 0.005}

PAGES = (1, 10, 100, 1000, 10000)
SLOWDOWN = 1.3                  # of a look-up among most pages against one
BYTES = 192                     # for a page, among the most, unmapped


def rows(environment, column):
    """(name, operation of the guest) of what is measured, in order."""
    yield "", "nothing"
    yield NATIVE, f"write:{environment.native:x}"
    yield READ, f"read:{environment.free:x}"
    if column == USED:
        yield FORWARDED, f"write:{environment.free:x}"
        yield REFUSED, f"write:{environment.protected:x}"
    for name in environment.exits:
        yield WORDS[name], name


def boot(build, environment, column, number, bars):
    """One boot; returns {row: ticks for each repetition}."""
    its_machine = exact(environment)
    device = environment.device
    [bar] = bars
    xen = [XEN_OPTIONS, environment.xen_options]
    if column == USED:
        xen.append("subpage-mmio-ro=" + ",".join(
            f"{bar + first:#x}-{bar + last:#x}"
            for first, last in device.protected[:4]))
    wanted = list(rows(environment, column))
    guest = "bench=" + "+".join(operation for _, operation in wanted)
    outcome = machine.run_guest(
        machine.Boot(its_machine, (device,),
                     build / "bench" / f"{environment.machine}-"
                     f"{column.replace(' ', '-')}-{number}",
                     build / "device/device"),
        bars, {"xen": hypervisor(build, column),
               "dom0": build / "guest" / environment.kernel},
        {"xen": " ".join(filter(None, xen)), "guest": guest}, SECONDS)
    said = judge.parse_console(outcome.console)
    if outcome.problem or said.troubles:
        raise machine.LabError(
            f"{environment.name}, {column}: "
            f"{outcome.problem or said.troubles[0]}; see {outcome.folder}")
    check_device(environment, column, outcome)
    costs = [(int(ticks), int(times)) for ticks, times in re.findall(
        r"SPM: cost \S+ \S+ (\d+) (\d+)", outcome.console)]
    if len(costs) != len(wanted):
        raise machine.LabError(f"{environment.name}, {column}: the guest "
                               f"reported {len(costs)} costs, not "
                               f"{len(wanted)}; see {outcome.folder}")
    loop, times = costs[0]
    return {name: round((ticks - loop) / times)
            for (name, _), (ticks, _) in zip(wanted[1:], costs[1:])}


def check_device(environment, column, outcome):
    """What was timed has to be what its name says."""
    [log] = map(judge.parse_device_log, outcome.device_logs)
    seen = [access.offset for access in log[None] if access.kind == "W"]
    due = {environment.native: WRITES, environment.protected: 0,
           environment.free: WRITES * (column == USED)}
    for offset, count in due.items():
        if seen.count(offset) != count:
            raise machine.LabError(
                f"{environment.name}, {column}: of the writes to "
                f"{offset:x} {seen.count(offset)} reached the device, "
                f"expected {count}; see {outcome.folder}")


def exact(environment):
    """Its machine, with a processor that counts."""
    its_machine = scenarios.MACHINES[environment.machine]
    arguments = list(its_machine.arguments)
    arguments[arguments.index("-cpu") + 1] = environment.cpu
    return replace(its_machine, arguments=(*arguments, *EXACT))


def hypervisor(build, column):
    """A release build."""
    return build / ("xen-stock" if column == STOCK else "xen-patched")


def measure_paths(build):
    """{(environment, row): {column: instructions}}"""
    plan = list(itertools.product(ENVIRONMENTS, COLUMNS))
    for environment, column in plan:
        machine.find_programs(
            exact(environment), hypervisor(build, column),
            build / "guest" / environment.kernel, build / "device/device")
    bars = {environment: machine.find_bars(machine.Boot(
        exact(environment), (environment.device,),
        build / "bench/firmware", build / "device/device"))
        for environment in ENVIRONMENTS}
    pool = ThreadPoolExecutor(BOOTS_AT_ONCE)
    try:
        boots = {(environment, column): [
            pool.submit(boot, build, environment, column, number,
                        bars[environment]) for number in range(REPEATS)]
            for environment, column in plan}
        costs = {}
        for (environment, column), repeats in boots.items():
            first, *others = (repeat.result() for repeat in repeats)
            if any(other != first for other in others):
                raise machine.LabError(f"{environment.name}, {column}: not "
                                       f"the same twice: {first} and "
                                       f"{others}")
            for row, cost in first.items():
                costs.setdefault((environment.name, row), {})[column] = cost
    finally:
        pool.shutdown(cancel_futures=True)
    return costs


def measure_lookup(build):
    """{pages: (instructions for a look-up, bytes for a page)}"""
    program = build / "unit/lookup"
    if not program.is_file():
        raise machine.LabError(f"{program} is not there: 'make bench' makes "
                               f"it; or name the directory of all by --build")
    result = {}
    for pages in PAGES:
        output = build / "bench" / f"callgrind-{pages}"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=look_up",
             f"--callgrind-out-file={output}", str(program), str(pages)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=SECONDS, check=False)
        said = re.fullmatch(r"(\d+) look-ups, (\d+) bytes\n", done.stdout)
        total = output.is_file() and re.search(r"^totals: (\d+)",
                                               output.read_text(), re.M)
        if done.returncode or not said or not total:
            raise machine.LabError(f"valgrind {program} {pages}: "
                                   f"{done.stderr.strip()[-200:]}")
        result[pages] = (int(total[1]) / int(said[1]), int(said[2]) / pages)
    return result


def table(costs, lookups):
    """Everything that was measured, in lines."""
    yield f"{'instructions':34}" + "".join(f"{c:>10}" for c in COLUMNS)
    for (environment, row), cost in costs.items():
        yield f"{environment:12}{row:22}" + "".join(
            f"{cost.get(column, '-'):>10}" for column in COLUMNS)
    yield ""
    yield f"{'protected pages':>16}{'look-up':>10}{'bytes a page':>15}"
    for pages, (instructions, size) in lookups.items():
        yield f"{pages:>16}{instructions:>10.1f}{size:>15.1f}"


def verdicts(costs, lookups):
    """(what, is, at most)"""
    for key, limit in BUDGETS.items():
        yield " ".join(key), costs[key][USED], limit
    yield ("PV forwarded write, and a dropped one",
           costs["PV", FORWARDED][USED], costs["PV", DROPPED][STOCK])
    for key, cost in costs.items():
        for column, more in MORE.items():
            if column in cost and STOCK in cost:
                yield (f"{' '.join(key)}, {column}", cost[column],
                       cost[STOCK] + cost[STOCK] * more)
    few, many = lookups[PAGES[0]], lookups[PAGES[-1]]
    yield (f"look-up among {PAGES[-1]} pages", many[0], few[0] * SLOWDOWN)
    yield f"bytes a page, of {PAGES[-1]}", many[1], BYTES


PLOT = """\
set terminal svg size 900,{height} background "white"
set output "plot.svg"
set style data boxes
set style fill solid
set boxwidth 0.8 relative
set key outside top horizontal
set grid x
set logscale x
set xlabel "instructions"
set xrange [1:*]
set yrange [{last}:-1] reverse
unset ytics
set ytics ({labels})
plot {series}
"""


def plot(folder, costs):
    """The table's first part as a picture."""
    labels = [f"{environment}: {row}" for environment, row in costs]
    series = []
    for number, column in enumerate(COLUMNS):
        (folder / f"plot-{number}.dat").write_text("".join(
            f"{cost[column]} {line + number / 4 - 0.25} 1 {cost[column]} "
            f"{line + number / 4 - 0.375} {line + number / 4 - 0.125}\n"
            for line, cost in enumerate(costs.values()) if column in cost))
        series.append(f'"plot-{number}.dat" using 1:2:3:4:5:6 '
                      f'with boxxyerror title "{column}"')
    (folder / "plot.gp").write_text(PLOT.format(
        height=120 + 26 * len(labels), last=len(labels),
        labels=", ".join(f'"{text}" {n}' for n, text in enumerate(labels)),
        series=", ".join(series)))
    done = subprocess.run(["gnuplot", "plot.gp"], cwd=folder, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=SECONDS)
    if done.returncode:
        raise machine.LabError(f"gnuplot: {done.stderr.strip()[-200:]}")


def bench(build):
    """Measure, and say what is within its budget.  Is everything?"""
    folder = build / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    lookups = measure_lookup(build)
    costs = measure_paths(build)
    lines = [*table(costs, lookups), ""]
    missed = 0
    for what, is_, limit in verdicts(costs, lookups):
        missed += is_ > limit
        lines.append(f"{'MISSED' if is_ > limit else 'met':8}{what}: "
                     f"{is_:g}, at most {limit:g}")
    (folder / "table.txt").write_text("\n".join(lines) + "\n")
    plot(folder, costs)
    print(*lines, "", f"{folder}/table.txt, {folder}/plot.svg", sep="\n")
    return not missed


def main():
    """One line and status 1 for whatever keeps us from measuring."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--build", type=Path, default=BUILD, metavar="DIR",
                        help="where the programs are, and the results go "
                             "(%(default)s)")
    args = parser.parse_args()
    machine.catch_signals()
    try:
        return 0 if bench(args.build.resolve()) else 1
    except (machine.LabError, machine.Interrupted, judge.BadReport, OSError,
            subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
