# SPDX-License-Identifier: GPL-2.0-only
"""Two processors doing the same locked instruction to the same place."""

from collections import Counter
from dataclasses import dataclass

import judge

FIRST, SECOND = 1, 0x10000      # what each adds, or starts with
PREPARED = 4                    # bytes that the guest zeroes at a time
SHOWN = 8                       # writes to print


@dataclass(frozen=True)
class Lap:
    """One instruction at one place."""
    id: int
    name: str
    offset: int
    width: int
    count: int                  # by each processor
    sum: int                    # what memory, and for xchg all, holds


def parse(words):
    """The words of the guest's line."""
    number, name, offset, width, count, total = words
    return Lap(int(number), name, int(offset, 16), int(width), int(count),
               int(total, 16))


def _steps(values):
    """The difference that each write made."""
    return [after - before for before, after in zip([0, *values], values)]


def _writers(lap, values):
    """The processor of each write, 0 or 1, by the difference that it made;
    with xchg, by who had what is put down.  None: it was neither's.

    A failed cmpxchg writes what was there, which could be either's.
    """
    if lap.name != "xchg":
        return [{FIRST: 0, SECOND: 1}.get(step) for step in _steps(values)
                if step or lap.name != "cmpxchg"]
    writers, there, held = [], 0, [FIRST, SECOND]
    for value in values:
        writers.append(held.index(value) if value in held else None)
        if value in held:
            held[writers[-1]] = there
        there = value
    return writers


def _due_sum(lap):
    each = 1 if lap.name == "xchg" else lap.count
    return each * (FIRST + SECOND)


def _values(lap, seen):
    """What was written, without the guest's own preparation; None if
    anything else was."""
    writes = [access for access in seen if access.kind == "W"]
    del writes[:lap.width // PREPARED]
    if any((access.offset, len(access.data)) != (lap.offset, lap.width)
           for access in writes):
        return None
    return [int.from_bytes(access.data, "little") for access in writes]


def _is_right(lap, seen):
    """Where the device sees pieces, it is only told by what is left."""
    if lap.sum != _due_sum(lap):
        return False
    if seen is None or lap.offset % lap.width:
        return True
    values = _values(lap, seen)
    if values is None:
        return False
    return Counter(_writers(lap, values)) == {0: lap.count, 1: lap.count}


def _turns(lap, seen):
    """How often the writes of one processor followed the other's."""
    writers = _writers(lap, _values(lap, seen) or [])
    return sum(a != b for a, b in zip(writers, writers[1:]))


def _summary(lap, writes):
    return f"{len(writes)} writes, " + (
        "of which only the sum tells" if lap.offset % lap.width else
        f"{_turns(lap, writes)} turns")


@dataclass(frozen=True)
class Race:
    """What a guest has to do instead of running its forms."""
    count: int                  # how often each processor does each

    def argument(self):
        """The guest's."""
        return f"race={self.count:x}"

    def judge(self, report, logs, protections, quirks, window):
        """A finding for each."""
        findings = []
        for lap in report.races:
            device, seen = 0, None
            if not window:
                device, seen = judge.find_run(lap.id, logs)
            writes = [access for access in seen or () if access.kind == "W"]
            findings.append(judge.Finding(
                judge.Run(lap.id, judge.Form(f"{lap.name}-{8 * lap.width}",
                                             (), frozenset()),
                          "race", lap.offset, f"sum:{lap.sum:x}", b""),
                device,
                [f"{2 * lap.count} writes"],
                f"sum:{_due_sum(lap):x}",
                [_summary(lap, writes), *writes[-SHOWN:]],
                _is_right(lap, seen)))
        return findings

    def problems(self, scenario, findings):
        """It was no race if the processors never met."""
        for place in scenario.places:
            if not any(f.run.offset == place for f in findings):
                yield f"the guest reported no race at {place:x}"
        for finding in () if scenario.window else findings:
            if finding.seen[0].endswith(" 0 turns"):
                yield (f"the processors took no turns in "
                       f"{finding.run.form.name} at {finding.run.offset:x}: "
                       f"nothing was at stake")
