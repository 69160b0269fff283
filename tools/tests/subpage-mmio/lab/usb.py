# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios in which the controller whose debug capability is Xen's console is
passed through to a domain with a Linux of its own, as if to keep all of USB
there; and what must come of them.

Two kinds of steps go together: those of dom0 (tools/tests/subpage-mmio/linux:
dom0), some of which begin a domain's life, or end it, and those of that life
(init there).  The domain's reports reach dom0 on the domain's console, and
from there go wherever those of dom0 do.
"""

import gzip
import re
from dataclasses import dataclass

import console
import cpio
import domu
import linux
from console import Check
from linux import DBC, FREE, HAMMERED, HANDOFF, Step

ID, ADDRESS = "1234:5ab3", "00:08.0"
LIMIT = 600                     # seconds for anything that a domain does
STREAM = 100000                 # bytes of output
LEGSUP, KEPT = 0x846c, 0x1a501  # with this there, it is the firmware's


@dataclass(frozen=True)
class Life:
    """A domain, from its creation on.  What the device's log has from then to
    its first step is after a mark with the number before that."""
    name: str
    first: int                  # number of its first step
    steps: tuple

    def numbered(self):
        """Its steps, by number."""
        return dict(enumerate(self.steps, self.first))


@dataclass(frozen=True)
class Scenario(linux.Scenario):
    """What boots, and what must come of it.  The steps are dom0's."""
    type: str = "hvm"           # as xl calls it
    config: tuple = ()          # more lines of a domain's configuration
    lives: tuple = ()
    # What the console must show, on stock, of a life's end.
    stock_dies: str = ""


def configuration(scenario, life):
    """A domain's, as xl wants it."""
    return "\n".join((
        'name="usb"', f'type="{scenario.type}"', "memory=256", "vcpus=1",
        f'kernel="/domains/{kernel_of(scenario)}"',
        'ramdisk="/domains/initramfs"', f'pci=["{ADDRESS}"]',
        'cmdline="console=hvc0 loglevel=2 oops=panic panic=1 iomem=relaxed '
        f'first={life.first} steps=/{life.name}"',
        *domu.ENDS, *scenario.config, ""))


def kernel_of(scenario):
    """As Xen boots it, or firmware."""
    return "vmlinux" if scenario.type == "pv" else "vmlinuz"


def folders_of(scenario):
    """What dom0 needs of build/dom0."""
    return ("tools",) if scenario.type == "pv" else (
        "tools", "device-model", "firmware")


def required(build, scenario):
    """What is needed for dom0, and for its domains."""
    return (*console.required(build, "dom0").values(),
            build / "linux" / "init",
            build / "kernel" / kernel_of(scenario),
            *(build / "dom0" / folder for folder in folders_of(scenario)))


def files_of(build, scenario, kind):
    """dom0's first files, among them all of its domain.  Firmware takes long
    to load a file, so these are packed."""
    kernel = kernel_of(scenario)
    files = console.files_of(build, "dom0", steps=console.script(
        console.steps_of(scenario, kind)))
    for folder in folders_of(scenario):
        files |= domu.tree(build / "dom0" / folder)
    for life in scenario.lives:
        files[f"domains/{life.name}"] = configuration(scenario, life).encode()
    its = console.files_of(build, "init", **{
        life.name: console.script(life.steps) for life in scenario.lives})
    return files | {
        f"domains/{kernel}": (build / "kernel" / kernel).read_bytes(),
        "domains/initramfs": gzip.compress(cpio.archive(its), mtime=0)}


def boot(lab, scenario, kind, xen):
    """What is left of a boot."""
    steps = {number: step for life in scenario.lives
             for number, step in life.numbered().items()}
    return console.run(lab, scenario, kind, xen,
                       files_of(lab.build, scenario, kind), steps,
                       r"DOM0: done \d+\s")


