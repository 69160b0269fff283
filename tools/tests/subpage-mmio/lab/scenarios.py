# SPDX-License-Identifier: GPL-2.0-only
"""The scenarios, as data: what boots on which machine, and what is expected.

A new scenario is a record at the end of this file.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from judge import Quirks
from machine import DONE, LAST_LINE, PATIENCE
from races import Race
from randoms import Randoms
from stress import Stress


@dataclass(frozen=True)
class Fault:
    """An emulator's, which makes some boots hang."""
    text: str
    shown: Callable                 # by the registers of what hangs
    instead: str = ""               # the machine to boot on next, if another


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
    guest_options: str = ""         # for any guest
    needs: tuple = ()               # what else: (program or path, package)
    files: tuple = ()               # (name, text) to write for a kernel's boot
    prepare: tuple = ()             # commands to run then
    last_words: str = LAST_LINE     # where it says why it has ended
    lacks: tuple = ()               # features that some forms would need
    repeatable: tuple = ()          # arguments for boots that do not differ
    console: str = "serial.log"     # the file that gets the hypervisor's
    device_arguments: tuple = ()    # for each device's process
    progress: tuple = ()            # files, one of which grows all the time
    patience: int = PATIENCE        # seconds until one has to
    stall: str = ""                 # a pattern: what they say if it hangs
    monitor: str = ""               # the emulator's: a socket
    fault: Fault | None = None
    # A log of accesses that it left the guest for: (name, address's pattern).
    witness: tuple | None = None


XEN_OPTIONS = ("com1=115200,8n1 console=com1 loglvl=all guest_loglvl=all "
               "dom0_mem=64M dom0_max_vcpus=1")

# Its locked NEG is a load, and a compare-and-exchange.
QEMU_QUIRKS = Quirks(restarts=True, lax=True, reads_twice=("lock_neg",))
PV_VECTOR, HVM_VECTOR = 14, 13
RFLAGS_IF, CR0_PE = 1 << 9, 1 << 0


def join(*words):
    """The words that there are, in one line."""
    return " ".join(filter(None, words))


# For a CD-ROM with GRUB, which boots whatever GRUB can.
ISO_NEEDS = (("grub-mkrescue", "grub-common"), ("xorriso", "xorriso"),
             ("/usr/lib/grub/i386-pc", "grub-pc-bin"))


def make_iso(module, *files):
    """The command that makes it, of files beside it and of `grub.cfg`."""
    return ("grub-mkrescue", "-o", "boot.iso",
            f"--install-modules={module} normal", "--fonts=", "--locales=",
            "--themes=", "-f", "/boot/grub/grub.cfg=grub.cfg",
            *(f"/{name}={name}" for name in files))


def _qemu(cpu, quirks, *more, xen="", guest_options=""):
    return Machine(
        emulator="qemu-system-x86_64",
        package="qemu-system-x86",
        arguments=(
            "-nodefaults", "-nographic", "-no-reboot", "-monitor", "none",
            "-machine", "q35,memory-backend=mem0",
            "-object", "memory-backend-memfd,id=mem0,size=256M,share=on",
            "-m", "256", "-accel", "tcg,thread=single", "-cpu", cpu,
            "-serial", "file:serial.log",
            "-qtest", "unix:qtest,server=on,wait=off",
            "-qtest-log", "/dev/null", *more),
        device=("-device", "x-pci-proxy-dev,id=dev{number},fd={fd}"),
        device_arguments=("--qtest", "qtest"),
        kernel=("-kernel", "xen", "-append", "{xen}",
                "-initrd", "dom0 {guest}"),
        xen_options=f"{XEN_OPTIONS} {xen}".rstrip(),
        guest_options=guest_options,
        lacks=("MOVDIRI", "MOVDIR64B", "AVX512F"),
        # Time is a count of instructions; at 64 ns each, of not too many.
        repeatable=("-icount", "shift=6,sleep=off", "-seed", "42",
                    "-rtc", "base=2024-01-01T00:00:00,clock=vm"),
        quirks=quirks)


def _qemu_pvh(dom0):
    # This emulator's RDTSCP and MWAIT are none that Xen can intercept, and
    # its XSETBV is one that Xen does not get to see: without knowing what the
    # guest has enabled, it would not emulate AVX.  Xen wants an IOMMU.
    return _qemu("max,-rdtscp,-monitor",
                 replace(QEMU_QUIRKS, vector=HVM_VECTOR),
                 "-device", "amd-iommu",
                 xen=f"dom0={dom0} hvm_fep", guest_options="xsetbv=fep")


# No PC speaker, for its sounds need a sound card.  A panic must end it.
BOCHS_CONFIG = """\
display_library: rfb, options="timeout=0"
plugin_ctrl: unmapped=1, speaker=0, e1000=1
cpu: model=corei7_skylake_x, count=1, ips=10000000, \
reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=256, host=256
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
pci: enabled=1, chipset=i440fx, slot1=pcivga, slot2=e1000
e1000: enabled=1, mac=52:54:00:12:34:56, ethmod=null
vga: extension=vbe, update_freq=1
clock: sync=none, time0=1700000000
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=serial.log
log: bochs.log
panic: action=fatal
"""
GRUB_CONFIG = """\
multiboot /xen {xen}
module /dom0 {guest}
boot
"""


def _bochs(vector, xen="", **more):
    return Machine(
        emulator="bochs",
        package="bochs bochs-term",
        needs=(*ISO_NEEDS,
               ("/usr/share/bochs/BIOS-bochs-latest", "bochsbios"),
               ("/usr/share/vgabios/vgabios.bin", "vgabios")),
        files=(("bochsrc", BOCHS_CONFIG), ("grub.cfg", GRUB_CONFIG),
               ("continue", "c\n")),       # its debugger waits for that
        prepare=(make_iso("multiboot", "xen", "dom0"),),
        arguments=("-q", "-f", "bochsrc", "-rc", "continue"),
        device=(), kernel=(),
        # A VESA mode of 640x480 with 256 colours makes memory of the frame
        # buffer.  No mitigations, for one of them disables AVX.
        xen_options=f"{XEN_OPTIONS} sync_console bootscrub=0 vga=mode-0x301 "
                    f"spec-ctrl=no {xen}".rstrip(),
        quirks=Quirks(vector=vector),
        last_words=r"^\[\w+ *\] .*",
        lacks=("MOVDIRI", "MOVDIR64B", "SSE4A"),
        **more)


