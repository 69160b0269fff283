# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios with a real Linux as dom0, whose virtio driver needs registers on
the page of its device's MSI-X table; and what must come of them.

The device has random numbers to give: 0 to 250, again and again.  Whatever
its driver gets, it has asked for by a write next to the table, and learned of
by an interrupt.
"""

import re
from dataclasses import dataclass

import console
import judge
import linux
from console import Check
from linux import Step
from scenarios import LINUX_OUTPUT, Device

# Offsets in BAR 0 of the device, see its source.
TABLE = range(0x1000, 0x1020)
PBA = range(0x1080, 0x1088)
COMMON = range(0x1100, 0x1138)
ISR = range(0x1180, 0x1184)
NOTIFY = range(0x1800, 0x2000)  # as far as it is on the page
STRUCTURES = TABLE, PBA, COMMON, ISR, NOTIFY

NUMBERS = 251                   # how many there are
BUFFER = 64                     # bytes that Linux asks for at a time
SIZE = 0x10000                  # bytes that are read
BUFFERS = SIZE // BUFFER

NOTIFICATION = "W 1800 2 0"     # of queue 0 (Virtio 1.1, section 4.1.5.2)
QUEUE_VECTOR = 1


@dataclass(frozen=True)
class Scenario(linux.Scenario):
    """What boots, and what must come of it."""
    xen_options: str = ""

    @property
    def devices(self):
        """The one device."""
        return (Device("virtio-rng", tuple((place[0], place[-1])
                                           for place in (TABLE, PBA))),)


LOAD = Step("load virtio_ring virtio virtio_pci_legacy_dev "
            "virtio_pci_modern_dev virtio_pci virtio-rng",
            "Linux' driver takes the device over")
BOUND = Step("readlink $rng/driver", said="/virtio-pci$")
READ = Step(f"privately entropy {SIZE}", "user space reads random numbers")
COUNT = Step("grep virtio0-input /proc/interrupts",
             said=r"-msi-x +virtio0-input$")
# Powering off would wait for drivers.
STOP = Step("echo b >/proc/sysrq-trigger", status=None)

SCENARIOS = (
    Scenario(
        name="linux-pv-virtio",
        about="Linux as PV dom0, and a virtio device all of whose registers "
              "are on the page of its MSI-X table: its driver works",
        machine="linux-pv-serial",
        steps=(LOAD, BOUND, *linux.free_writes(TABLE.stop),
               linux.attack(TABLE[0], len(TABLE)),
               linux.attack(PBA[0], len(PBA)),
               READ, COUNT),
        # The device never hears of the driver's buffers.  Whoever needs one
        # first hangs; that may even be who loads the driver.
        stock_steps=(LOAD, BOUND, READ, COUNT, STOP),
        stock_end=r"SPM: step 5 ",
        stock_wrong=(r"step [13] .* ends", "notifications", "random numbers",
                     "interrupts")),
)


def _touches(access, place):
    return access.offset < place.stop and access.end > place.start


class Accesses:
    """The device's log, by what it is about."""

    def __init__(self, lines):
        self._marks = judge.parse_device_log(lines)
        self._lines = lines

    def writes(self, place):
        """All those to one of the structures."""
        return [access for seen in self._marks.values() for access in seen
                if access.kind == "W" and _touches(access, place)]

    def free(self, mark):
        """Writes in a step to the page of the table, but to nothing that is
        there; as steps have them."""
        return [str(access)[2:] for access in self._marks.get(mark, ())
                if access.kind == "W" and
                access.offset // judge.PAGE == TABLE[0] // judge.PAGE and
                not any(_touches(access, place) for place in STRUCTURES)]

    def messages(self, mark=None):
        """How many interrupts were sent for the queue: before a mark, or
        all."""
        lines = self._lines
        if f"mark {mark}" in lines:
            lines = lines[:lines.index(f"mark {mark}")]
        return sum(line.startswith(f"msi {QUEUE_VECTOR} ") for line in lines)


def _buffer(number):
    """What the device puts in there, as init prints it."""
    return bytes((number * BUFFER + n) % NUMBERS
                 for n in range(BUFFER)).hex()


def check_table(accesses):
    """Has it been set up, and by nobody but Xen?"""
    seen = accesses.writes(TABLE)
    foreign = [str(access) for access in
               (*(access for access in seen
                  if not judge.is_xens(access, TABLE.start)),
                *accesses.writes(PBA))]
    return Check("who writes to the MSI-X table and PBA",
                 bool(seen) and not foreign, "just Xen, to the table",
                 f"{len(seen)} writes, of which {foreign[:3]} are not Xen's")


def check_notifications(accesses):
    """Does the device hear of each buffer, once?"""
    seen = [str(access) for access in accesses.writes(NOTIFY)]
    messages = accesses.messages()
    return Check("notifications",
                 len(seen) >= BUFFERS and set(seen) == {NOTIFICATION} and
                 len(seen) == messages,
                 f"{BUFFERS} or more '{NOTIFICATION}', and an interrupt for "
                 "each",
                 f"there are {len(seen)}, such as {sorted(set(seen))[:3]}, "
                 f"and {messages} interrupts")


def check_numbers(lines, handed):
    """Is what Linux read that which the device gave, in order?  The kernel
    keeps a buffer now and then."""
    given = map(_buffer, range(handed))
    lost = next((number for number, line in enumerate(lines, 1)
                 if line not in given), None)
    return Check("random numbers", len(lines) == BUFFERS and lost is None,
                 f"{BUFFERS} of the device's buffers",
                 f"there are {len(lines)}" +
                 (f", and number {lost} is not what came next" if lost
                  else ""))


def check_interrupts(lines, least, most):
    """Did Linux get what the device sent?"""
    found = re.search(r":\s+(\d+)\s", "\n".join(lines))
    count = int(found[1]) if found else 0
    return Check("interrupts", BUFFERS <= count and least <= count <= most,
                 f"as many as the device sent, {least} to {most}, and at "
                 f"least {BUFFERS}", f"Linux counts {count}")


def checks(scenario, kind, outcome):
    """All there is to look at."""
    text = console.read(outcome.folder / LINUX_OUTPUT).decode(errors="replace")
    told = console.parse_steps(text)
    accesses = Accesses(outcome.device_logs[0])
    steps = console.steps_of(scenario, kind)
    for number, step in enumerate(steps, 1):
        yield from console.check_step(number, step, told.get(number),
                                      outcome.console, accesses)

    count = steps.index(COUNT) + 1
    yield check_table(accesses)
    yield check_notifications(accesses)
    yield check_numbers(re.findall(rf"^[0-9a-f]{{{2 * BUFFER}}}$", text, re.M),
                        accesses.messages())
    yield check_interrupts(told[count].said if count in told else [],
                           accesses.messages(count), accesses.messages())
