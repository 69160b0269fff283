# SPDX-License-Identifier: GPL-2.0-only
"""What a device should have seen, and whether it did.

The guest says which instruction it ran where, and which bytes that
instruction leaves in ordinary memory.  The device says which accesses
reached it.  The reference model below turns the first into the accesses that
a hypervisor protecting single granules must let through; nothing of it comes
from the hypervisor under test.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

import races
import randoms
import stress

PAGE = 0x1000
MSIX_ENTRY = 16                 # bytes of a table for a vector
GRANULE = 8
SOURCE = range(0x7e00, 0x7f00)  # where some forms load what they store
NATIVE = (1, 2, 4, 8)           # widths of one access on the bus
WIDEST = max(NATIVE)
SHOWN = 16                      # bytes of a long operand, when printed
X87_POINTERS = range(12, 28)    # in what FNSTENV and FNSAVE store
PROBED = (1, 2, 4, 8, 16, 32, 64)       # one store also to an emulator


@dataclass(frozen=True)
class Access:
    """One access that reached the device; `data` is little-endian."""
    kind: str                   # R or W
    offset: int
    data: bytes

    @property
    def end(self):
        return self.offset + len(self.data)

    def __str__(self):
        value = int.from_bytes(self.data, "little")
        return f"{self.kind} {self.offset:x} {len(self.data)} {value:x}"


@dataclass(frozen=True)
class Form:
    """An instruction: its memory operations (kind, relative offset, width)."""
    name: str
    ops: tuple
    flags: frozenset


@dataclass(frozen=True)
class Run:
    """One execution of a form; `data` has the reference bytes of its ops."""
    id: int
    form: Form
    mode: str
    offset: int
    verdict: str
    data: bytes


@dataclass
class Report:
    """Everything a guest said."""
    forms: dict = field(default_factory=dict)
    runs: list = field(default_factory=list)
    randoms: list = field(default_factory=list)
    races: list = field(default_factory=list)
    stresses: list = field(default_factory=list)
    troubles: list = field(default_factory=list)
    skipped: dict = field(default_factory=dict)     # why, by form
    wrote: dict = field(default_factory=dict)       # times, by Access: no run's
    irqs: list = field(default_factory=list)        # lines about interrupts
    done: int | None = None


class BadReport(Exception):
    """A line of the guest or of a device that does not follow the format."""


def _parse_form(words):
    name, ops, *flags = words
    found = re.findall(r"([wm])(-?\d+):(\d+)(?:,|$)", ops)
    if ",".join(f"{k}{r}:{w}" for k, r, w in found) != ops:
        raise ValueError(ops)
    return Form(name, tuple((k, int(r), int(w)) for k, r, w in found),
                frozenset(flags))


def _parse_run(words, forms):
    number, form, mode, offset, verdict, data = words
    return Run(int(number), forms[form], mode, int(offset, 16), verdict,
               b"" if data == "-" else bytes.fromhex(data))


def parse_console(text):
    """Find the guest's lines among the hypervisor's."""
    report = Report()
    for tag, rest in re.findall(r"SPM: (\w+) ?(.*?)\s*$", text, re.M):
        try:
            if tag == "form":
                form = _parse_form(rest.split())
                report.forms[form.name] = form
            elif tag == "run":
                report.runs.append(_parse_run(rest.split(), report.forms))
            elif tag == "random":
                report.randoms.append(randoms.parse(rest.split()))
            elif tag == "race":
                report.races.append(races.parse(rest.split()))
            elif tag == "stress":
                report.stresses.append(stress.parse(rest.split()))
            elif tag == "note" and (
                    found := re.fullmatch(
                        r"form (\S+) (?:at \S+ )?((?:needs|leaves) .*)",
                        rest)):
                report.skipped[found[1]] = found[2]
            elif tag == "wrote":
                offset, width, value, times = rest.split()
                written = Access("W", int(offset, 16), int(value, 16).to_bytes(
                    int(width), "little"))
                report.wrote[written] = (report.wrote.get(written, 0) +
                                         int(times))
            elif tag == "irq":
                report.irqs.append(rest)
            elif tag in ("error", "panic"):
                report.troubles.append(rest)
            elif tag == "done":
                report.done = (report.done or 0) + int(rest)
        except (ValueError, KeyError, OverflowError) as error:
            raise BadReport(f"the guest printed a line that makes no sense: "
                            f"'SPM: {tag} {rest}'") from error
    return report


def parse_device_log(lines):
    """Accesses by mark; None collects what belongs to no run: what came before
    the first mark, or after a mark 0."""
    runs = {None: []}
    current = runs[None]
    for line in lines:
        words = line.split()
        try:
            if words[0] == "mark":
                if int(words[1]) in runs:
                    raise ValueError("mark")
                number = int(words[1]) or None
                current = runs.setdefault(number, [])
            elif words[0] in ("R", "W"):
                kind, _bar, offset, width, value = words
                current.append(Access(
                    kind, int(offset, 16),
                    int(value, 16).to_bytes(int(width), "little")))
            elif words[0] == "lost":
                raise BadReport(f"an access hit no BAR: '{line.strip()}'")
        except (ValueError, IndexError, OverflowError) as error:
            raise BadReport(f"a device logged a line that makes no sense: "
                            f"'{line.strip()}'") from error
    return runs


def initial(offset):
    """What a mark sets each byte to."""
    return 0x11 * (offset % GRANULE + 1)


def split_pages(offset, width):
    """(offset, width) of each page's part of an access."""
    while width:
        part = min(width, PAGE - offset % PAGE)
        yield offset, part
        offset, width = offset + part, width - part