def _processors(machine, number):
    """What takes turns on another processor, too, must not get lost."""
    return replace(
        machine, arguments=(*machine.arguments, "-smp", str(number)),
        xen_options=f"{machine.xen_options} dom0_max_vcpus={number}")


MULTIBOOT2 = """\
multiboot2 /xen {xen}
module2 /dom0 {guest}
module2 /initramfs
boot
"""
DEBUG_OUTPUT, LINUX_OUTPUT = "dbc.out", "linux.log"
CONTROL, MONITOR = "control", "monitor"         # the device's, the emulator's


def _linux(cpu, processors, *more, xen="", mib=1024, shift=1):
    """With an xHCI controller whose debug capability is the console, and a
    serial port for Linux alone.  GRUB loads it all to where it can stay: a
    console that is set up before Xen relocates itself does not survive it on
    stock."""
    return Machine(
        emulator="qemu-system-x86_64",
        package="qemu-system-x86",
        needs=ISO_NEEDS,
        files=(("grub.cfg", MULTIBOOT2),),
        prepare=(make_iso("multiboot2", "xen", "dom0", "initramfs"),),
        arguments=(
            "-nodefaults", "-nographic", "-no-reboot",
            "-monitor", f"unix:{MONITOR},server=on,wait=off",
            "-machine", "q35,memory-backend=mem0",
            "-object", f"memory-backend-memfd,id=mem0,size={mib}M,share=on",
            "-m", str(mib), "-smp", str(processors),
            "-accel", "tcg,thread=single",
            # Time goes by with instructions.  Or else Xen, which looks at the
            # console every 100 us, would have time for nothing else on a
            # busy machine.
            "-icount", f"shift={shift},sleep=off",
            "-cpu", cpu, "-serial", "file:serial.log",
            "-serial", f"file:{LINUX_OUTPUT}",
            "-qtest", "unix:qtest,server=on,wait=off",
            "-qtest-log", "/dev/null", *more),
        device=("-device", "x-pci-proxy-dev,id=dev{number},fd={fd},addr=08"),
        # (Where the firmware's tables say that INTA# of slot 8 goes.)
        device_arguments=("--qtest", "qtest", "--gsi", "20",
                          "--intel-iommu", "00:08.0"),
        kernel=("-cdrom", "boot.iso"),
        xen_options=f"loglvl=all guest_loglvl=all console=xhci "
                    f"conring_size=1m dom0_mem={mib // 2}M "
                    f"dom0_max_vcpus={processors} {xen}".rstrip(),
        guest_options=LINUX_OPTIONS,
        quirks=QEMU_QUIRKS, console=DEBUG_OUTPUT)


# QEMU 7.2's helper_vmrun() leaves the vector of an event that it injects in
# exception_index.  If the processor's turn ends before that gets another value
# (see cpu_handle_interrupt()), the vector is delivered once more, in spite of
# the guest's IF; `-d int` shows the pair.  A Linux which holds the interrupt's
# lock by then waits for itself.  So there is just one processor, where an event
# that another one sent meanwhile cannot be what the second delivery finds, nor
# can another one have the lock.
LOOP = 64                       # bytes of a spin lock's code, at most


def waits_for_itself(registers):
    """Is all of Linux that these show one loop with interrupts off?  If it were
    an instruction which Xen does not get done, they would show Xen."""
    states = re.findall(r"RIP=(\w+) RFL=(\w+)(?:(?!CPU#)[^\0])*?^CS =(\w+) ",
                        registers, re.M)
    kernel = [(int(rip, 16), int(flags, 16))
              for rip, flags, selector in states if selector == "0010"]
    user = [rip for rip, _, selector in states if selector in ("0023", "0033")]
    places = [rip for rip, _ in kernel]
    return (not user and len(kernel) > max(1, len(states) / 2) and
            max(places) - min(places) < LOOP and
            not any(flags & RFLAGS_IF for _, flags in kernel))


INJECTS_TWICE = "QEMU may deliver an interrupt twice to an HVM guest"
# SeaBIOS' IRET, for all vectors that it has no use for: exceptions, too.
IRET = 0xf000, 0xff53


def faults_for_ever(registers):
    """Are all that these show of firmware an exception, which happens again
    when it returns from it?"""
    states = [re.search(r"EIP=(\w+) EFL=(\w+).*^CS =(\w+) .*^CR0=(\w+)", text,
                        re.S | re.M) for text in registers.split("CPU#")]
    states = [[int(value, 16) for value in state.groups()]
              for state in states if state]
    places = {(selector, ip) for ip, _, selector, _ in states}
    return (len(places) == 2 and IRET in places and
            not any(flags & RFLAGS_IF or cr0 & CR0_PE
                    for _, flags, _, cr0 in states))


def injected_twice(registers):
    """What INJECTS_TWICE leaves of Linux, or of firmware."""
    return waits_for_itself(registers) or faults_for_ever(registers)


def _at_paces(name, make, *arguments):
    """A machine on which a guest may get an interrupt too many.  It then does so
    most of the time, but for another pace: time goes by with instructions."""
    names = name, f"{name}-faster", f"{name}-slower"
    return {its: replace(machine, monitor=MONITOR, fault=Fault(
                             INJECTS_TWICE, injected_twice, instead))
            for its, instead, machine in zip(
                names, (*names[1:], name),
                (make(*arguments, shift=shift) for shift in (1, 2, 0)))}


def _linux_pvh(dom0, **more):
    machine = _linux("EPYC,+svm,+npt,-rdtscp,-monitor", 1,
                     "-device", "intel-iommu,intremap=off",
                     xen=f"dom0={dom0} iommu=no-sharept", **more)
    return replace(
        machine, progress=(DEBUG_OUTPUT, LINUX_OUTPUT),
        stall="detected stalls on CPUs",
        # Linux' probing of a keyboard is what mostly meets that.
        arguments=tuple(f"{word},i8042=off" if word.startswith("q35,")
                        else word for word in machine.arguments))


