# SPDX-License-Identifier: GPL-2.0-only
"""Random instructions: what may, and what must, have come of each.

What the device must have seen of a known form is known to the last access.
Of a random one it is known what it made of ordinary memory.  That is what
it must make of the device, or of its part that is not protected; unless the
guest got an exception instead, for not everything can be emulated.
"""

from dataclasses import dataclass

import judge

WIDEST = 8                      # bytes beyond a change that a store may write
PREFIXES = {0x26, 0x2e, 0x36, 0x3e, *range(0x40, 0x50), *range(0x64, 0x68),
            0xf0, 0xf2, 0xf3}
STRINGS = {0xa4, 0xa5, 0xaa, 0xab}
EMULATED_OF = 20                # one out of so many may be beyond Xen


@dataclass(frozen=True)
class Random:
    """One random instruction; the changes have values by offset."""
    id: int
    mode: str
    offset: int
    verdict: str
    code: str
    ram: dict
    window: dict


def _parse_changes(text):
    """<offset>:<bytes>,... in hex, or - for nothing."""
    changes = {}
    for part in () if text == "-" else text.split(","):
        start, data = part.split(":")
        changes.update(enumerate(bytes.fromhex(data), int(start, 16)))
    return changes


def parse(words):
    """The words of the guest's line."""
    number, mode, offset, verdict, code, ram, window = words
    return Random(int(number), mode, int(offset, 16), verdict, code,
                  _parse_changes(ram), _parse_changes(window))


def _lines(changes):
    """Bytes that belong together, in one line."""
    lines, previous = [], None
    for offset, value in sorted(changes.items()):
        if previous is None or offset != previous + 1:
            lines.append(f"{offset:x}:")
        lines[-1] += f" {value:02x}"
        previous = offset
    return lines


def _written(seen):
    """What the device's bytes are after these accesses, by offset, where
    they were written at all."""
    values = {}
    for access in seen:
        if access.kind == "W":
            values.update(enumerate(access.data, access.offset))
    return values


def changes(instruction, seen):
    """What it has made of the device.  (Where it is a window, `seen` is
    None.)"""
    if seen is None:
        return instruction.window
    return {offset: value for offset, value in _written(seen).items()
            if value != judge.initial(offset)}


def _is_string(instruction):
    """MOVS or STOS: each element is a store of its own."""
    opcode = next((byte for byte in bytes.fromhex(instruction.code)
                   if byte not in PREFIXES), None)
    return opcode in STRINGS


def _bytes_on_partial_pages(seen, protection):
    """Offset of each byte written there, as often as it was."""
    return [offset for access in seen if access.kind == "W"
            for offset in range(access.offset, access.end)
            if protection.page_is_partial(offset)]


def _may_be_refused(offsets, protection):
    """Might a store that changes these bytes, and may write to some more with
    the values that they have anyway, touch a protected granule?"""
    first = max(min(offsets) - WIDEST, 0)
    return protection.touches(first, max(offsets) + WIDEST + 1 - first)


def _is_complete(instruction, made, protection):
    """Is nothing missing, but what may have been refused?  That is all of a
    store as far as a page goes."""
    missing = instruction.ram.keys() - made.keys()
    if _is_string(instruction):
        return all(_may_be_refused([offset], protection)
                   for offset in missing)
    for page in {offset // judge.PAGE for offset in missing}:
        its = {offset for offset in instruction.ram
               if offset // judge.PAGE == page}
        if its - missing or not _may_be_refused(its, protection):
            return False
    return True


def _is_right(instruction, protection, seen, quirks):
    made = changes(instruction, seen)
    written = made if seen is None else _written(seen)
    if any(protection.touches(offset, 1) for offset in written):
        return False
    if any(instruction.ram.get(offset) != value
           for offset, value in made.items()):
        return False
    partial = (list(filter(protection.page_is_partial, made))
               if seen is None else
               _bytes_on_partial_pages(seen, protection))
    if instruction.verdict == "ok":
        return (len(partial) == len(set(partial)) and
                _is_complete(instruction, made, protection))
    due = ("refexc:", f"exc:{quirks.vector}:", *["exc:6:"] * quirks.lax)
    return not partial and instruction.verdict.startswith(due)


def has_stored(finding):
    """Did it change ordinary memory, and the device in the same way?"""
    return bool(finding.right and finding.run.verdict == "ok" and
                finding.steps and finding.seen)


def _is_not_emulated(finding):
    """Did it get an exception other than the one for bad opcodes?"""
    return finding.run.verdict.startswith("exc:") and \
        not finding.run.verdict.startswith("exc:6:")


@dataclass(frozen=True)
class Randoms:
    """What a guest has to do instead of running its forms."""
    seed: int
    count: int                  # in each mode
    least: int                  # so many must have stored something

    def argument(self):
        """The guest's."""
        return f"random={self.seed:x}+{self.count:x}"

    def judge(self, report, logs, protections, quirks, window):
        """A finding for each.  Where a window is, the guest has looked."""
        findings = []
        for instruction in report.randoms:
            device, seen = 0, None
            if not window:
                device, seen = judge.find_run(instruction.id, logs)
            findings.append(judge.Finding(
                judge.Run(instruction.id,
                          judge.Form(instruction.code, (), frozenset()),
                          instruction.mode, instruction.offset,
                          instruction.verdict, b""),
                device, _lines(instruction.ram), "ok",
                [access for access in seen if access.kind == "W"]
                if seen is not None else _lines(instruction.window),
                _is_right(instruction, protections[device], seen, quirks)))
        return findings

    def problems(self, scenario, findings):
        """Too few of them prove nothing, nor does one that does nothing."""
        for mode in scenario.modes:
            its = [f for f in findings if f.run.mode == mode]
            if len(its) != self.count:
                yield (f"the guest ran {len(its)} random instructions in "
                       f"{mode} mode, expected {self.count}")
            stored = sum(map(has_stored, its))
            if stored < self.least:
                yield (f"only {stored} random instructions have stored in "
                       f"{mode} mode, expected at least {self.least}")
            refused = sum(map(_is_not_emulated, its))
            if refused > self.count // EMULATED_OF:
                yield (f"{refused} random instructions got an exception for "
                       f"want of emulation in {mode} mode, expected at most "
                       f"{self.count // EMULATED_OF}")