def split_aligned(offset, width):
    """Naturally aligned pieces, ascending, the largest first that fits."""
    while width:
        piece = WIDEST
        while offset % piece or piece > width:
            piece //= 2
        yield offset, piece
        offset, width = offset + piece, width - piece


@dataclass(frozen=True)
class Protection:
    """The protected ranges of one device: (first, last) offsets in a BAR."""
    ranges: tuple

    def touches(self, offset, width):
        """Is any byte in a protected granule?"""
        first, last = offset // GRANULE, (offset + width - 1) // GRANULE
        return any(first <= end // GRANULE and last >= start // GRANULE
                   for start, end in self.ranges)

    def without(self, opened):
        """What is left when some of the ranges are not protected."""
        return Protection(tuple(range_ for range_ in self.ranges
                                if range_ not in opened))

    def page_is_partial(self, offset):
        """Does this page have a protected granule at all?"""
        return self.touches(offset - offset % PAGE, PAGE)


@dataclass(frozen=True)
class Step:
    """What has to come next: one write, bytes in any pieces, or a read.

    `data` is None for a read, whose value the later write proves.
    `emulated` says that the hypervisor has to step in for its operation,
    `early` that an emulator may have done it before it finds that out.
    """
    offset: int
    width: int
    data: bytes | None
    emulated: bool
    exact: bool = True
    early: bool = False
    gaps: bool = False          # bytes as they were may be missing
    ignored: range = range(0)   # offsets of bytes with any value

    def __str__(self):
        if self.data is None:
            return f"R {self.offset:x} {self.width}"
        if self.exact:
            return str(Access("W", self.offset, self.data))
        data = self.data[:SHOWN].hex(" ")
        return (f"W {self.offset:x}-{self.offset + self.width - 1:x} {data}"
                f"{' ...' if self.width > SHOWN else ''} (in any pieces)")


def _write_steps(offset, data, protection, emulated):
    """The writes of one operation that must reach the device."""
    whole = len(data)
    if not emulated:
        # No hypervisor is involved: but for the simplest, any way to cut it
        # up is fine.
        yield Step(offset, whole, data, emulated, early=True,
                   exact=whole in NATIVE and offset % whole == 0)
        return
    for start, width in split_pages(offset, whole):
        part = data[start - offset:start - offset + width]
        if not protection.page_is_partial(start):
            yield Step(start, width, part, emulated, exact=False,
                       early=whole not in PROBED)
        elif not protection.touches(start, width):
            for at, size in split_aligned(start, width):
                yield Step(at, size, part[at - start:at - start + size],
                           emulated)


def _reference_faults(run):
    """Is the instruction not even possible in ordinary memory?"""
    return run.verdict.startswith("refexc")


def _may_be_impossible(run):
    """Some forms want their operand aligned, to up to 64 bytes; and VEX is
    for 32- and 64-bit code, as far as emulators go."""
    return (run.verdict.startswith("refexc:13") and run.offset % 64 != 0 or
            run.verdict.startswith("refexc:6") and run.mode == "prot16" and
            run.form.name.startswith("v"))


def _must_fault(run, protection):
    """Is this beyond what a hypervisor can do for a guest?

    So are instructions unknown to any emulator, and a locked access to two
    pages of which it controls just one, which nobody could make atomic.  And
    it must not do anything for one that has forged its access.
    """
    pages = {protection.page_is_partial(start)
             for _, relative, width in run.form.ops
             for start, _ in split_pages(run.offset + relative, width)}
    return (run.mode == "forged" or
            "fault" in run.form.flags and True in pages or
            "locked" in run.form.flags and len(pages) == 2)


