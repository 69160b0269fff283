# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios with domains that a Linux dom0 has, under Debian's own toolstack:
the test kernel runs in one, which is given the device's BAR.

The initramfs (tools/tests/subpage-mmio/linux/dom0) runs the steps, and knows
the commands that they are made of.
"""

import re
from dataclasses import dataclass, replace

import console
import cpio
import judge
import scenarios
from linux import Step
from scenarios import LINUX_OUTPUT, PLACES, Stock, guest

PAGES = 8                       # of a device's BAR
GFN = 0xf0000                   # where a domain with a memory map of its own
                                # gets to see it
XL = "usr/lib/xen-4.17/bin/xl"
SECOND = 0x10001                # number of a second domain's first run
LIMIT = 240                     # seconds for a domain's life
END = r"DOM0: done \d+\s"

START = Step("start")
ENABLE = Step("enable 1234:5ab1")
ASSIGNABLE = Step("assignable 1234:5ab1")
RUN = Step(f"run domain {LIMIT}")


@dataclass(frozen=True)
class Domain:
    """One that xl can create."""
    name: str = "domain"
    arguments: str = ""         # on top of the scenario's
    device: int = 0             # which it writes to
    given: int | None = 0       # which it is given


@dataclass(frozen=True)
class Scenario(scenarios.Scenario):
    """What xl is to create, and what must come of it."""
    type: str = "pv"            # as xl calls it
    config: tuple = ()          # more lines of its configuration
    passthrough: tuple = ()     # addresses of PCI devices, instead of a BAR
    domains: tuple = (Domain(),)
    strangers: int = 0          # so many first ones have no access
    killed: bool = False        # does one of them end in the middle of a run?
    same_pages: bool = False    # must each listing have the same ranges?
    steps: tuple = (START, ENABLE, RUN)
    # Debian's driver has MSI-X prepared, which makes pages read-only.
    stock_steps: tuple = (START, ENABLE, ASSIGNABLE, RUN)
    seconds: int = 420
    end: str = END
    forbid: tuple = (r"ASSERT|Assertion|Xen WARN|Xen BUG|Panic|FATAL|"
                     r"omain 0 .*crashed|Kernel panic|Oops",)


# The test kernel takes the place of firmware where a domain has one, and the
# file of its arguments that of the BIOS: a device model starts at once then.
ENDS = tuple(f'on_{event}="destroy"' for event in ("poweroff", "reboot",
                                                   "crash"))
KERNEL = 'kernel="/domains/kernel"', 'extra="{arguments}"'
FIRMWARE = ('firmware_override="/domains/kernel"', 'bios="seabios"',
            'bios_path_override="/domains/{name}.arguments"', 'vga="none"',
            "vnc=0", "usb=0")


def its_arguments(scenario, domain, arguments, bar):
    """The test kernel's."""
    arguments = scenarios.join(arguments, domain.arguments)
    if scenario.type == "pv":
        return (arguments if scenario.passthrough else
                f"{arguments} bar={bar:x}")
    word = "place" if scenario.passthrough else "bar"
    return f"{arguments} {word}={GFN * judge.PAGE:x} xsetbv=fep"


def device_lines(scenario, domain, bars):
    """What gives a domain its device."""
    if domain.given is None:
        return ()
    if scenario.passthrough:
        return (f"pci={list(scenario.passthrough)}",)
    iomem = f"{bars[domain.given] // judge.PAGE:x},{PAGES}"
    if scenario.type != "pv":
        iomem += f"@{GFN:x}"
    return (f'iomem=["{iomem}"]',)


def configuration(scenario, domain, arguments, bars):
    """A domain's, as xl wants it."""
    boots = FIRMWARE if scenario.type == "hvm" else KERNEL
    return "\n".join((
        f'name="{domain.name}"', f'type="{scenario.type}"',
        "memory=64", "vcpus=1",
        *(line.format(name=domain.name, arguments=arguments)
          for line in boots),
        *device_lines(scenario, domain, bars), *ENDS,
        *scenario.config, ""))


