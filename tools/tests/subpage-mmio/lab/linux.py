# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios with a real Linux as dom0, and an xHCI controller whose debug
capability is Xen's console, as data.

A scenario is a list of steps.  The initramfs (tools/tests/subpage-mmio/linux)
runs them, and knows the commands that they are made of.
"""

from dataclasses import dataclass

from scenarios import CONTROL, DEBUG_OUTPUT, Device

DBC_SIZE = 0x40

# One of its registers (xHCI 1.1, section 7.6.8).
DCDDI2 = 0x3c

DBC = 0x8700                    # where Intel's chipsets have it
FREE = 0x8600                   # registers that keep what is written


@dataclass(frozen=True)
class Step:
    """A command for Linux, and what must come of it."""
    command: str
    about: str = ""             # in words, for `lab show`
    status: int | None = 0      # that it ends with; None: does not matter
    said: str = ""              # a pattern that its output matches
    # What the device sees on the pages of the debug capability, but for its
    # registers: ("offset width value", in hex), in order.
    writes: tuple = ()
    console: str = ""           # a pattern that the console shows meanwhile
    stream: int = 0             # bytes of a stream that the console shows
    hammer: tuple = ()          # it writes there, too: (offset, first value)
    among: int = 0              # so many transfers begin after such a write
    device: str = ""            # a line that the device logs meanwhile


@dataclass(frozen=True)
class Scenario:
    """What boots, and what must come of it."""
    name: str
    about: str
    machine: str
    steps: tuple
    options: tuple = ()         # of the controller
    dbc: int = DBC              # where its debug capability is
    xen_options: str = "dbgp=xhci@pci00:08.0,share=yes"
    driver_writes: tuple = ()   # as a step's: before the first one
    stock_steps: tuple | None = None    # None: only patched boots
    stock_end: str = ""         # if not Linux ends it: a pattern
    # What must be wrong on stock, and nothing else: how the names of checks
    # begin, as patterns; see console.py.
    stock_wrong: tuple = ()
    expect: tuple = ()          # patterns that the console must show
    forbid: tuple = (r"ASSERT|Assertion|Xen WARN|Xen BUG|Panic|FATAL|"
                     r"Dom0 crashed|Domain 0 .*crashed|Kernel panic|Oops",)
    seconds: int = 900          # a busy machine takes long for all its polls
    # Goes to sleep, and gets woken up.  On the emulated chipset, ACPI S5 has
    # no effect after S3: it also gets switched off.
    sleeps: bool = False
    environment: None = None    # there are no forms here for the matrix

    @property
    def devices(self):
        """The one device."""
        return (Device("xhci", ((self.dbc, self.dbc + DBC_SIZE - 1),),
                       (f"out={DEBUG_OUTPUT}", f"control={CONTROL}",
                        *self.options)),)

    @property
    def stock(self):
        """Does stock boot, too?"""
        return self.stock_steps


def poked(offset, bits, *values):
    """The writes of a poke: those values in a row."""
    return tuple(f"{offset + n * bits // 8:x} {bits // 8} {value:x}"
                 for n, value in enumerate(values))


def poke(offset, bits, *values):
    """A step that writes to free registers."""
    words = " ".join(f"{value:x}" for value in values)
    return Step(f"poke {offset:x} {bits} {words}",
                writes=poked(offset, bits, *values))


DRIVER = "load usb-common usbcore xhci-hcd xhci-pci xen-privcmd"
BOUND = "readlink $xhci/driver"
HAMMERED = 0x10000000
SCRIBBLE = 0x5a5a0000           # with the offset: what Linux tries to write
SWITCH = r"\x01" * 3            # Ctrl-a thrice


def attack(at, size=DBC_SIZE):
    """Writes to all registers that are protected, by default those of the
    debug capability."""
    values = " ".join(f"{SCRIBBLE + offset:x}"
                      for offset in range(0, size, 4))
    return Step(f"poke {at:x} 32 {values}")


def free_writes(offset):
    """Of all widths, at all kinds of places."""
    return (
        poke(offset, 32, 0x1b92a3b4),
        poke(offset + 3, 8, 0x1b),
        poke(offset + 6, 16, 0x1b92),
        poke(offset + 8, 64, 0x1b92a3b4c5d6e7f8))


TAKE_OVER = (
    Step(DRIVER, "Linux' USB driver takes the controller over"),
    Step(BOUND, said="xhci_hcd$"))
TYPED = Step(f"host input {SWITCH}h",
             "the user types Ctrl-a thrice, h into the console",
             console=r"\*\*\* Serial input to Xen[^$]*"
                     r"key 'h' \(show this message\)|'h' pressed")
TYPED_BACK = Step(f"host input {SWITCH}", console="input to DOM0")

# While the debug host takes none, all output is in the middle of being sent.
HOLD, RELEASE = Step("host hold"), Step("host release")


def held_back(command, size=20000, **more):
    """Steps that do something to the controller in the middle of output."""
    return (HOLD, Step(f"stream {size} && {command}", stream=size,
                       device="dbc off$", **more), RELEASE)


def stream_hammered(size):
    """Output, while the other processor writes to registers next to the
    console's."""
    return Step(f"lines {size} && hammered {FREE:x} {HAMMERED:x} output",
                stream=size, hammer=(FREE, HAMMERED), among=1000)