def checks(scenario, kind, outcome):
    """All there is to look at."""
    text, shown, device = console.logs(kind, outcome)
    told = console.parse_steps(text, "DOM0")
    accesses = console.Accesses(scenario, device)
    yield console.check_writes("dom0, which takes over from firmware",
                               scenario.driver_writes, accesses.free(None))
    for number, step in enumerate(console.steps_of(scenario, kind), 1):
        yield from console.check_told(number, step, told.get(number))
        yield from console.check_console(
            number, step, console.during(shown, number, "DOM0"))
    told = console.parse_steps(text)
    for life in scenario.lives:
        yield console.check_writes(
            f"the {life.name} domain, which takes over from firmware",
            (GIVEN_BACK, *HANDOFF), accesses.free(life.first - 1))
        for number, step in life.numbered().items():
            yield from console.check_step(number, step, told.get(number),
                                          shown, accesses)
    yield console.check_owner(accesses)
    yield console.check_lines(text, shown, "(?:SPM|DOM0)")
    if kind == "stock":
        yield Check("the domain's death", bool(re.search(scenario.stock_dies,
                                                         shown)),
                    f"'{scenario.stock_dies}' on the console",
                    "it is not there")
        return
    yield console.check_ring(text, shown)
    problems = list(domu.listing_problems(shown))
    yield Check("what is protected", not problems, "the same each time",
                f"{problems}")


# Hands on, as firmware would, what dom0's own Linux took over.
GIVEN_BACK = f"{LEGSUP:x} 4 {KEPT:x}"
GIVE_BACK = Step(f"poke {ID} {LEGSUP:x} {KEPT:x}")

COMMON = (
    *linux.TAKE_OVER, *linux.free_writes(FREE), linux.attack(DBC),
    linux.TYPED, linux.TYPED_BACK,
    # Which a driver cannot do without interrupts: ports, commands.
    Step("host device in"),
    Step("enumerated usb2-port2", device=r"msi 0 ",
         said="unable to enumerate USB device"),
    Step("host device out"),
    Step("grep xhci_hcd /proc/interrupts",
         said=r"^ *\d+: +[1-9]\d* .*-msi-x +xhci_hcd$"),
    # It resets the controller, and what the console has there.
    Step("driver unbind && driver bind", device="dbc off$"),
    linux.TAKE_OVER[1], linux.TYPED, linux.TYPED_BACK)
KILLED = Step(f"hammer {FREE:x} {HAMMERED:x}", status=None,
              hammer=(FREE, HAMMERED), among=20)
FIRST = Life("first", 101, (*COMMON, KILLED))
SECOND = Life("second", 201, COMMON)


def _mark(life):
    return Step(f"poke {ID} 0 {life.first - 1:x}")


def _begin(life):
    return (_mark(life), GIVE_BACK,
            Step(f"xl create -q /domains/{life.name}"))


BEFORE = domu.START, Step("relay usb"), Step(f"assignable {ID}")
STEPS = (
    *BEFORE, Step("memory >/tmp/before"), Step("xl debug-keys W"),
    *_begin(FIRST),
    # It hammers from there on, and says nothing: all output is dom0's.
    Step(f"tells usb 'step {FIRST.first + len(COMMON)} ' {LIMIT}"),
    Step(f"stream {STREAM}", stream=STREAM),
    Step("xl destroy usb"),
    *_begin(SECOND),
    Step(f"tells usb 'done ' {LIMIT}"), Step(f"is_over usb {LIMIT}"),
    Step(f"stream {STREAM}", stream=STREAM),
    Step("memory | diff /tmp/before -"), Step("xl debug-keys W"), linux.RING)


def _scenario(type_, words, dies, **more):
    return Scenario(
        name=f"domu-usb-{type_}", type=type_,
        about=f"Linux in {words} domain drives the controller that the console "
              "is on; it is killed, and there is another one",
        machine="domu-usb", driver_writes=HANDOFF, lives=(FIRST, SECOND),
        steps=STEPS,
        # Its driver writes next to the console's registers as soon as it finds
        # the controller.  (dom0's write to those would be one too many.)
        stock_steps=(*BEFORE, _mark(FIRST), Step(
            f"timeout {LIMIT} xl create -q -F /domains/first", status=None)),
        stock_wrong=("writes of dom0", "writes of the first",
                     "writes of the second", r"step \d\d\d .* begins"),
        stock_dies=dies, seconds=1800, **more)


SCENARIOS = (
    _scenario("hvm", "an HVM", r"domain_crash called from .*svm\.c",
              config=('vga="none"', "vnc=0", "usb=0")),
    _scenario("pv", "a PV", r"RIP: e030:quirk_usb_early_handoff"),
)