def _usb(**more):
    """A PV Linux hands that controller on; see _domu().  Of the IOMMUs,
    Intel's is the one whose tables the device knows."""
    machine = _linux("max,-smap,-rdtscp,-monitor", 1,
                     "-device", "intel-iommu,intremap=off",
                     xen="iommu=no-sharept spec-ctrl=eager-fpu", mib=2048,
                     **more)
    return replace(
        machine, progress=(DEBUG_OUTPUT, LINUX_OUTPUT),
        patience=600)               # while firmware loads a kernel


def _linux_serial(cpu, quirks, *more, xen="", mib=1024):
    """With one serial port for Xen, and another one on which Linux tells what
    it does, and no kernel messages."""
    machine = _qemu(
        cpu, quirks, "-serial", f"file:{LINUX_OUTPUT}", *more,
        xen=join("dom0_mem=512M", xen),
        guest_options=LINUX_OPTIONS.replace("console=ttyS1 ", ""))
    return replace(
        machine,
        arguments=tuple(word.replace("256", str(mib))
                        for word in machine.arguments),
        kernel=(*machine.kernel[:-1], "dom0 {guest},initramfs"))


def _domu(vector, *more, xen="", **more_keys):
    """A PV Linux, which has domains.  Where Xen restores FPU registers lazily,
    as it does by default on this processor, some get lost on this emulator
    when domains take turns: with stock Xen, too, dom0's programs crash."""
    return _linux_serial("max,-smap,-rdtscp,-monitor",
                         replace(QEMU_QUIRKS, vector=vector), *more,
                         xen=join("hvm_fep spec-ctrl=eager-fpu", xen),
                         **more_keys)


def _passthrough(vector):
    """The emulator's interrupts would not pass through the IOMMU.  Xen sizes
    its page tables by what memory there is, and they must hold all of 4 GiB.
    libxl takes a device 2 for a graphics card's."""
    machine = _domu(vector, "-device", "amd-iommu",
                    xen="iommu=no-intremap", mib=2048)
    return replace(machine, device=(
        *machine.device[:-1], machine.device[-1] + ",addr=1{number}"))


# Drivers claim BARs, and user space would not be let near them.
LINUX_OPTIONS = "console=hvc0 console=ttyS1 loglevel=4 iomem=relaxed"

MACHINES = {
    # No SMAP: a PV kernel does not survive it on this emulator's IRET.
    "qemu-pv": _qemu("max,-smap", replace(QEMU_QUIRKS, vector=PV_VECTOR,
                                          keeps_ptes=True)),
    "qemu-pvh-npt": _qemu_pvh("pvh"),
    "qemu-pvh-shadow": _qemu_pvh("pvh,shadow"),
    "bochs-pv": _bochs(PV_VECTOR),
    "bochs-pvh-ept": _bochs(
        HVM_VECTOR, xen="dom0=pvh,verbose dom0-iommu=none iommu=no",
        witness=("bochs.log",
                 r"VMEXIT: EPT violation for guest paddr 0x([0-9a-f]+)")),
    "linux-pv": _linux("max,-smap", 2),
    "linux-pv-serial": _linux_serial("max,-smap", QEMU_QUIRKS),
    # What its domains are: as above.
    "domu-pv": _domu(PV_VECTOR),
    "domu-hvm": _domu(HVM_VECTOR),
    "domu-passthrough": _passthrough(HVM_VECTOR),
    "domu-passthrough-pv": _passthrough(PV_VECTOR),
    **_at_paces("domu-usb", _usb),
    **_at_paces("linux-npt", _linux_pvh, "pvh"),
    **_at_paces("linux-shadow", _linux_pvh, "pvh,shadow"),
}


MACHINES |= {f"{name}-smp{number}": _processors(MACHINES[name], number)
             for name in ("qemu-pv", "qemu-pvh-npt", "qemu-pvh-shadow")
             for number in (2, 4)}


@dataclass(frozen=True)
class Device:
    """A device, and its protected ranges: (first, last) offsets in BAR 0."""
    model: str
    protected: tuple
    options: tuple = ()             # of the model
    firmware: bool = False          # has a driver for it, so that it is
                                    # written to by others than the guest
    table: tuple | None = None      # MSI-X's, for which Xen protects them,
    by_option: tuple = ()           # but for these