def _refused_pages(run, protection):
    """A store with a mask is refused as a whole, as far as a page goes."""
    if "masked" not in run.form.flags:
        return set()
    return {start // PAGE for _, relative, width in run.form.ops
            for start, size in split_pages(run.offset + relative, width)
            if protection.touches(start, size)}


def expected(run, protection):
    """The steps a run must cause, in order."""
    if _reference_faults(run) or _must_fault(run, protection):
        return []

    steps = []
    data = run.data
    refused = _refused_pages(run, protection)
    sparse = "sparse" in run.form.flags
    ignored = (range(run.offset + X87_POINTERS.start,
                     run.offset + X87_POINTERS.stop)
               if "pointers" in run.form.flags else range(0))
    for kind, relative, width in run.form.ops:
        offset = run.offset + relative
        emulated = any(protection.page_is_partial(start)
                       for start, _ in split_pages(offset, width))
        if kind == "m":
            steps.append(Step(offset, width, None, emulated))
        steps.extend(
            replace(step, ignored=ignored, gaps=sparse,
                    exact=step.exact and not sparse)
            for step in _write_steps(offset, data[:width], protection,
                                     emulated)
            if step.offset // PAGE not in refused)
        data = data[width:]
    return steps


def _after_write(step, seen, at):
    """Where a write may end in `seen` if it starts at `at`."""
    if step.exact:
        return ({at + 1} if at < len(seen) and _is_write(seen[at], step)
                else set())

    missing = dict(zip(range(step.offset, step.offset + step.width),
                       step.data))
    def complete():
        """Some instructions leave gaps, which the reference does not tell."""
        return not missing or (step.gaps or not step.emulated) and all(
            value == initial(byte) for byte, value in missing.items())

    ends = {at} if step.gaps and complete() else set()
    for index in range(at, len(seen)):
        if not _take(seen[index], missing, step.ignored):
            break
        if complete():
            ends.add(index + 1)
    return ends


def _is_write(access, step):
    """Is this the write of an exact step?"""
    return (access.kind == "W" and access.offset == step.offset and
            len(access.data) == step.width and
            all(got == want or step.offset + i in step.ignored
                for i, (got, want) in enumerate(zip(access.data, step.data))))


def _take(access, missing, ignored=range(0)):
    """Remove a write's bytes from {offset: value}; False if that can't be.
    Which values are at the `ignored` offsets does not matter."""
    written = dict(zip(range(access.offset, access.end), access.data))
    if access.kind != "W" or not all(
            byte in missing and (byte in ignored or value == missing[byte])
            for byte, value in written.items()):
        return False
    for byte in written:
        del missing[byte]
    return True


def _is_part_of_read(access, step):
    """An aligned operand is read in its natural pieces; of another one the
    aligned blocks around it may be read."""
    if access.kind != "R":
        return False
    if step.offset % min(step.width, WIDEST) == 0:
        return ((access.offset, len(access.data)) in
                split_aligned(step.offset, step.width))
    return (access.offset < step.offset + step.width and
            access.end > step.offset and
            access.offset % len(access.data) == 0)


def _after_read(step, seen, at, reads):
    """Where a read may end: after every byte was read `reads` times at most,
    and all of them equally often."""
    counts = dict.fromkeys(range(step.offset, step.offset + step.width), 0)
    ends = set()
    for index in range(at, len(seen)):
        access = seen[index]
        if not _is_part_of_read(access, step):
            break
        for byte in range(access.offset, access.end):
            if byte in counts:
                counts[byte] += 1
        if max(counts.values()) > reads:
            break
        if min(counts.values()) == max(counts.values()):
            ends.add(index + 1)
    return ends


def _early(steps, seen):
    """Where a first, vain attempt at the instruction may end."""
    missing = {}
    for step in steps:
        if step.early:
            missing.update(zip(range(step.offset, step.offset + step.width),
                               step.data))
    ends = {0}
    for index, access in enumerate(seen):
        if not _take(access, missing):
            break
        ends.add(index + 1)
    return ends


def matches(steps, seen, restarts=False, reads=1):
    """Are these accesses exactly these steps?

    An emulator that `restarts` has no notion of an instruction that faults as
    a whole: its loads, and stores to a page of no interest, have been done by
    the time that it gets to the store that faults, and come once more.
    `reads` is how often an execution may read its operand.
    """
    ends = {0}
    if restarts and any(step.emulated for step in steps):
        ends = _early(steps, seen)
    for step in steps:
        ends = {end for at in ends for end in
                (_after_write(step, seen, at) if step.data is not None
                 else _after_read(step, seen, at, reads * (1 + restarts)))}
    return len(seen) in ends


@dataclass(frozen=True)
class Quirks:
    """What is peculiar to a machine, most of it unlike hardware."""
    restarts: bool = False          # see matches()
    lax: bool = False               # executes what there is no such thing as
    keeps_ptes: bool = False        # even as protection comes and goes
    reads_twice: tuple = ()         # the forms that do, by prefix
    vector: int | None = None       # of the exception for what can't be done


@dataclass(frozen=True)
class Finding:
    """One run, judged."""
    run: Run
    device: int
    steps: list
    verdict: str                # what the guest's should begin with
    seen: list
    right: bool


def _due_verdict(run, protection, quirks):
    """The verdict that the run deserves; with a colon, how it begins."""
    if _reference_faults(run):
        return (run.verdict.partition(";")[0] if _may_be_impossible(run)
                else "ok")
    if not _must_fault(run, protection):
        return "ok"
    return "exc:" if quirks.vector is None else f"exc:{quirks.vector}:"


def _is_verdict(verdict, due):
    """A semicolon would begin what else is wrong."""
    return verdict == due or (due[-1] == ":" and verdict.startswith(due) and
                              ";" not in verdict)


def judge_run(run, protection, seen, quirks):
    """Did this run cause what it should?  Returns (steps, verdict, right)."""
    steps = expected(run, protection)
    reads = 1 + run.form.name.startswith(quirks.reads_twice)
    if _must_fault(run, protection) and not _reference_faults(run):
        # It may have loaded before it faulted.
        loads = [Step(run.offset + relative, width, None, True)
                 for kind, relative, width in run.form.ops
                 if kind == "m" and quirks.restarts and seen]
        as_due = matches(loads, seen, reads=reads)
    else:
        as_due = matches(steps, seen, quirks.restarts, reads)
    verdict = _due_verdict(run, protection, quirks)
    return steps, verdict, as_due and _is_verdict(run.verdict, verdict)


def find_run(number, logs):
    """The device that the run was on, and what it saw."""
    devices = [device for device, log in enumerate(logs) if number in log]
    if len(devices) != 1:
        raise BadReport(f"run {number} was marked on {len(devices)} devices, "
                        f"expected one")
    return devices[0], logs[devices[0]][number]


def _while_open(run, protection, toggled, quirks):
    """The run and the protection to judge by while the `toggled` ranges are
    not protected.  Where PTEs stay as they are, a page without protection can
    still not be written to, and there is nobody to help."""
    opened = protection.without(toggled)
    if quirks.keeps_ptes and any(
            protection.page_is_partial(start) and
            not opened.page_is_partial(start)
            for _, relative, width in run.form.ops
            for start, _ in split_pages(run.offset + relative, width)):
        flags = run.form.flags | {"fault"}
        return replace(run, form=replace(run.form, flags=flags)), protection
    return run, opened


def _pieces(access, protection):
    """The writes that may become of one, and whether they are refused."""
    for first, size in split_pages(access.offset, len(access.data)):
        refused = protection.touches(first, size)
        for offset, width in split_aligned(first, size):
            start = offset - access.offset
            yield (Access("W", offset, access.data[start:start + width]),
                   refused)


def is_xens(access, table):
    """Could Xen have written this to the MSI-X table, which begins there?  An
    entry is the message's address, the address' upper half, data, and a mask
    bit (PCI 3.0, section 6.8.2), the first three as Intel's SDM has them
    (volume 3, 10.11)."""
    if len(access.data) != 4:
        return False
    value = int.from_bytes(access.data, "little")
    return {0: value >> 20 == 0xfee,
            4: value == 0,
            8: value & ~0x1ff == 0x4000 and value & 0xff >= 0x10,
            12: value <= 1}.get((access.offset - table) % MSIX_ENTRY, False)


def judge_idle(log, protection, table, wrote):
    """Find what is wrong with writes that belong to no run: {write: times} has
    the guest's, and all others must be Xen's to the MSI-X table."""
    seen = Counter(access for access in log[None] if access.kind == "W")
    due = Counter()
    for access, times in wrote.items():
        for piece, refused in _pieces(access, protection):
            due[piece] += 0 if refused else times
    for access, times in due.items():
        if seen[access] != times:
            yield (f"the device saw {seen[access]} times '{access}', and "
                   f"should have seen {times}")
    for access in seen.keys() - due.keys():
        if not (table[0] <= access.offset <= table[1] and
                is_xens(access, table[0])):
            yield f"the device saw '{access}', which belongs to no run"


def judge(report, logs, protections, quirks, toggled=(), idle=False):
    """Pair every run with the device that saw its mark, and judge it.  The
    `toggled` ranges are not protected in mode open.  With `idle`, devices may
    see writes which belong to no run, see judge_idle()."""
    for number, log in enumerate(logs):
        for access in log[None]:
            if access.kind == "W" and not idle:
                raise BadReport(f"device {number} saw '{access}', which "
                                f"belongs to no run")
    findings = []
    for run in report.runs:
        device, accesses = find_run(run.id, logs)
        seen = [access for access in accesses
                if access.kind == "W" or access.offset not in SOURCE]
        protection = protections[device]
        if run.mode == "open":
            run, protection = _while_open(run, protection, toggled, quirks)
        steps, verdict, right = judge_run(run, protection, seen, quirks)
        findings.append(Finding(run, device, steps, verdict, seen, right))
    return findings


def _trapping(run, protection):
    """(start, end) of each part of the run's operations that is on a partially
    protected page, if it gets so far as to access it."""
    if _reference_faults(run):
        return []
    return [(start, start + size) for _, relative, width in run.form.ops
            for start, size in split_pages(run.offset + relative, width)
            if protection.page_is_partial(start)]


def _find_trap(traps, parts, at):
    """Index of the first trap from `at` on that is in one of the parts."""
    for index in range(at, len(traps)):
        if any(start <= traps[index] < end for start, end in parts):
            return index
    return None


def judge_window(report, protection, traps, quirks, toggled=()):
    """Judge runs on memory that the guest itself has looked at: what is not
    as it must be is in the verdict.

    `traps` are the offsets of writes at which the machine says to have asked
    the hypervisor, in order; None if it does not say.  Each run on a
    partially protected page needs one of its own.  The `toggled` ranges are
    not protected in mode open.
    """
    findings = []
    at = 0
    for run in report.runs:
        its = protection
        if run.mode == "open":
            run, its = _while_open(run, protection, toggled, quirks)
        verdict = _due_verdict(run, its, quirks)
        right = _is_verdict(run.verdict, verdict)
        seen = []
        parts = _trapping(run, its)
        if parts and traps is not None:
            index = _find_trap(traps, parts, at)
            if index is None:
                right = False
            else:
                seen.append(f"trap at {traps[index]:x}")
                at = index + 1
        findings.append(Finding(run, 0, expected(run, its), verdict, seen,
                                right))
    return findings


def page_counts(console):
    """What the debug key printed: by page, writes (forwarded, refused)."""
    return {int(page, 16): (int(forwarded), int(refused))
            for page, forwarded, refused in re.findall(
                r"(0x[0-9a-f]+): (\d+) writes forwarded, (\d+) refused",
                console)}


def due_counts(findings, logs, protections, bars):
    """The same, by what the devices saw; but what they did not see, by what
    the guest did.  Each store is taken to be one access on the bus."""
    due = {}
    for bar, log, protection in zip(bars, logs, protections):
        for first, last in protection.ranges:
            for page in range(first // PAGE, last // PAGE + 1):
                due[bar + page * PAGE] = sum(
                    access.kind == "W" and access.offset // PAGE == page
                    for accesses in log.values() for access in accesses), 0
    for finding in findings:
        for _, relative, width in finding.run.form.ops:
            offset = finding.run.offset + relative
            if protections[finding.device].touches(offset, width):
                page = bars[finding.device] + offset - offset % PAGE
                forwarded, refused = due[page]
                due[page] = forwarded, refused + 1
    return due


def unreported(report, logs):
    """Runs that began, as the devices know, but were never reported."""
    known = {run.id for run in (*report.runs, *report.randoms,
                                *report.races, *report.stresses)}
    return sorted(number for log in logs for number in log
                  if number is not None and number not in known)


def forms_right(findings):
    """(right, all): a form is right if every run of it is."""
    names = {f.run.form.name for f in findings}
    wrong = {f.run.form.name for f in findings if not f.right}
    return len(names - wrong), len(names)


def must_be_lost(finding, read_only_pages):
    """Should this run write to a page that whole-page protection closes?"""
    return any(step.data is not None and step.emulated and
               step.offset // PAGE in read_only_pages
               for step in finding.steps)


def is_lost(finding, read_only_pages):
    """Did none of its writes to those pages arrive?"""
    return not any(access.kind == "W" and
                   access.offset // PAGE in read_only_pages
                   for access in finding.seen)