def hammered(offset, first, count):
    """The writes of a hammer."""
    return tuple(f"{offset:x} 4 {first + n:x}" for n in range(count))


# As if BARs were being sized, which is not to be disturbed; but then they are
# not.  (A PVH dom0 would not find out that decoding is on again, and have its
# BARs mapped.)
LEFT_UNDECODED = Step(
    r"driver unbind && command '\0\0' 20000 300000 && driver bind",
    said=r"^0000\n0006$")

CONSOLE = (
    TYPED, TYPED_BACK,
    *held_back("driver unbind && driver bind"),
    Step(BOUND, said="xhci_hcd$"),
    Step("host cable out", "the cable is unplugged",
         device="dbc disconnected$"),
    Step("stream 20000", "output meanwhile", stream=20000),
    Step("host cable in", "and plugged in again"),
)
RING = Step("privately tool ring",
            "Xen's log, as Xen remembers it, is compared to the console")


def steps(dbc, free, *more):
    """What every Linux does."""
    return (*TAKE_OVER, *free_writes(free), attack(dbc), *more, RING)


# Early in Linux' boot, and it is the same whoever Linux is.
HANDOFF = ("846c 4 101a501", "8470 4 e0000000")

# What `lab show` boots: a user's machine, in short.
SHOWN = (
    Step(DRIVER, "Linux starts its USB driver"),
    Step(BOUND, "which driver has the controller", said="xhci_hcd$"),
    Step(f"briefly poke {FREE:x} 32 1b92a3b4",
         "user space writes to a register on the page",
         writes=poked(FREE, 32, 0x1b92a3b4)),
    Step(f"briefly poke {DBC + DCDDI2:x} 32 {SCRIBBLE + DCDDI2:x}",
         "user space writes to one of the console's registers"),
    TYPED)

SHOW = Scenario(
    name="show",
    about="""\
A machine with one USB3 controller. Xen uses its debug port as a console; Linux,
the first domain, uses the rest of it. The console's registers are on a page with
some that Linux writes. Stock Xen makes the whole page read-only for Linux;
patched Xen just the console's registers.""",
    machine="linux-pv",
    steps=SHOWN, stock_steps=SHOWN,
    driver_writes=HANDOFF,
    stock_wrong=("writes of the driver", r"step 3 .* ends", r"step 3 .* writes",
                 r"step 4 .* ends"))



def _shares(dom0, words):
    """Linux with less of the controller: no MSI, or no driver at all."""
    common = (*free_writes(FREE), attack(DBC), TYPED, TYPED_BACK, RING)
    for share, steps, writes, about in (
            ("hwdom", TAKE_OVER, HANDOFF, "the controller is its alone"),
            ("no", (Step(DRIVER), Step("readlink $xhci/driver", status=1)),
             (), "the controller is Xen's, and Linux' driver stays away")):
        yield Scenario(
            name=f"linux-{dom0}-{share}",
            about=f"Linux as {words}, share={share}: {about}",
            machine=f"linux-{dom0}",
            xen_options=f"dbgp=xhci@pci00:08.0,share={share}",
            steps=(*steps, *common), driver_writes=writes)


SCENARIOS = (
    Scenario(
        name="linux-pv",
        about="Linux as PV dom0 and the console on one controller: resets, "
              "cables, 1 MiB of output",
        machine="linux-pv",
        steps=steps(DBC, FREE, stream_hammered(1 << 20), LEFT_UNDECODED,
                    *CONSOLE),
        driver_writes=HANDOFF,
        # Firmware keeps the controller, and user space faults for ever.
        stock_steps=(*TAKE_OVER, Step(f"briefly poke {FREE:x} 32 1b92a3b4",
                                      writes=poked(FREE, 32, 0x1b92a3b4))),
        stock_wrong=("writes of the driver", r"step 3 .* ends",
                     r"step 3 .* writes")),
    Scenario(
        name="linux-npt",
        about="Linux as PVH dom0 on nested page tables and the console",
        machine="linux-npt",
        steps=steps(DBC, FREE, *CONSOLE),
        driver_writes=HANDOFF,
        # The first write to the page, early in its boot, kills it.
        stock_steps=TAKE_OVER,
        stock_end=r"Hardware Dom0 crashed",
        stock_wrong=("writes of the driver", r"step 1 .* begins",
                     r"step 2 .* begins")),
    Scenario(
        name="linux-shadow",
        about="Linux as PVH dom0 on shadow page tables; a BAR like AMD's, "
              "and the console's registers on two pages",
        machine="linux-shadow", options=("bar=1M", "dbc=8fdc"), dbc=0x8fdc,
        steps=steps(0x8fdc, FREE, TYPED, TYPED_BACK),
        # The legacy capability's next pointer is another one here.
        driver_writes=("846c 4 101ff01", HANDOFF[1])),
    Scenario(
        name="linux-pv-suspend",
        about="Linux as PV dom0, and Xen, sleep in the middle of output",
        machine="linux-pv",
        steps=steps(
            DBC, FREE,
            *held_back("suspend", console="Finishing wakeup from ACPI S3"),
            Step(BOUND, said="xhci_hcd$"),
            TYPED, TYPED_BACK, *free_writes(FREE), attack(DBC)),
        driver_writes=HANDOFF, sleeps=True),
    *_shares("pv", "PV dom0"),
    *_shares("npt", "PVH dom0 on nested page tables"),
    *_shares("shadow", "PVH dom0 on shadow page tables"),
)