@dataclass(frozen=True)
class Window:
    """Memory of a device that is no process of ours: the guest has to look
    for itself what is in there."""
    address: int
    pages: int
    protected: tuple                # as above, from the window's beginning
    registers: tuple = ()           # if not all of it keeps what is written


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
    does not, the scenario shows nothing.  Without any, all has to be as on
    the patched one.
    """
    guest: str                      # the guest's arguments
    read_only_pages: tuple
    dies: str = ""                  # if the first such write is the guest's
                                    # last: what the console shows then


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
    task: object = None             # Randoms or a Race, instead of forms
    toggled: tuple = ()             # ranges that mode open is without
    opened: tuple = ()              # ranges that are of no effect at all
    maps_again: bool = False        # before each mode, so that no PTE is stale
    window: Window | None = None    # instead of devices
    environment: str | None = None  # under which the matrix counts the forms
    counted: bool = False           # the debug key must print right counts
    xen_options: str = ""           # on top of the machine's
    garbage: tuple = ()             # to put among the boot option's ranges
    seconds: int = 300              # until the guest must have finished
    twice: bool = False             # boots twice, with no difference at all
    end: str = DONE                 # the pattern that says that it has
    said: tuple = ()                # lines of the guest's report on interrupts
    expect: tuple = ()              # patterns that the console must show
    forbid: tuple = (r"ASSERT|Assertion|Xen WARN|Xen BUG|Panic|FATAL|"
                     r"Dom0 crashed|Domain 0 .*crashed",)


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


PV_STEP_PLACES = (FREE, PROTECTED, 0x20fd, 0x2ffd)
PVH_STEP_PLACES = (0x5040, 0x5100, 0x50fd, 0x5ffd)

FRAME_BUFFER = Window(0xc0000000, 8, PLAIN.protected)
# The multicast and VLAN tables of a network card: 4-byte accesses only.
NETWORK_CARD = Window(0xc1020000, 8, ((0x5210, 0x5217), (0x5640, 0x5647)),
                      registers=((0x5200, 0x527f), (0x5600, 0x567f)))
REGISTER_FORMS = "forms=" + "+".join((
    "mov_r32", "mov_i32", "mov_sib", "movnti_r32", "add_r32", "or_i32",
    "lock_xadd_r32", "xchg_r32", "cmpxchg_r32", "bts_i_m32", "rep_stosl_3"))
REGISTER_PLACES = (0x5220, 0x5210, 0x5214, 0x520c, 0x5640, 0x5644, 0x5648)
# Its second page is the HPET's, which is R/O as a whole on any Xen.
HPET = Window(0xfecff000, 2, protected=())

# The stock hypervisor is to protect whole pages: MSI-X makes A and B
# read-only there.  It is asked for stores from integer registers only.
STOCK_PAGES = (2, 3)
STOCK_GUEST = "protect=msix"
INTEGER_FORMS = "forms=" + "+".join((
    "mov_", "movnti", "movbe", "set", "add", "or", "adc", "sbb", "and", "sub",
    "xor", "inc", "dec", "not", "neg", "sh", "sar", "ro", "rc", "xchg",
    "xadd", "cmpxchg", "bt", "lock_", "stos", "movsb", "movsw", "movsl",
    "movsq", "rep_", "push", "pop", "call", "enter"))

# A PVH dom0 does not get to see pages 2 and 3: vPCI emulates the MSI-X table
# and PBA, and handles all of their pages.  The same kinds of places elsewhere
# take two rounds.
PVH = Device("plain", protected=(
    (0x5100, 0x513f),
    (0x6000, 0x6007), (0x6ff8, 0x6fff)))
PVH_PLACES = (
    0x5040,
    0x5100,
    0x5043,                         # unaligned, all free
    0x50fd,                         # its tail touches protected bytes
    0x513d,                         # its head does
    0x4ffd,                         # from a plain page, free
    0x5ffd,                         # free, and protected on the next page
    0x6ffd,                         # protected, and a plain page
)
PVH_BORDERS = Device("plain", protected=(
    (0x4200, 0x4207),
    (0x5ff8, 0x5fff),
    (0x6200, 0x6207)))
PVH_BORDER_PLACES = (
    0x4ffd,                         # free on both pages
    0x5ffd,                         # protected, and free on the next page
    0x6ffd,                         # free, and a plain page
)

PV64_MODES = ("kernel", "user", "compat")
PV32_MODES = ("kernel", "user")
PVH_MODES = ("kernel", "user", "compat", "seg", "prot32", "prot16", "alias")
STEP_MODES = ("kernel-step", "user-step")

# Pieces of a boot option that are of no use, each wrong in its own way.
GARBAGE = ("zap", "fed90000", "0xfed90003-0xfed9000a", "fed9000f-fed90008",
           "0x100000-0x100007", "fed90000-fed9000x",
           "11223344556677889-11223344556677890",
           "fed00100-fed00107")     # the HPET, R/O as a whole for Xen


def _forms(name, kernel, modes, words):
    return Scenario(
        name=f"{name}-forms",
        about=f"every form of store, at {len(PLACES)} places, by a {words} "
              "kernel and its user space",
        kernel=kernel, modes=modes, places=PLACES,
        guest=guest(modes, PLACES),
        environment=name,
        stock=Stock(guest(modes, PLACES, STOCK_GUEST, INTEGER_FORMS),
                    STOCK_PAGES))


def _shadowed(name, kernel, modes, words, *forms):
    """As a PV guest is where pv-l1tf= has Xen do that, which takes a guest's
    page tables with addresses in entries that are not present."""
    return Scenario(
        name=f"{name}-shadowed",
        about=f"forms of store by a {words}, with page tables that are "
              "shadowed",
        kernel=kernel, modes=modes, places=PLACES,
        guest=guest(modes, PLACES, *forms),
        xen_options="dom0=shadow",
        expect=("Switching dom0 to using shadow paging",),
        stock=Stock(guest(modes, PLACES, STOCK_GUEST,
                          *(forms or (INTEGER_FORMS,))), STOCK_PAGES))


def _step(name, kernel, words, places, **more):
    return Scenario(
        name=f"{name}-step",
        about=f"single-stepping {words} over emulated stores",
        kernel=kernel, modes=STEP_MODES, places=places,
        guest=guest(STEP_MODES, places),
        environment=name, stock=None, **more)


def _pvh(name, words):
    """On stock, no page can be made R/O as a whole for a PVH dom0: it is not
    allowed to have MSI-X prepared."""
    def forms(suffix, device, places, what):
        return Scenario(
            name=f"{name}-{suffix}",
            about=f"every form of store, {what}, by all kinds of code in a "
                  f"PVH dom0 on {words}",
            kernel="guest-pvh", modes=PVH_MODES, places=places,
            guest=guest(PVH_MODES, places),
            machine=f"qemu-{name}", devices=(device,),
            environment=name, stock=None)

    return (
        forms("forms", PVH, PVH_PLACES, f"at {len(PVH_PLACES)} places"),
        forms("borders", PVH_BORDERS, PVH_BORDER_PLACES,
              "at more borders between pages"),
        _step(name, "guest-pvh", f"a PVH dom0 on {words}", PVH_STEP_PLACES,
              machine=f"qemu-{name}", devices=(PVH,)),
        _toggle(name, words))


def _pv_toggle(name, about, device, *words, **more):
    """Xen cannot find the PTEs that a PV guest has."""
    first, last = PVH.protected[0]
    modes, places = ("open", "kernel", "user"), (0x5040, 0x5100, 0x50fd)
    return Scenario(
        name=name, about=about,
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places, f"toggle={first:x}-{last:x}", *words),
        devices=(device,), stock=None, **more)


def _toggle(name, words):
    """The page has no other protected range, and becomes an ordinary one."""
    modes, places = ("open", "kernel"), (0x5040, 0x5100, 0x50fd)
    first, last = PVH.protected[0]
    return Scenario(
        name=f"{name}-toggle",
        about=f"protection goes and comes while a PVH dom0 on {words} has "
              "the page mapped: each takes effect at once",
        kernel="guest-pvh", modes=modes, places=places,
        guest=guest(modes, places, f"toggle={first:x}-{last:x}"),
        machine=f"qemu-{name}", devices=(PVH,),
        toggled=(PVH.protected[0],), stock=None)


def _window(name, kernel, machine, modes, places, words,
            window=FRAME_BUFFER, forms=""):
    return Scenario(
        name=name,
        about=f"{words} on an emulated Intel processor: stores to a "
              f"{'network card' if window.registers else 'frame buffer'}",
        kernel=kernel, modes=modes, places=places,
        guest=guest(modes, places, *filter(None, [forms])),
        machine=machine, devices=(), window=window,
        environment=name.rpartition("-")[0],
        seconds=600, stock=None)


def _window_toggle():
    """Of the page that _toggle() has elsewhere."""
    modes, places = ("open", "kernel"), (FREE, PROTECTED, 0x20fd)
    first, last = PLAIN.protected[0]
    return replace(
        _window("pvh-ept-toggle", "guest-pvh", "bochs-pvh-ept", modes, places,
                ""),
        about="protection goes and comes while a PVH dom0 on an emulated "
              "Intel processor has the page mapped: each takes effect at once",
        guest=guest(modes, places, f"toggle={first:x}-{last:x}",
                    "forms=mov_r+xchg_+lock_xadd+rep_stosb"),
        toggled=(PLAIN.protected[0],), environment=None)


def _watched():
    """Only Intel's page tables have what a listener wants to know."""
    modes, places = ("watched",), (FREE, PROTECTED, 0x20fd, 0x2ffd)
    forms = "forms=mov_r+or_i+lock_xadd_r32+rep_stosb+push_r"
    return replace(
        _window("pvh-ept-watched", "guest-pvh", "bochs-pvh-ept", modes, places,
                ""),
        about="another domain's stores, for which a listener of memory events "
              "must be asked first",
        guest=guest(modes, places, forms), environment=None)