def folders_of(scenario):
    """What Linux needs of build/dom0."""
    return ("tools", "device-model") if scenario.type == "hvm" else ("tools",)


def required(build, scenario):
    """What is needed for Linux and its domain."""
    return (*console.required(build, "dom0").values(),
            build / "guest" / scenario.kernel,
            *(build / "dom0" / folder for folder in folders_of(scenario)))


def tree(root):
    """The files below a folder: {path: contents}."""
    return {str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*") if path.is_file()}


def initramfs(build, scenario, kind, arguments, bars):
    """Linux' first files."""
    contents = {
        **{name: file for folder in folders_of(scenario)
           for name, file in tree(build / "dom0" / folder).items()},
        **console.files_of(build, "dom0", steps=console.script(
            console.steps_of(scenario, kind))),
        "domains/kernel": (build / "guest" / scenario.kernel).read_bytes(),
    }
    for domain in scenario.domains:
        its = its_arguments(scenario, domain, arguments,
                            bars[domain.device])
        contents |= {
            f"domains/{domain.name}":
                configuration(scenario, domain, its, bars).encode(),
            f"domains/{domain.name}.arguments": f"{its}\0".encode(),
        }
    return cpio.archive(contents)


def rejoined(text):
    """Xen's console has a domain's long lines in pieces: put them together.
    All lines of the test kernel begin by its tag."""
    lines, last = [], {}
    for line in text.split("\n"):
        piece = re.fullmatch(r"(\(d\d+\) )(?!SPM: )([^\r]*)\r?", line)
        if piece and piece[1] in last:
            lines[last[piece[1]]] += piece[2]
            continue
        if whole := re.match(r"\(d\d+\) ", line):
            line = line.rstrip("\r")
            last[whole[0]] = len(lines)
        lines.append(line)
    return "\n".join(lines)


def reports(scenario, text):
    """Those of domains which have access, in what they write to."""
    numbers = "|".join(map(str, range(1, scenario.strangers + 1)))
    return re.sub(rf"^\(d(?:{numbers})\) SPM: .*\n", "", text,
                  flags=re.M) if numbers else text


def problems(scenario, kind, outcome, said):
    """What is wrong about dom0's steps, and the domain's end."""
    text = console.read(outcome.folder / LINUX_OUTPUT).decode(errors="replace")
    told = console.parse_steps(text, "DOM0")
    for number, step in enumerate(console.steps_of(scenario, kind), 1):
        if number not in told:
            yield f"dom0 did not get to step {number} ({step.command})"
            continue
        if told[number].status != step.status:
            yield (f"step {number} ({step.command}) ends with status "
                   f"{told[number].status}, expected {step.status}: "
                   f"{told[number].said[-3:]}")
        if not re.search(step.said, "\n".join(told[number].said)):
            yield (f"step {number} ({step.command}) says "
                   f"{told[number].said}, expected '{step.said}'")
    if said.done is None and not (kind == "stock" and scenario.stock.dies):
        yield "the domain did not get to its end"
    if scenario.same_pages and kind == "patched":
        yield from listing_problems(outcome.console)


def listing_problems(text):
    """Has the debug key found the same ranges each time?"""
    listings = [re.findall(r"protected: (\S+)", listing) for listing in
                re.split(r"'W' pressed", text)[1:]]
    if len(listings) < 2 or not listings[0]:
        yield (f"the debug key has found protected ranges {len(listings)} "
               f"times, which is too few to compare")
    for listing in listings:
        if listing != listings[0]:
            yield (f"the debug key has found {listing} protected, and before "
                   f"that {listings[0]}")


def death_problems(stock, outcome, said, logs, cut_short):
    """It must be a write to a read-only page that ends the guest, which has
    come so far, and the write must not arrive."""
    if said.done is not None or len(cut_short) != 1 or not said.runs:
        yield (f"it was to end at its first write to a read-only page, but "
               f"came to the end of {len(said.runs)} runs, and not to that of "
               f"{len(cut_short)}")
        return
    if not re.search(stock.dies, outcome.console):
        yield f"nothing on the console matches '{stock.dies}'"
    for access in judge.find_run(cut_short[0], logs)[1]:
        if (access.kind == "W" and
                access.offset // judge.PAGE in stock.read_only_pages):
            yield f"the device saw '{access}' in the run that was the last"


def kill_problems(scenario, said, logs, protections, cut_short):
    """It must be in the middle of its runs that a domain is killed, and must
    not reach a protected granule then, to which Xen may write as it puts an
    end to MSI-X; another one does all of its own."""
    second = [run for run in said.runs if run.id >= SECOND]
    if len(second) == len(said.runs) or said.done != len(second):
        yield (f"a domain was to be killed in the middle of its runs, of which "
               f"there are {len(said.runs) - len(second)}, and another one to "
               f"have all of its {said.done}, of which there are "
               f"{len(second)}")
    if len(cut_short) > 1:
        yield f"runs {cut_short} were never reported"
    for number in cut_short:
        device, accesses = judge.find_run(number, logs)
        first, last = scenario.devices[device].table or (0, -1)
        for access in accesses:
            if (access.kind == "W" and
                    not first <= access.offset <= access.end - 1 <= last and
                    protections[device].touches(access.offset,
                                                len(access.data))):
                yield f"the device saw '{access}' in the run that was the last"


# For a guest that dies, one place that nobody minds, and one on a page that is
# read-only on stock.
DEATH = 0x1040, scenarios.STOCK_PAGES[1] * judge.PAGE + 0x40


def _forms(name, kernel, words, modes, stock, **more):
    return Scenario(
        name=f"domu-{name}-forms", kernel=kernel, modes=modes, places=PLACES,
        guest=guest(modes, PLACES),
        about=f"every form of store, at {len(PLACES)} places, in a domain "
              f"of xl's ({words}), which is given the BAR by iomem=",
        environment=f"domu-{name}", stock=stock, **more)


def _pv(name, words, modes):
    """Stock makes an exception of each write to a read-only page."""
    return _forms(name, f"guest-{name}", words, modes,
                  Stock(guest(modes, PLACES, scenarios.INTEGER_FORMS),
                        scenarios.STOCK_PAGES), machine="domu-pv")


def _hvm(type_, suffix="", words="",
         dies=r"domain_crash called from .*svm\.c", **more):
    """The first of them is the domain's last."""
    modes = scenarios.PVH_MODES
    return _forms(type_ + suffix, f"guest-{type_}", type_.upper() + words,
                  modes, Stock(guest(("kernel",), DEATH, "forms=mov_r32"),
                               scenarios.STOCK_PAGES, dies),
                  machine="domu-hvm", type=type_, **more)


def _shadow(type_):
    """Or it takes for ever, until dom0 has had enough."""
    return _hvm(type_, "-shadow", " on shadow page tables",
                r"DOM0: end \d+ 1\s", config=("hap=0",),
                stock_steps=(START, ENABLE, ASSIGNABLE,
                             Step("run domain 60", status=1)))


FEW_MODES, FEW_PLACES = ("kernel", "user"), (0x2040, 0x2100, 0x20fd, 0x3208)
FEW = guest(FEW_MODES, FEW_PLACES, "forms=mov_r+add_r+xchg_r+rep_stosl")
SECOND_WORD = f"first={SECOND:x}"
TWO = scenarios.PLAIN, replace(scenarios.PLAIN, model="plain-b")


def _few(name, about, domains, steps, **more):
    """Several domains; what they do is the same, and not much."""
    return Scenario(
        name=f"domu-{name}", about=about, kernel=more.pop("kernel"),
        modes=FEW_MODES, places=FEW_PLACES,
        guest=more.pop("guest", FEW), domains=domains,
        steps=(START, ENABLE, *steps), stock=None, **more)


def _strangers(type_, kernel, machine, given, **more):
    """One without access comes first; the page sees nothing of it.  Only PV
    kernels get to know that they have none; they need another device, or the
    mapping would be refused already for being an uncached one."""
    return _few(
        f"{type_}-stranger", f"a {type_.upper()} domain without access to the "
        "page does what it can to write to it, then comes one with access",
        (Domain("stranger", SECOND_WORD, given=given), Domain()),
        (Step(f"run stranger {LIMIT}"), RUN), strangers=1,
        kernel=kernel, type=type_, machine=machine, **more)


def _neighbours():
    """Each of them has writes refused all the time."""
    return _few(
        "neighbours", "two PV domains at a time, each with a device of its "
        "own, do to it what they must not, and what they may",
        (Domain(), Domain("other", SECOND_WORD, device=1, given=1)),
        (Step("enable 1234:5ab2"),
         Step(f"(run other {LIMIT}) & run domain {LIMIT} && wait $!")),
        kernel="guest-pv64", machine="domu-pv", devices=TWO,
        # Protected pages of whoever are no reason to emulate that.
        guest=f"{FEW} tables=read-only")


def _victim(type_, kernel, machine, modes):
    """All forms, in all modes, take the first one too long."""
    return _few(
        f"{type_}-killed", f"a {type_.upper()} domain is killed in the middle "
        "of its writes, and another one gets the page",
        (Domain("victim"), Domain(arguments=f"{SECOND_WORD} {FEW}")),
        (Step("memory >/tmp/before"), Step("xl debug-keys W"),
         Step("kill_after victim 2"), RUN,
         Step("memory | diff /tmp/before -"), Step("xl debug-keys W")),
        guest=guest(modes, PLACES), killed=True, same_pages=True,
        kernel=kernel, type=type_, machine=machine)


# A device model leaves the page of the table to Xen if that begins a page;
# stores of up to 8 bytes reach registers there as they are.
MSIX = scenarios.msix_device(4, 0x2000, 0x2180, scenarios.MSIX_BELL)
MSIX_MODES = ("kernel", "user", "prot32")
MSIX_PLACES = (0x1ff8, 0x1ffc, 0x1ffe, 0x2040, 0x2150, 0x2180, 0x2188, 0x2ff8,
               0x2ffc, 0x2ffe, 0x2fff, 0x3000, 0x3008)
MSIX_VECTORS = 3
MSIX_GUEST = guest(MSIX_MODES, MSIX_PLACES, "device=1234:5ab3",
                   f"msix={MSIX_VECTORS:x}",
                   "forms=mov_r+mov_i+movsd+stosd+rep_stosl_3+rep_movsl_3")
STORM = 1000
STORM_WORDS = f"{scenarios.MSIX_BELL} storm={STORM:x}"
ASSIGNABLE_MSIX = Step("assignable 1234:5ab3")


def _passthrough(name, about, steps=(START, ASSIGNABLE_MSIX, RUN), **more):
    return Scenario(
        name=f"domu-{name}", steps=steps, stock_steps=steps,
        about=f"MSI-X of a device that is passed through to {about}: {STORM} "
              "interrupts, and stores next to the table",
        passthrough=("00:10.0",), **more)


def _msix(name, about, by_option=(), **more):
    return _passthrough(
        name, about, kernel="guest-hvm", modes=MSIX_MODES, places=MSIX_PLACES,
        devices=(replace(MSIX, protected=(*MSIX.protected, *by_option),
                         by_option=by_option),), type="hvm",
        said=more.pop("said", scenarios.storm_said(STORM, MSIX_VECTORS)),
        machine="domu-passthrough", **more)


def _pv_msix(bits):
    """Linux in dom0 sets MSI-X up for it, and there is no masking a vector.
    (The last place is for stock, where Xen's writes to the table come next.)"""
    modes = ("kernel", "user")
    device, places, pages = scenarios.MSIX_LAYOUTS["page"]
    places = (*places, 0x4040)
    words = guest(modes, places, "device=1234:5ab3", f"msix={MSIX_VECTORS:x}",
                  "forms=mov_+add_r+xchg_r+lock_+movups+rep_stosl")
    return _passthrough(
        f"pv{bits}-msix", f"a {bits}-bit PV domain",
        kernel=f"guest-pv{bits}", modes=modes, places=places,
        devices=(replace(device, options=(*device.options,
                                          scenarios.MSIX_BELL)),),
        said=scenarios.storm_said(STORM, MSIX_VECTORS)[:-1],
        guest=f"{words} {STORM_WORDS}", stock=Stock(words, pages),
        machine="domu-passthrough-pv")


def _msix_forms(suffix, words, **more):
    """Stock drops all that is written next to the table."""
    return _msix(f"hvm{suffix}-msix", f"an HVM domain{words}",
                 guest=f"{MSIX_GUEST} {STORM_WORDS}",
                 stock=Stock(MSIX_GUEST, (2,)), **more)


def _msix_victim():
    """The first one has much to do, next to the table: xl waits for its device
    model, in vain, before it kills a domain."""
    places = "+".join(f"{0x2200 + 8 * n:x}" for n in range(64))
    return _msix(
        "hvm-msix-killed", "another HVM domain, after the first one has been "
        "killed in the middle of its writes",
        steps=(START, ASSIGNABLE_MSIX, Step("xl debug-keys W"),
               Step("kill_after victim 1"), RUN, Step("xl debug-keys W")),
        domains=(Domain("victim", f"at={places} "
                        "modes=kernel+user+compat+seg+prot32+alias "
                        "forms=mov_r+mov_i+add_+or_+sub_+xor_+and_"),
                 Domain(arguments=f"{SECOND_WORD} {STORM_WORDS}")),
        guest=MSIX_GUEST, killed=True, same_pages=True, stock=None)


LATE = 0x7000, 0x7007
HANDED = (Domain("first", f"{STORM_WORDS} hotplug=go"),
          Domain("second", f"{SECOND_WORD} {STORM_WORDS} hotplug=come",
                 given=None))
HANDED_ON = ", detached, and attached to another one"


def _handed_on(last_words):
    """Steps with both of them, from when the first one has said that on.  None
    is destroyed as soon as it ends: detaching may take longer than that."""
    return (START, ASSIGNABLE_MSIX, Step("xl debug-keys W"),
            *(Step(f"xl create -q -e /domains/{domain.name}")
              for domain in HANDED),
            Step(f"hears 1 '{last_words}' {LIMIT}"),
            Step("xl pci-detach first 00:10.0"),
            Step(f"hears 1 done {LIMIT}"),
            Step("xl pci-list first | grep -c 00:10.0", status=1),
            Step("xl pci-attach second 00:10.0"),
            Step(f"hears 2 done {LIMIT}"),
            *(Step(f"xl destroy {domain.name}") for domain in HANDED),
            Step("xl debug-keys W"))


def _msix_handed_on():
    """Both live; neither had the device when the other one has it."""
    return _msix(
        "hvm-msix-handed-on", f"an HVM domain{HANDED_ON}",
        steps=_handed_on("irq mask"), domains=HANDED,
        said=2 * scenarios.storm_said(STORM, MSIX_VECTORS),
        config=('passthrough="enabled"',), guest=MSIX_GUEST, same_pages=True,
        stock=None)


def _msix_dma():
    """A page of the device becomes protected when the domain, and the IOMMU,
    have it mapped.  No device here can write to another one's registers; so
    it is Xen's list of what devices may do that counts."""
    first, last = LATE
    dump = Step("xl debug-keys o && xl dmesg -c | grep 'dfn: %08x '"
                % (GFN + first // judge.PAGE))
    return _msix(
        "hvm-msix-dma", "an HVM domain: devices may not write to a page which "
        "is protected by then, but after that",
        steps=(START, ASSIGNABLE_MSIX,
               Step("xl create -q -e /domains/first"),
               Step(f"hears 1 'irq mask' {LIMIT}"),
               replace(dump, said="rw$"),
               Step(f"protect 1234:5ab3 + {first:x} {last:x}"),
               replace(dump, said="r-$"),
               Step(f"protect 1234:5ab3 - {first:x} {last:x}"),
               replace(dump, said="rw$"),
               Step("xl pci-detach first 00:10.0"),
               Step(f"hears 1 done {LIMIT}"), Step("xl destroy first")),
        domains=HANDED[:1], config=('passthrough="enabled"',),
        guest=MSIX_GUEST, stock=None)


def _pv_msix_handed_on():
    """As above, but that a PV domain has no firmware to tell of it."""
    scenario = _pv_msix(64)
    return replace(
        scenario, name="domu-pv64-msix-handed-on",
        about=scenario.about.replace("a 64-bit PV domain",
                                     "a PV domain" + HANDED_ON),
        steps=_handed_on("irq storm 2"), domains=HANDED,
        said=2 * scenario.said,
        config=('passthrough="enabled"',), guest=scenario.stock.guest,
        same_pages=True, stock=None)


def _lives(count):
    """Each of them writes where it may, and where it may not."""
    modes, places = ("kernel",), (0x2040, 0x2100, 0x20fd, 0x3040)
    device = replace(scenarios.PLAIN, protected=(*scenarios.PLAIN.protected,
                                                 (0x7000, 0x7007)))
    return Scenario(
        name="domu-lives", kernel="guest-pvh", modes=modes, places=places,
        devices=(device,), type="pvh", machine="domu-hvm",
        about=f"{count} PVH domains, one after the other, each of which "
              "writes to the page; nothing is left of them in Xen",
        guest=guest(modes, places, "first=1", "forms=mov_r32"),
        same_pages=True, counted=True, stock=None, seconds=900,
        steps=(START, ENABLE, Step("lives domain 30 0 1 4"),
               Step("memory >/tmp/before"), Step("xl debug-keys W"),
               Step(f"lives domain 30 1 {count} 4"),
               Step("memory | diff /tmp/before -"), Step("xl debug-keys W"),
               Step("xl list -v | grep -vc Domain-0", said="^1$")))


MANY = 1000


def _many_lives():
    """In every second of them, the last range is not protected."""
    device = replace(scenarios.PLAIN, protected=(*scenarios.PLAIN.protected,
                                                 (0x7000, 0x7007)))
    return Scenario(
        name="domu-many-lives", modes=("kernel", "open"),
        places=(0x2040, 0x2100, 0x7000, 0x7010), devices=(device,),
        toggled=device.protected[-1:], machine="domu-hvm", kernel="guest-pvh",
        about=f"{MANY:,} PVH domains without a toolstack write to the page, "
              "while protection goes and comes; nothing is left in Xen",
        guest="", domains=(), same_pages=True, stock=None, seconds=1800,
        steps=(START, ENABLE, Step("many_lives 0 2"),
               Step("memory >/tmp/before"), Step("xl debug-keys W"),
               Step(f"many_lives 2 {2 + MANY}"),
               Step("memory | diff /tmp/before -"), Step("xl debug-keys W"),
               Step("xl list -v | grep -vc Domain-0", said="^1$")))


SCENARIOS = (
    _pv("pv64", "64-bit PV", scenarios.PV64_MODES),
    _pv("pv32", "32-bit PV", scenarios.PV32_MODES),
    _hvm("pvh"),
    _shadow("pvh"),
    _hvm("hvm"),
    _shadow("hvm"),
    _strangers("pv", "guest-pv64", "domu-pv", 1, devices=TWO, expect=(
                   r"\(d1\) SPM: error cannot map \S+ at \S+: error -1$",)),
    _strangers("pvh", "guest-pvh", "domu-hvm", None),
    _neighbours(),
    _victim("pv", "guest-pv64", "domu-pv", scenarios.PV64_MODES),
    _victim("pvh", "guest-pvh", "domu-hvm", scenarios.PVH_MODES),
    _lives(10),
    _many_lives(),
    # The page before the table's, or the one after it, is partially protected;
    # the other one is not.
    _msix_forms("", "", by_option=((0x1ff0, 0x1ff7),)),
    _msix_forms("-shadow", " on shadow page tables",
                by_option=((0x3000, 0x3007),), config=("hap=0",)),
    _msix_victim(),
    _msix_handed_on(),
    _msix_dma(),
    _pv_msix(64),
    _pv_msix(32),
    _pv_msix_handed_on(),
)

# Two that do not take long, for every check.
SHORT = tuple(scenario for scenario in SCENARIOS
              if scenario.name in ("domu-neighbours", "domu-pvh-stranger"))
