# SPDX-License-Identifier: GPL-2.0-only
"""All processors writing to the same places, while protection changes."""

from collections import Counter
from dataclasses import dataclass

import judge

CPU_SHIFT = 24                  # of a value, above the write's number
WIDTH = 4                       # bytes


@dataclass(frozen=True)
class Said:
    """The guest's line: how many writes each processor did."""
    id: int
    counts: tuple


def parse(words):
    """The words of the guest's line."""
    number, *counts = map(int, words)
    return Said(number, tuple(counts))


@dataclass(frozen=True)
class Stress:
    """What a guest has to do instead of running its forms."""
    writers: int                # besides the processor that toggles
    count: int                  # writes of each
    places: tuple               # the guest's at=, in order
    toggled: tuple              # those where a write may arrive, or not

    def argument(self):
        """The guest's."""
        return f"stress={self.writers:x}+{self.count:x}"

    def _writes(self, cpu, count):
        """What a processor writes, in order."""
        for number in range(1, count + 1):
            value = cpu << CPU_SHIFT | number
            yield judge.Access("W", self.places[number % len(self.places)],
                               value.to_bytes(WIDTH, "little"))

    def _follow(self, writes, seen, protection):
        """Which writes were refused, and in words what is not as it must be,
        or None."""
        refused, seen = [], iter(seen)
        following = next(seen, None)
        for write in writes:
            protected = protection.touches(write.offset, WIDTH)
            if following == write:
                if protected and write.offset not in self.toggled:
                    return refused, f"{write} arrived"
                following = next(seen, None)
            elif protected:
                refused.append(write)
            else:
                return refused, f"{write} is missing before {following}"
        return refused, following and f"{following} came from nowhere"

    def judge(self, report, logs, protections, _quirks, _window):
        """A finding for each."""
        findings = []
        for said in report.stresses:
            device, seen = judge.find_run(said.id, logs)
            by_cpu, refused, wrong = {}, [], []
            for access in seen:
                value = int.from_bytes(access.data, "little")
                by_cpu.setdefault(value >> CPU_SHIFT, []).append(access)
            due = Counter()
            for cpu, count in enumerate(said.counts):
                writes = list(self._writes(cpu, count))
                due.update(write.offset for write in writes)
                its, what = self._follow(writes, by_cpu.pop(cpu, ()),
                                         protections[device])
                refused += its
                if what:
                    wrong.append(f"processor {cpu}: {what}")
            wrong += (f"{its[0]} is nobody's" for its in by_cpu.values())
            lost = Counter(write.offset for write in refused)
            findings.append(judge.Finding(
                judge.Run(said.id, judge.Form(
                    "stress", tuple(("w", write.offset, WIDTH)
                                    for write in refused), frozenset()),
                    "stress", 0, "ok", b""),
                device, [f"{count} writes" for count in said.counts], "ok",
                [*(f"{due[place] - lost[place]} of {due[place]} writes to "
                   f"{place:x}" for place in self.places), *wrong],
                not wrong))
        return findings

    def problems(self, _scenario, findings):
        """It was no stress if it did not last, or if nothing changed."""
        if not findings:
            yield "the guest reported no stress"
        for finding in findings:
            _, *writers = finding.steps
            if writers != [f"{self.count} writes"] * self.writers:
                yield f"not each processor did {self.count} writes: {writers}"
            for place in self.toggled:
                text = finding.seen[self.places.index(place)]
                arrived, _, total, *_ = text.split()
                if arrived in ("0", total):
                    yield f"nobody met a change of protection: {text}"