def _hpet():
    """No device of ours can be on such a page of a PVH dom0."""
    modes, places = ("kernel",), (0x1100,)
    arguments = guest(modes, places)
    return Scenario(
        name="pvh-npt-hpet",
        about="a page that is not protected in part, but R/O as a whole: a "
              "write kills a PVH dom0 on AMD, as ever",
        kernel="guest-pvh", modes=modes, places=places,
        guest=arguments, stock=Stock(arguments, ()),
        machine="qemu-pvh-npt", devices=(), window=HPET,
        end=r"SVM violation gpa 0x0*fed00[0-9a-f]{3}\b.*\n"
            r".*domain_crash called",
        forbid=(r"ASSERT|Assertion|Xen WARN|Xen BUG|Panic|FATAL",))


def _hpet_dropped():
    """There it is known where a write goes: dom0's are dropped."""
    modes, places = ("kernel",), (0x1100,)
    arguments = guest(modes, places, "protect=1100-1107", "forms=mov_r32")
    return replace(
        _hpet(),
        name="pvh-ept-hpet",
        about="a page that is not protected in part, but R/O as a whole: a "
              "PVH dom0's aligned write is dropped on Intel, as ever",
        guest=arguments, stock=Stock(arguments, ()),
        machine="bochs-pvh-ept",
        window=replace(HPET, registers=((0x1100, 0x1107),)),
        end=DONE)


def _hpet_stepped():
    """A PV guest's writes to it are dropped, and what follows is a #DB."""
    modes, places = ("kernel", "kernel-step"), (0x1100,)
    return replace(
        _hpet_dropped(),
        name="pv64-hpet",
        about="a page that is not protected in part, but R/O as a whole: a "
              "single-stepping PV guest's write is dropped, and followed by "
              "a #DB which says so",
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places, "protect=1100-1107", "forms=mov_r32"),
        machine="qemu-pv", stock=None)


# Most are far from any protected granule, so that all of it must arrive.
RANDOM_PLACES = (0x2040, 0x20f0, 0x2110, 0x2400, 0x2800, 0x2ffd, 0x3800,
                 0x4800, 0x4ff0, 0x5700, 0x5ff8)
PVH_RANDOM_PLACES = (0x5040, 0x50f0, 0x5110, 0x5400, 0x5800, 0x5ffd, 0x6800,
                     0x4ff8)


