# SPDX-License-Identifier: GPL-2.0-only
"""The scenarios, as data: what boots on which machine, and what is expected.

A new scenario is a record at the end of this file.
"""

import re
from dataclasses import dataclass

from judge import Quirks


@dataclass(frozen=True)
class Machine:
    """A machine to boot on; {braces} are filled in for each boot."""
    emulator: str
    package: str                    # what to install if it is missing
    arguments: tuple                # whatever boots
    device: tuple                   # per device served by a process of ours
    kernel: tuple                   # the hypervisor and its first domain
    xen_options: str
    quirks: Quirks


MACHINES = {
    # No SMAP: a PV kernel does not survive it on this emulator's IRET.
    "qemu-pv": Machine(
        emulator="qemu-system-x86_64",
        package="qemu-system-x86",
        arguments=(
            "-nodefaults", "-nographic", "-no-reboot", "-monitor", "none",
            "-machine", "q35,memory-backend=mem0",
            "-object", "memory-backend-memfd,id=mem0,size=256M,share=on",
            "-m", "256", "-accel", "tcg,thread=single", "-cpu", "max,-smap",
            "-serial", "file:serial.log"),
        device=("-device", "x-pci-proxy-dev,id=dev{number},fd={fd}"),
        kernel=("-kernel", "xen", "-append", "{xen}",
                "-initrd", "dom0 {guest}"),
        xen_options="com1=115200,8n1 console=com1 loglvl=all "
                    "guest_loglvl=all dom0_mem=64M dom0_max_vcpus=1",
        # Its locked NEG is a load, and a compare-and-exchange.
        quirks=Quirks(restarts=True, reads_twice=("lock_neg",))),
}


@dataclass(frozen=True)
class Device:
    """A device, and its protected ranges: (first, last) offsets in BAR 0."""
    model: str
    protected: tuple


# Page 2 is A, 3 is B, 4 is C, 5 is D; 1, 6 and 7 have no protection at all.
PLAIN = Device("plain", protected=(
    (0x2100, 0x213f),
    (0x3200, 0x3207),
    (0x4000, 0x4007), (0x4ff8, 0x4fff),
    (0x5300, 0x5307)))


@dataclass(frozen=True)
class Stock:
    """What to ask of a hypervisor that protects whole pages only.

    Every write to a free granule of its R/O pages must then get lost: if it
    does not, the scenario shows nothing.
    """
    guest: str                      # the guest's arguments
    read_only_pages: tuple


@dataclass(frozen=True)
class Scenario:
    """What boots, and what must come of it on the patched hypervisor."""
    name: str
    about: str
    kernel: str                     # a file of the guest's build directory
    guest: str                      # the guest's arguments
    modes: tuple                    # the report must have a run in each mode
    places: tuple                   # at each of these BAR offsets
    stock: Stock | None             # None: only the patched hypervisor boots
    machine: str = "qemu-pv"
    devices: tuple = (PLAIN,)
    garbage: tuple = ()             # to put among the boot option's ranges
    seconds: int = 120              # until the guest must have finished
    expect: tuple = ()              # patterns that the console must show
    forbid: tuple = (r"ASSERT|Assertion|Xen WARN|Xen BUG|Panic|FATAL|"
                     r"omain 0 crashed",)


FREE, PROTECTED = 0x2040, 0x2100
PLACES = (
    FREE,
    PROTECTED,
    0x2043,                         # unaligned, all free
    0x20fd,                         # its tail touches protected bytes
    0x213d,                         # its head does
    0x1ffd,                         # from a plain page into A
    0x2ffd,                         # from A into B, free on both
    0x3ffd,                         # from B into C, protected there
    0x4ffd,                         # from C, protected there, into D
    0x5ffd,                         # from D into a plain page
)


def guest(modes, places, *more):
    """A test kernel's arguments; no comma, for that would end them."""
    return " ".join(["modes=" + "+".join(modes),
                     "at=" + "+".join(f"{place:x}" for place in places),
                     *more])


# The stock hypervisor is to protect whole pages: MSI-X makes A and B
# read-only there.  It is asked for stores from integer registers only.
STOCK_PAGES = (2, 3)
STOCK_GUEST = "protect=msix"
INTEGER_FORMS = "forms=" + "+".join((
    "mov_", "movnti", "movbe", "set", "add", "or", "adc", "sbb", "and", "sub",
    "xor", "inc", "dec", "not", "neg", "sh", "sar", "ro", "rc", "xchg",
    "xadd", "cmpxchg", "bt", "lock_", "stos", "movsb", "movsw", "movsl",
    "movsq", "rep_", "push", "pop", "call", "enter"))

PV64_MODES = ("kernel", "user", "compat")
PV32_MODES = ("kernel", "user")
STEP_MODES = ("kernel-step", "user-step")

# Pieces of a boot option that are of no use, each wrong in its own way.
GARBAGE = ("zap", "fed90000", "0xfed90003-0xfed9000a", "fed9000f-fed90008",
           "0x100000-0x100007", "fed90000-fed9000x",
           "11223344556677889-11223344556677890")


def _forms(name, kernel, modes, words):
    return Scenario(
        name=name,
        about=f"every form of store, at {len(PLACES)} places, by a {words} "
              "kernel and its user space",
        kernel=kernel, modes=modes, places=PLACES,
        guest=guest(modes, PLACES),
        stock=Stock(guest(modes, PLACES, STOCK_GUEST, INTEGER_FORMS),
                    STOCK_PAGES))


def _step(name, kernel, words):
    places = (FREE, PROTECTED, 0x20fd, 0x2ffd)
    return Scenario(
        name=name,
        about=f"single-stepping a {words} guest over emulated stores",
        kernel=kernel, modes=STEP_MODES, places=places,
        guest=guest(STEP_MODES, places),
        stock=None)


def _two_devices():
    modes, places = ("kernel", "user"), (FREE, PROTECTED, 0x6010)
    return Scenario(
        name="pv64-two-devices",
        about="of two devices with different protected ranges, the second "
              "is written to",
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places, "device=1234:5ab2"),
        devices=(PLAIN, Device("plain-b", protected=((FREE, FREE + 7),
                                                     (0x6000, 0x600f)))),
        stock=None)


def _option_garbage():
    modes, places = ("kernel",), (FREE, PROTECTED, 0x4ffd)
    return Scenario(
        name="pv64-option-garbage",
        about="a boot option with mistakes: each is named, the rest applies",
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places),
        garbage=GARBAGE,
        expect=tuple(rf'subpage-mmio-ro: .*"{re.escape(piece)}"'
                     for piece in GARBAGE),
        stock=None)


SCENARIOS = (
    _forms("pv64-forms", "guest-pv64", PV64_MODES, "64-bit PV"),
    _forms("pv32-forms", "guest-pv32", PV32_MODES, "32-bit PV"),
    _step("pv64-step", "guest-pv64", "64-bit PV"),
    _step("pv32-step", "guest-pv32", "32-bit PV"),
    _two_devices(),
    _option_garbage(),
)


def _show():
    modes, places = ("kernel", "user"), (FREE, 0x2104)
    forms = "forms=mov_r8+mov_r32+mov_r64+or_i8+rep_stosw_3"
    return Scenario(
        name="show",
        about="A PCI device has a few protected registers among ordinary "
              "ones. Stock Xen\nprotects whole pages of 4096 bytes, patched "
              "Xen just those registers. A guest's\nkernel and its user "
              "space write to both kinds.",
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places, forms),
        stock=Stock(guest(modes, places, STOCK_GUEST, forms), STOCK_PAGES))


# What `lab show` boots: few enough to read.
SHOW = _show()