def _random(name, kernel, modes, places, seed, words, **more):
    """Two thousand stores, of many that are none; Bochs takes a minute for
    two thousand of both."""
    count = (2000 if "window" in more else 6000) // len(modes)
    return Scenario(
        name=f"{name}-random",
        about=f"{count * len(modes)} random instructions in {words}: what "
              "the device saw is what they did to memory",
        kernel=kernel, modes=modes, places=places,
        guest=guest(modes, places),
        task=Randoms(seed, count, least=count // 4), stock=None, **more)


def _race(name, kernel, machine, device, *places):
    return Scenario(
        name=f"{name}-race",
        about="two processors do the same locked instructions at once",
        kernel=kernel, modes=("race",), places=places,
        guest=guest(("kernel",), places),
        machine=machine, devices=(device,),
        task=Race(count=500), stock=None)


# By processors: how often each but the first one writes.
STRESS_COUNTS = {2: 100000, 4: 70000}


def _stress(name, processors, device, toggled, *places, suffix="",
            kernel="guest-pvh", machine=None, **more):
    first, last = toggled
    return Scenario(
        name=f"{name}-stress{suffix}-{processors}",
        about=f"{processors} processors write to the same places, while "
              "protection goes and comes",
        kernel=kernel, modes=("stress",), places=places,
        guest=guest(("kernel",), places, f"toggle={first:x}-{last:x}",
                    "keys=W"),
        machine=f"qemu-{machine or name}-smp{processors}",
        devices=(device,), seconds=900, stock=None,
        task=Stress(processors - 1, STRESS_COUNTS[processors], places,
                    tuple(place for place in places
                          if first <= place <= last)), **more)


def _stress_granule(name, processors, device, page, **more):
    """Protection changes for a granule with free ones beside it, on a page
    which has others that are protected."""
    granule = page + 0x48, page + 0x4f
    places = (page + 0x40, granule[0], page + 0x50, page + 0x100,
              page + 0x1004, page + 0x1010)
    return _stress(
        name, processors,
        replace(device, protected=(*device.protected, granule)), granule,
        *places, counted=True, **more)


def _stress_page(name, processors):
    """It changes for all that the page has, which thus comes and goes."""
    return _stress(name, processors, PVH, PVH.protected[0], 0x5040, 0x5104,
                   0x5140, 0x6004, suffix="-page")


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


def _forged():
    modes, places = ("forged",), (FREE, PROTECTED)
    return Scenario(
        name="pv32-forged",
        about="a guest which has no mapping of the device, but what looks "
              "like one: nothing must arrive",
        kernel="guest-pv32", modes=modes, places=places,
        guest=guest(modes, places,
                    "forms=mov_r32+add_r+lock_xadd_r32+dec_+xchg_"),
        # To have memory to spare, which the guest needs for this.
        xen_options="dom0_mem=64M,max:128M",
        stock=None)


def _counts(name, kernel, words, device, places, **more):
    """The key's output is compared with the device's log: one access each."""
    modes = ("kernel", "user")
    return Scenario(
        name=f"{name}-counts",
        about=f"what the debug key says {words} has written is what the "
              "device saw",
        kernel=kernel, modes=modes, places=places,
        guest=guest(modes, places, "forms=mov_r+stosl+rep_stosw_3", "keys=W"),
        devices=(device,), counted=True, stock=None, **more)


def msix_device(vectors, table, pba, *options):
    """A device of that many vectors, with its table and PBA at offsets."""
    return Device(
        "msix", table=(table, table + 16 * vectors - 1),
        protected=((table, table + 16 * vectors - 1),
                   (pba, pba + (vectors + 63) // 64 * 8 - 1)),
        options=(f"vectors={vectors:x}", f"table={table:x}", f"pba={pba:x}",
                 *options))


# Writing to this register of the table's page raises an interrupt.
MSIX_BELL = "bell=2160"

# By name: the device, places before, in, between, in, and after table and
# PBA, and the pages which whole-page protection closes.
MSIX_LAYOUTS = {
    "page": (msix_device(4, 0x2100, 0x2180),
             (0x20f8, 0x20fd, 0x2100, 0x213d, 0x2148, 0x2180, 0x2187, 0x2188,
              0x1ffd, 0x2ffd), (2,)),
    "cross": (msix_device(0x50, 0x2d00, 0x3ff8),
              (0x2cf8, 0x2cfd, 0x2ff8, 0x2ffd, 0x3208, 0x3ff0, 0x3ffd, 0x4004,
               0x4008, 0x4ffd), (2, 3)),
    "apart": (msix_device(0xc8, 0x1f80, 0x5fe8),
              (0x1f40, 0x1f7d, 0x1ffd, 0x2c04, 0x2bfd, 0x4010, 0x5fd0, 0x5ffd,
               0x6004, 0x6008), (1, 2, 5)),
}


def storm_said(storm, vectors):
    """What a guest has to say of so many interrupts, which vectors take in
    turn, and of a masked one."""
    counts = [len(range(vector, storm, vectors)) for vector in range(vectors)]
    return (*(f"storm {vector} {count} {count}"
              for vector, count in enumerate(counts)), "mask 0 1 1")


def _msix(name, modes, places, device, pages, *words, kernel="guest-pv64",
          vectors=3, storm=0, stock=True, **more):
    arguments = ["device=1234:5ab3", f"msix={vectors:x}", *words]
    said = ()
    if storm:
        arguments += [MSIX_BELL, f"storm={storm:x}"]
        said = storm_said(storm, vectors)
    return Scenario(
        name=name, kernel=kernel, modes=modes, places=places,
        guest=guest(modes, places, *arguments),
        devices=(device,), said=said,
        stock=Stock(guest(modes, places, "device=1234:5ab3",
                          f"msix={vectors:x}", INTEGER_FORMS), pages)
        if stock else None, **more)


def _msix_scenarios():
    for layout, (device, places, pages) in MSIX_LAYOUTS.items():
        for bits in 64, 32:
            yield _msix(
                f"pv{bits}-msix-{layout}", ("kernel", "user"), places, device,
                pages, kernel=f"guest-pv{bits}",
                about=f"every form of store around an MSI-X table and PBA, "
                      f"layout '{layout}', by a {bits}-bit PV kernel and its "
                      f"user space")
    device, places, _ = MSIX_LAYOUTS["page"]
    few = "forms=mov_r+add_r+xchg_r"
    for suffix, words, about in (
            ("toggle", "toggle=msix",
             "is torn down, and set up"),
            ("remove", "toggle=remove",
             "is in use when the device is removed, and added"),
            ("release", "toggle=msix protect=msix",
             "is prepared, used, and released"),
            ("remove-prepared", "toggle=remove protect=msix",
             "is prepared, and used, when the device is removed, and added")):
        yield _msix(
            f"pv64-msix-{suffix}", ("open", "kernel"), places[:8], device, (),
            words, few, stock=False, toggled=device.protected,
            maps_again=True,
            about=f"MSI-X {about}, again and again: protection goes and "
                  "comes")
    yield _msix(
        "pv64-msix-one", ("open", "kernel"), places[:8], device, (),
        "toggle=msix", "forms=mov_r32", vectors=1, stock=False,
        toggled=device.protected, maps_again=True,
        about="a single vector comes and goes; it is not what was prepared, "
              "and not released like that")
    yield _msix_shared()
    yield _msix(
        "pv64-msix-storm", ("kernel",),
        (0x20f8, 0x2100, 0x2150, 0x2180, 0x2190),
        replace(device, options=(*device.options, MSIX_BELL)), (),
        "forms=mov_r8", storm=10000, stock=False, seconds=600,
        about="10,000 interrupts taken by a PV dom0 which writes next to the "
              "table, and to it, all the time")


# Its table and PBA are at registers of the next device, whose BAR follows.
BESIDE = Device("msix", protected=(), options=(
    "device=5ab4", "vectors=2", "table=a400", "pba=a180"))


def _msix_shared():
    """The first device's PBA is the second one's, too."""
    modes = ("open", "kernel")
    places = (0x20f8, 0x2100, 0x213d, 0x2180, 0x2188, 0x23fd, 0x2400, 0x241c,
              0x2420)
    device = msix_device(4, 0x2100, 0x2180)
    return Scenario(
        name="pv64-msix-shared",
        about="two devices' tables on a page, and a granule which is both "
              "one's PBA: the first one's protection stays while the second "
              "one's goes and comes",
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places, "device=1234:5ab3", "beside=1234:5ab4",
                    "msix=3", "toggle=msix", "forms=mov_r+add_r+xchg_r"),
        devices=(BESIDE,
                 replace(device, protected=(*device.protected,
                                            (0x2400, 0x241f)))),
        toggled=device.protected[:1], stock=None)


def _msix_option():
    """The option's ranges are the plain device's table and PBA."""
    modes, places = ("kernel", "user"), (FREE, PROTECTED, 0x3200, 0x3208)
    return Scenario(
        name="pv64-msix-option",
        about="MSI-X is prepared where the boot option protects the table and "
              "PBA already",
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places, "protect=msix", "forms=mov_+add_"),
        stock=None)


def _vpci(machine_name, words, next_page):
    """vPCI hides pages with a table or PBA from a PVH dom0, and emulates what
    it does there.  The first device's table is on the second one's page, as
    in _msix_shared(), and its PBA is the same.  In another layout, the PBA is
    on the page after the table's, at `next_page`."""
    device = msix_device(4, 0x2100, 0x2180, MSIX_BELL)
    table, pba = device.protected
    option, beside = (0x2200, 0x2207), (0x2400, 0x241f)
    # The emulator's interrupts would not pass through the IOMMU.
    more = {"kernel": "guest-pvh", "stock": False, "seconds": 600,
            "machine": f"qemu-{machine_name}",
            "xen_options": "iommu=no-intremap"}
    scenario = _msix(
        f"{machine_name}-msix", ("kernel", "user", "prot32"),
        (0x20f8, 0x20fd, 0x2140, 0x2150, 0x2178, 0x217d, 0x2180, 0x2184,
         0x2188, 0x21fd, 0x2200, 0x2208, 0x23fc, 0x23fd, 0x2400, 0x2420,
         0x3000),
        replace(device, table=(table[0], beside[1]), by_option=(option,),
                protected=(table, pba, option, beside)), (),
        "beside=1234:5ab4",
        "forms=mov_r+mov_i+stos+movsb+movsw+movsq+rep_stosl_3",
        storm=1000,
        about=f"MSI-X of a PVH dom0 on {words}: 1,000 interrupts, and stores "
              f"which vPCI emulates, next to two tables", **more)
    yield replace(scenario, devices=(BESIDE, *scenario.devices))
    # Xen divides other stores at the border before vPCI sees them; these, too,
    # if the page before, or after, is mapped directly.
    yield _msix(
        f"{machine_name}-msix-apart", ("kernel", "user"),
        (0x1ffc, 0x1ffe, 0x2ff4, *range(0x2ff9, 0x3000), 0x317c, 0x3ffc,
         0x3ffe),
        msix_device(4, 0x2100, next_page), (),
        "forms=rep_movsw_3+rep_movsl_5+rep_movsl_3_back+rep_movsq_3+"
        "rep_stosw_3+rep_stosl_3+rep_stosq_3",
        about=f"MSI-X of a PVH dom0 on {words}: stores which cross the borders "
              "of two pages that vPCI handles", **more)
    # Without the device, its pages still are not mapped.
    yield _msix(
        f"{machine_name}-msix-remove", ("open", "kernel"),
        (0x1040, 0x2180, 0x4040), device, (), "toggle=remove", "forms=mov_r",
        storm=100,
        about=f"MSI-X of a PVH dom0 on {words} is in use when the device is "
              f"removed, and added, again and again: its interrupts come",
        **more)


def _option_garbage():
    modes, places = ("user",), (FREE, PROTECTED, 0x4ffd)
    return Scenario(
        name="pv64-option-garbage",
        about="a boot option with mistakes: each is named, the rest applies",
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places),
        garbage=GARBAGE,
        expect=tuple(rf'subpage-mmio-ro: .*"{re.escape(piece)}"'
                     for piece in GARBAGE),
        stock=None)


def _twice(name, kernel, machine, places):
    modes = ("kernel", "user")
    return Scenario(
        name=f"{name}-twice",
        about="two boots, of which all logs must be the same, with time "
              "stamps that count instructions",
        kernel=kernel, modes=modes, places=places,
        guest=guest(modes, places, "forms=mov_+xchg_+lock_xadd+rep_stosb"),
        machine=machine, twice=True, xen_options="console_timestamps=raw",
        stock=None)


def _console_trouble(name, dbgp, message, options=None):
    """One line says what is wrong with the console, and Xen boots on: its
    hardware domain runs, and gets to write to a device."""
    modes, places = ("kernel",), (FREE,)
    return Scenario(
        name=f"console-{name}",
        about=f"dbgp={dbgp}: one line says what is wrong, and Xen boots on",
        kernel="guest-pv64", modes=modes, places=places,
        guest=guest(modes, places, "forms=mov_r32", "device=1234:5ab1"),
        devices=(PLAIN,) if options is None else
                (PLAIN, Device("xhci", protected=(), options=options,
                               firmware=True)),
        xen_options=f"dbgp={dbgp}",
        expect=(rf"dbc error: {message}\s*$",), stock=None)


SCENARIOS = (
    _forms("pv64", "guest-pv64", PV64_MODES, "64-bit PV"),
    _forms("pv32", "guest-pv32", PV32_MODES, "32-bit PV"),
    # (With stock Xen, too, the first return to 64-bit user mode may find that
    # its own GDT is not mapped.)
    _shadowed("pv64", "guest-pv64", ("kernel",), "64-bit PV kernel",
              REGISTER_FORMS),
    _shadowed("pv32", "guest-pv32", PV32_MODES,
              "32-bit PV kernel and its user space"),
    _step("pv64", "guest-pv64", "a 64-bit PV guest", PV_STEP_PLACES),
    _step("pv32", "guest-pv32", "a 32-bit PV guest", PV_STEP_PLACES),
    _two_devices(),
    _pv_toggle("pv64-toggle",
               "protection goes and comes while a PV guest has the page "
               "mapped: its PTEs stay read-only", PVH,
               toggled=(PVH.protected[0],)),
    _pv_toggle("pv64-late",
               "protection comes when a PV guest has the page mapped: its "
               "PTEs stay writable", PVH, "map=open",
               opened=(PVH.protected[0],)),
    _pv_toggle("pv64-again",
               "protection goes and comes, and each time a PV guest maps the "
               "page again: it then takes effect", PVH, "map=again",
               toggled=(PVH.protected[0],), maps_again=True),
    _option_garbage(),
    _counts("pv64", "guest-pv64", "a 64-bit PV guest", PLAIN,
            (FREE, PROTECTED, 0x2138, 0x3208, 0x3200)),
    _counts("pvh-npt", "guest-pvh", "a PVH guest", PVH,
            (0x5040, 0x5100, 0x6008), machine="qemu-pvh-npt"),
    _forged(),
    _random("pv64", "guest-pv64", PV64_MODES, RANDOM_PLACES, 1,
            "a 64-bit PV guest"),
    _random("pv32", "guest-pv32", PV32_MODES, RANDOM_PLACES, 2,
            "a 32-bit PV guest"),
    _random("pvh-npt", "guest-pvh", PVH_MODES, PVH_RANDOM_PLACES, 3,
            "a PVH dom0 on nested page tables", machine="qemu-pvh-npt",
            devices=(PVH,)),
    _random("pvh-shadow", "guest-pvh", PVH_MODES, PVH_RANDOM_PLACES, 4,
            "a PVH dom0 on shadow page tables", machine="qemu-pvh-shadow",
            devices=(PVH,)),
    _random("pvh-ept", "guest-pvh", ("kernel", "user", "compat"),
            RANDOM_PLACES, 5, "a PVH dom0 on an emulated Intel processor",
            machine="bochs-pvh-ept", devices=(), window=FRAME_BUFFER,
            seconds=600),
    _random("pv64-intel", "guest-pv64", ("kernel", "user"),
            RANDOM_PLACES, 6, "a PV dom0 on an emulated Intel processor",
            machine="bochs-pv", devices=(), window=FRAME_BUFFER,
            seconds=600),
    _race("pv64", "guest-pv64", "qemu-pv-smp2", PLAIN, FREE, 0x2043, 0x2ffd),
    _race("pv32", "guest-pv32", "qemu-pv-smp2", PLAIN, FREE, 0x2043, 0x2ffd),
    _race("pvh-npt", "guest-pvh", "qemu-pvh-npt-smp2", PVH_BORDERS,
          0x5040, 0x5043, 0x4ffd),
    _race("pvh-shadow", "guest-pvh", "qemu-pvh-shadow-smp2", PVH_BORDERS,
          0x5040, 0x5043, 0x4ffd),
    _stress_granule("pv64", 2, PLAIN, 0x2000, kernel="guest-pv64",
                    machine="pv"),
    _stress_granule("pv64", 4, PLAIN, 0x2000, kernel="guest-pv64",
                    machine="pv"),
    _stress_granule("pv32", 4, PLAIN, 0x2000, kernel="guest-pv32",
                    machine="pv"),
    _stress_granule("pvh-npt", 2, PVH, 0x5000),
    _stress_granule("pvh-npt", 4, PVH, 0x5000),
    _stress_granule("pvh-shadow", 2, PVH, 0x5000),
    _stress_page("pvh-npt", 4),
    _stress_page("pvh-shadow", 2),
    _twice("pv64", "guest-pv64", "qemu-pv", PLACES[:2]),
    replace(_twice("pvh-npt", "guest-pvh", "qemu-pvh-npt", PVH_PLACES[:2]),
            devices=(PVH,)),
    replace(_twice("pvh-shadow", "guest-pvh", "qemu-pvh-shadow",
                   PVH_PLACES[:2]), devices=(PVH,)),
    _console_trouble("absent", "xhci@pci00:1e.7",
                     r"no device at 0000:00:1e\.7"),
    _console_trouble("other", "xhci@pci00:00.0",
                     r"0000:00:00\.0 is no xHC, but of class 060000"),
    _console_trouble("device", "xhci@pci00:zz",
                     r"invalid PCI device in dbgp=xhci@pci00:zz"),
    _console_trouble("parameter", "xhci,share=often",
                     r"invalid parameters in dbgp=xhci,share=often: "
                     r"'.*share=often'"),
    _console_trouble("none", "xhci0", r"no xHC number 0 on bus 0"),
    _console_trouble("no-dbc", "xhci",
                     r"\S+ has no debug capability", ("dbc=none",)),
    _console_trouble("endless", "xhci", r"the list of extended capabilities "
                     r"of \S+ has no end", ("dbc=none", "endless=4")),
    *_msix_scenarios(),
    _msix_option(),
    *_pvh("pvh-npt", "nested page tables"),
    *_pvh("pvh-shadow", "shadow page tables"),
    *_vpci("pvh-npt", "nested page tables", 0x3180),
    *_vpci("pvh-shadow", "shadow page tables", 0x3000),
    _hpet(),
    _hpet_dropped(),
    _hpet_stepped(),
    _window("pvh-ept-forms", "guest-pvh", "bochs-pvh-ept",
            ("kernel", "user", "prot16"), PLACES, "a PVH dom0"),
    _window("pvh-ept-step", "guest-pvh", "bochs-pvh-ept",
            STEP_MODES[:1], (FREE, PROTECTED), "a single-stepping PVH dom0"),
    _window("pvh-ept-card", "guest-pvh", "bochs-pvh-ept",
            ("kernel", "user"), REGISTER_PLACES, "a PVH dom0", NETWORK_CARD,
            REGISTER_FORMS),
    _window("pvh-ept-kinds", "guest-pvh", "bochs-pvh-ept",
            ("compat", "seg", "prot32", "alias"), (FREE, 0x3ffd),
            "other kinds of code in a PVH dom0"),
    _window_toggle(),
    _watched(),
    _window("pv64-intel-forms", "guest-pv64", "bochs-pv",
            ("kernel", "user"), PLACES, "a 64-bit PV dom0"),
    _window("pv64-intel-card", "guest-pv64", "bochs-pv",
            ("kernel", "user"), REGISTER_PLACES, "a 64-bit PV dom0",
            NETWORK_CARD, REGISTER_FORMS),
)
