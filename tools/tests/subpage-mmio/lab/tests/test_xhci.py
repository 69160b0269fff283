# SPDX-License-Identifier: GPL-2.0-only
"""The xHCI controller and its debug capability, driven by hand: as Xen's
console and Linux' driver do, and as they should not."""

import mmap
import os
import socket
import struct
import tempfile
import time
import tty
import unittest
from pathlib import Path

from .test_device import (BAR_READ, BAR_WRITE, CFG_READ, CFG_WRITE,
                          SYNC_SYSMEM, Peer)

MEMORY = 1 << 20
BASE = 0xfe000000               # where the BAR is
MASTER, NO_INTX = 6, 0x400      # memory decoding and bus mastering; no line

USBCMD, USBSTS, CRCR, CONFIG = 0x80, 0x84, 0x98, 0xb8
PORTSC_5, PORTSC_6 = 0x4c0, 0x4d0
IMAN, ERSTSZ, ERSTBA, ERDP = 0x2020, 0x2028, 0x2030, 0x2038
DOORBELL, MSIX_TABLE, MSIX_PBA = 0x3000, 0x4000, 0x5000
USBLEGSUP, USBLEGCTLSTS, DBC = 0x846c, 0x8470, 0x8700
RUN, HCRST, INTE, CSS, CRS = 1, 2, 4, 0x100, 0x200
HALTED, EINT, PCD, SRE, NOT_READY = 1, 8, 0x10, 0x400, 0x800
BUSY = 8

DCDB, DCERSTSZ, DCERSTBA, DCERDP = (DBC + at for at in (4, 8, 0x10, 0x18))
DCCTRL, DCST, DCPORTSC = (DBC + at for at in (0x20, 0x24, 0x28))
DCCP, DCDDI1, DCDDI2 = (DBC + at for at in (0x30, 0x38, 0x3c))
DCR, LSE, HOT, HIT, DRC, DCE = 1, 2, 4, 8, 16, 1 << 31
ADDRESS = 1 << 24
CCS, PED, PR, U0, SUPER = 1, 2, 0x10, 0, 4 << 10
CSC, PRC, PLC, CEC = 1 << 17, 1 << 21, 1 << 22, 1 << 23
OUT, IN = 0, 0x100              # what rings the doorbell

CYCLE, TOGGLE, ISP, IOC, IDT = 1, 2, 4, 0x20, 0x40
NORMAL, LINK, NO_OP = 1, 6, 8
TRANSFER, COMPLETION, PORT_CHANGE = 32, 33, 34
SUCCESS, TRANSACTION, TRB_ERROR, NO_SLOTS = 1, 4, 5, 9
NOT_ENABLED, SHORT, CONTEXT_STATE, STOPPED = 11, 13, 19, 24

# Where the tests have what, in guest memory.
TABLE, EVENTS, MORE_EVENTS = 0x1000, 0x2000, 0x2800
CONTEXT, OUT_RING, IN_RING = 0x3000, 0x4000, 0x5000
COMMANDS, BUFFER = 0x6000, 0x7000
HOST_LINES = 0x6000             # a register


def link(state):
    """DCPORTSC of a link state."""
    return state << 5


class Guest(Peer):
    """An emulator with memory, and a controller in its place."""

    def __init__(self, *options, more=()):
        self.files = tempfile.TemporaryDirectory()
        descriptor = os.memfd_create("guest")
        os.ftruncate(descriptor, MEMORY)
        self.memory = mmap.mmap(descriptor, MEMORY)
        words = list(more)
        for option in ("out={}/out", "control={}/control", *options):
            words += ["--option", option.format(self.files.name)]
        super().__init__(*words, model="xhci")
        none = [0] * 7
        self.send(SYNC_SYSMEM, struct.pack(
            "=24Q", 0, *none, MEMORY, *none, 0, *none), fds=[descriptor])
        os.close(descriptor)
        self.place(BASE, MASTER)

    def end(self):
        self.memory.close()
        try:
            return super().end()
        finally:
            self.files.cleanup()

    def read(self, offset, width=4):
        return self.bar(BAR_READ, offset, width, base=BASE)

    def write(self, offset, value, width=4):
        self.bar(BAR_WRITE, offset, width, value, base=BASE)

    def path(self, name):
        return Path(self.files.name, name)

    def output(self):
        return self.path("out").read_bytes()

    def put(self, addr, form, *values):
        struct.pack_into("=" + form, self.memory, addr, *values)

    def trb(self, addr, kind, flags, param=0, status=0):
        self.put(addr, "QII", param, status, kind << 10 | flags)

    def event(self, number, ring=EVENTS):
        """(type, parameter, code, what is left, slot << 8 or endpoint)"""
        param, status, control = struct.unpack_from("=QII", self.memory,
                                                    ring + 16 * number)
        return (control >> 10 & 0x3f, param, status >> 24,
                status & 0xffffff, control >> 16)

    def cycles(self, ring=EVENTS):
        """The cycle bits of a segment of 16."""
        return [self.memory[ring + 16 * n + 12] & 1 for n in range(16)]

    def control(self, *lines):
        """Say these to the control socket: what it answers."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(str(self.path("control")))
            with sock.makefile("rw") as stream:
                answers = []
                for line in lines:
                    print(line, file=stream, flush=True)
                    answers.append(stream.readline().strip())
                return answers

    def capabilities(self):
        """(offset, id) of the extended ones, 50 at most."""
        found, at = [], 0
        step = self.read(0x10) >> 16
        while step and len(found) < 50:
            at += 4 * step
            header = self.read(at)
            found.append((at, header & 0xff))
            # (All ones are none of the device's.)
            step = header >> 8 & 0xff if header != 0xffffffff else 0
        return found

    def states(self):
        """The DbC's, in order."""
        return [line[4:] for line in self.log() if line.startswith("dbc ")]

    def start_dbc(self, segments=((EVENTS, 16),)):
        """What a console driver does."""
        for number, (base, size) in enumerate(segments):
            self.put(TABLE + 16 * number, "QQ", base, size)
        self.put(CONTEXT + 64 + 8, "Q", OUT_RING | 1)
        self.put(CONTEXT + 128 + 8, "Q", IN_RING | 1)
        self.write(DCERSTSZ, len(segments))
        self.write(DCERSTBA, TABLE, 8)
        self.write(DCERDP, segments[0][0], 8)
        self.write(DCCP, CONTEXT, 8)
        self.write(DCCTRL, DCE)

    def send_out(self, number, data, flags=CYCLE | IOC):
        """Queue bytes, and ring."""
        where = BUFFER + 0x100 * number
        self.memory[where:where + len(data)] = data
        self.trb(OUT_RING + 16 * number, NORMAL, flags, where, len(data))
        self.write(DCDB, OUT)

    def start_controller(self):
        """What Linux' driver does."""
        self.put(TABLE, "QQ", EVENTS, 16)
        self.write(CONFIG, 2)
        self.write(ERSTSZ, 1)
        self.write(ERDP, EVENTS, 8)
        self.write(ERSTBA, TABLE, 8)
        self.write(CRCR, COMMANDS | 1, 8)
        self.write(IMAN, 2)
        self.write(USBCMD, RUN | INTE)


class Test(unittest.TestCase):
    """With a guest that ends with the test."""

    def guest(self, *options, more=()):
        guest = Guest(*options, more=more)
        self.addCleanup(guest.end)
        return guest


class Configuration(Test):
    def test_identity(self):
        guest = self.guest()
        self.assertEqual(guest.config(CFG_READ, 9, 1), 0x30)
        self.assertEqual(guest.config(CFG_READ, 0xa, 2), 0x0c03)
        self.assertEqual(guest.config(CFG_READ, 0x3d, 1), 1)

    def test_bar(self):
        for options, size in (((), 0x10000), (("bar=64K",), 0x10000),
                              (("bar=1M",), 0x100000)):
            guest = self.guest(*options)
            guest.config(CFG_WRITE, 0x10, 4, 0xffffffff)
            guest.config(CFG_WRITE, 0x14, 4, 0xffffffff)
            self.assertEqual(guest.config(CFG_READ, 0x10, 4),
                             (2**32 - size) | 4)
            self.assertEqual(guest.config(CFG_READ, 0x14, 4), 0xffffffff)

    def test_bar_is_32_bits_wide_before_the_reset(self):
        peer = Peer(model="xhci")
        self.addCleanup(peer.end)
        peer.config(CFG_WRITE, 0x10, 4, 0xffffffff)
        peer.config(CFG_WRITE, 0x14, 4, 0xffffffff)
        self.assertEqual(peer.config(CFG_READ, 0x10, 4), 0xffff0000)
        self.assertEqual(peer.config(CFG_READ, 0x14, 4), 0)

    def test_capability_registers(self):
        guest = self.guest()
        self.assertEqual([guest.read(at) for at in range(0, 0x20, 4)], [
            0x01100080, 0x08000420, 0x40, 0, 0x20000001, 0x3000, 0x2000, 0])
        self.assertEqual(guest.read(0x8004), struct.unpack("I", b"USB ")[0])
        self.assertEqual([guest.read(at) for at in (0x8008, 0x8028)],
                         [0x401, 0x405])

    def test_extended_capabilities(self):
        first = [(0x8000, 2), (0x8020, 2)]
        hop, legacy = (0x841c, 0xc0), (USBLEGSUP, 1)
        for options, expected in (
                ([], [*first, hop, legacy, (DBC, 10)]),
                (["dbc=none"], [*first, hop, legacy]),
                (["dbc=8304"], [*first, (0x8304, 10), legacy]),
                (["dbc=8fe4"], [*first, hop, legacy, (0x8868, 0xc0),
                                (0x8c64, 0xc0), (0x8fe4, 10)])):
            with self.subTest(options):
                self.assertEqual(self.guest(*options).capabilities(),
                                 expected)
        for options, last in ((["dbc=ffc0"], 0xffc0),
                              (["bar=1M", "dbc=11004"], 0x11004)):
            with self.subTest(options):
                found = self.guest(*options).capabilities()
                self.assertEqual(found[-1], (last, 10))

    def test_endless_list(self):
        found = self.guest("dbc=none", "endless=4").capabilities()
        self.assertEqual(found[3:6], [(USBLEGSUP, 1), (0x8474, 0xc0),
                                      (0x8478, 0xc0)])
        self.assertEqual(len(found), 50)
        found = self.guest("endless=3fc").capabilities()
        self.assertEqual(found[4:6], [(DBC, 10), (0x8afc, 0xc0)])
        beyond = [at for at, _ in found if at >= 0x10000]
        self.assertEqual(beyond, [0x10284])

    def test_neighbours_keep_what_is_written(self):
        registers = {at for start, size in (
            (0x8000, 16), (0x8020, 16), (0x841c, 4), (USBLEGSUP, 8),
            (0x8868, 4), (0x8c64, 4), (0x8fe4, 0x40))
            for at in range(start, start + size)}
        guest = self.guest("dbc=8fe4")
        for at in range(0x8000, 0xa000):
            guest.write(at, 0x5a, 1)
        kept = {at for at in range(0x8000, 0xa000)
                if guest.read(at, 1) == 0x5a}
        self.assertEqual(kept - registers,
                         set(range(0x8000, 0xa000)) - registers)
        for at in sorted(registers - set(range(USBLEGSUP, 0x8474)) -
                         set(range(0x8fe4, 0x9024))):
            self.assertNotIn(at, kept)
        guest.write(0x9028, 0x1122334455667788, 8)
        self.assertEqual(guest.read(0x902a, 4), 0x33445566)

    def test_legacy_support(self):
        guest = self.guest()
        self.assertEqual(guest.read(USBLEGSUP) >> 16, 1)
        guest.write(USBLEGCTLSTS, 0xffffffff)
        self.assertEqual(guest.read(USBLEGCTLSTS), 0xe011)
        guest.write(USBLEGSUP + 3, 1, 1)
        self.assertEqual(guest.read(USBLEGSUP) >> 16, 0x100)
        self.assertEqual(guest.read(USBLEGCTLSTS), 0x2000e011)
        guest.write(USBLEGCTLSTS, 0x20000000)
        self.assertEqual(guest.read(USBLEGCTLSTS), 0)

    def test_mark(self):
        guest = self.guest()
        guest.write(0, 7)
        self.assertEqual(guest.log()[-1], "mark 7")
        self.assertEqual(guest.read(0), 0x01100080)


class DebugCapability(Test):
    def test_configured(self):
        guest = self.guest()
        self.assertEqual(guest.read(DCCTRL), 0)
        self.assertEqual(guest.read(DCPORTSC), link(4))
        guest.start_dbc()
        self.assertEqual(guest.states(),
                         ["disconnected", "enabled", "configured"])
        self.assertEqual(guest.read(DCCTRL), DCE | DCR | ADDRESS)
        self.assertEqual(guest.read(DCPORTSC), CCS | PED | U0 | SUPER | CSC)
        self.assertEqual(guest.read(DCST), 5 << 24 | 1)
        self.assertEqual(guest.event(0),
                         (PORT_CHANGE, 5 << 24, SUCCESS, 0, 0))
        self.assertEqual(guest.cycles(), [1] + [0] * 15)
        self.assertEqual(guest.memory[CONTEXT + 64] & 7, 1)
        guest.write(DCERDP, EVENTS + 16, 8)
        guest.write(DCPORTSC, CSC | PED)
        self.assertEqual(guest.read(DCST), 5 << 24)
        self.assertEqual(guest.read(DCPORTSC), CCS | PED | U0 | SUPER)

    def test_registers(self):
        guest = self.guest()
        for at, value, kept in ((DCERSTSZ, ~0, 0xffff), (DCDDI1, 17, 17),
                                (DCDDI2, 18, 18), (DBC + 0xc, ~0, 0),
                                (DBC + 0x2c, ~0, 0), (DCST, ~0, 0),
                                (DBC, ~0, 0x4000a), (DCDB, 0x200, 0)):
            guest.write(at, value & 0xffffffff)
            self.assertEqual(guest.read(at), kept, hex(at))
        for at in (DCERSTBA, DCERDP, DCCP):
            guest.write(at + 4, 0x99aabbcc)
            guest.write(at + 1, 0x77, 1)
            self.assertEqual(guest.read(at, 8), 0x99aabbcc00007700)
        guest.write(DCCTRL, 0x7fffffff)
        self.assertEqual(guest.read(DCCTRL), LSE)

    def test_states(self):
        guest = self.guest()
        guest.start_dbc()
        for act, state, control, port in (
                ("reset begin", "resetting", DRC, CCS | PR | link(9) | SUPER),
                ("reset end", "configured", DRC | DCR | ADDRESS,
                 CCS | PED | SUPER | PRC),
                ("link error", "error", DRC, CCS | link(6) | PRC | PLC | CEC),
                ("reset begin", "resetting", DRC,
                 CCS | PR | link(9) | SUPER | PRC | PLC | CEC),
                ("reset end", "configured", DRC | DCR | ADDRESS,
                 CCS | PED | SUPER | PRC | PLC | CEC),
                ("cable out", "disconnected", DRC,
                 link(5) | CSC | PRC | PLC | CEC),
                ("cable in", "configured", DRC | DCR | ADDRESS,
                 CCS | PED | SUPER | CSC | PRC | PLC | CEC)):
            if act == "reset begin":
                guest.write(DCPORTSC, guest.read(DCPORTSC) & CSC | PED)
            self.assertEqual(guest.control(act), ["ok"])
            self.assertEqual(guest.states()[-1], state)
            self.assertEqual(guest.read(DCCTRL), DCE | control)
            self.assertEqual(guest.read(DCPORTSC), port, act)
        guest.write(DCCTRL, DCE | DRC)
        guest.write(DCPORTSC, CSC | PRC | PLC | CEC)
        self.assertEqual(guest.states()[-1], "disabled")
        self.assertEqual(guest.read(DCCTRL), DCE | DRC)
        self.assertEqual(guest.read(DCPORTSC), CCS | link(4))
        guest.write(DCPORTSC, PED)
        self.assertEqual(guest.states()[-1], "configured")
        guest.write(DCCTRL, 0)
        self.assertEqual(guest.states()[-1], "off")
        self.assertEqual(guest.read(DCCTRL), 0)
        self.assertEqual(guest.read(DCPORTSC), link(4))

    def test_impossible(self):
        guest = self.guest()
        wrong = "error: not in this state"
        self.assertEqual(
            guest.control("cable in", "reset begin", "link error",
                          "reset end", "clear halt", "device out", "x",
                          "input " + "x" * 250),
            [wrong] * 6 + ["error: unknown command", "error: line too long"])
        self.assertEqual(guest.states(), [])

    def test_events_of_a_link(self):
        """For PLC (an error's CEC has one anyway) only with LSE."""
        guest = self.guest()
        guest.start_dbc()
        guest.control("link error")
        self.assertEqual(sum(guest.cycles()), 2)
        guest.control("reset begin", "reset end")
        self.assertEqual(sum(guest.cycles()), 3)
        guest.write(DCCTRL, DCE | LSE)
        self.assertEqual(sum(guest.cycles()), 4)

    def test_output(self):
        guest = self.guest()
        guest.start_dbc()
        guest.send_out(0, b"one ")
        guest.send_out(1, b"two ", CYCLE)
        guest.trb(OUT_RING + 32, NO_OP, CYCLE | IOC)
        guest.trb(OUT_RING + 48, NORMAL, CYCLE | IDT | IOC,
                  int.from_bytes(b"three ", "little"), 6)
        guest.trb(OUT_RING + 64, LINK, CYCLE | TOGGLE, OUT_RING)
        guest.write(DCDB, OUT)
        guest.send_out(0, b"four", IOC)
        self.assertEqual(guest.output(), b"one two three four")
        self.assertEqual([guest.event(n) for n in range(1, 5)], [
            (TRANSFER, OUT_RING + at, SUCCESS, 0, 2) for at in (0, 32, 48, 0)])
        self.assertEqual(sum(guest.cycles()), 5)

    def test_output_over_pages(self):
        guest = self.guest()
        guest.start_dbc()
        data = bytes(n * 7 % 251 for n in range(0x10000))
        guest.memory[0x20ff0:0x30ff0] = data
        guest.trb(OUT_RING, NORMAL, CYCLE | IOC, 0x20ff0, len(data))
        guest.write(DCDB, OUT)
        self.assertEqual(guest.output(), data)

    def test_event_ring(self):
        """Two segments; transfers wait for room, and the cycle bit turns."""
        guest = self.guest()
        guest.start_dbc(((EVENTS, 16), (MORE_EVENTS, 16)))
        for number in range(40):
            guest.send_out(number, b"%02d" % number)
        sent = b"".join(b"%02d" % number for number in range(40))
        self.assertEqual(guest.output(), sent[:60])
        self.assertEqual(guest.cycles(), [1] * 16)
        self.assertEqual(guest.cycles(MORE_EVENTS), [1] * 15 + [0])
        guest.write(DCERDP, MORE_EVENTS + 14 * 16, 8)
        self.assertEqual(guest.output(), sent)
        self.assertEqual(guest.cycles(), [0] * 9 + [1] * 7)
        self.assertEqual(guest.event(8)[1], OUT_RING + 39 * 16)

    def test_bad_event_rings(self):
        for segment in ((EVENTS, 15), (EVENTS, 4097), (MEMORY, 16),
                        (2**64 - 64, 16)):
            guest = self.guest()
            guest.start_dbc((segment,))
            guest.send_out(0, b"lost")
            self.assertEqual(guest.states()[-1], "configured")
            self.assertEqual(guest.output(), b"")
            self.assertEqual(guest.end(), (0, []))

    def test_bad_transfers(self):
        for kind, flags, param, length in (
                (NORMAL, IOC, MEMORY - 4, 5),
                (NORMAL, IOC, 2**64 - 4, 8),
                (NORMAL, IDT, 0, 9),
                (LINK, 0, OUT_RING, 0),             # to itself
                (LINK, 0, MEMORY, 0),
                (7, 0, 0, 0)):
            with self.subTest(kind=kind, param=param):
                guest = self.guest()
                guest.start_dbc()
                guest.trb(OUT_RING, kind, CYCLE | flags, param, length)
                guest.write(DCDB, OUT)
                self.assertEqual(guest.event(1)[2], TRB_ERROR)
                guest.send_out(0, b"too late")
                self.assertEqual(guest.output(), b"")
                self.assertEqual(sum(guest.cycles()), 2)

    def test_input(self):
        guest = self.guest()
        guest.start_dbc()
        guest.trb(IN_RING, NORMAL, CYCLE | IOC, BUFFER, 8)
        guest.trb(IN_RING + 16, NORMAL, CYCLE | ISP, BUFFER + 8, 8)
        guest.write(DCDB, IN)
        self.assertEqual(sum(guest.cycles()), 1)
        self.assertEqual(guest.control("input 0123456789"), ["ok"])
        self.assertEqual(guest.memory[BUFFER:BUFFER + 11], b"0123456789\0")
        self.assertEqual([guest.event(n) for n in (1, 2)], [
            (TRANSFER, IN_RING, SUCCESS, 0, 3),
            (TRANSFER, IN_RING + 16, SHORT, 6, 3)])
        guest.control("input later")
        guest.trb(IN_RING + 32, NORMAL, CYCLE | IOC, BUFFER, 5)
        guest.write(DCDB, IN)
        self.assertEqual(guest.memory[BUFFER:BUFFER + 5], b"later")
        self.assertEqual(guest.event(3)[2:4], (SUCCESS, 0))

    def test_input_from_files(self):
        for kind in ("file", "fifo"):
            with self.subTest(kind), tempfile.TemporaryDirectory() as folder:
                path = Path(folder, kind)
                if kind == "fifo":
                    os.mkfifo(path)
                else:
                    path.write_bytes(b"typed")
                guest = self.guest(f"in={path}")
                guest.start_dbc()
                guest.trb(IN_RING, NORMAL, CYCLE | IOC, BUFFER, 5)
                guest.write(DCDB, IN)
                if kind == "fifo":
                    path.write_bytes(b"typed")
                limit = time.monotonic() + 10
                while sum(guest.cycles()) < 2 and time.monotonic() < limit:
                    time.sleep(0.01)
                self.assertEqual(guest.memory[BUFFER:BUFFER + 5], b"typed")

    def test_terminal(self):
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        guest = self.guest(f"terminal={os.ttyname(theirs)}")
        guest.start_dbc()
        guest.send_out(0, b"prompt")
        self.assertEqual(os.read(ours, 100), b"prompt")
        guest.trb(IN_RING, NORMAL, CYCLE | IOC, BUFFER, 1)
        guest.write(DCDB, IN)
        os.write(ours, b"h")
        limit = time.monotonic() + 10
        while sum(guest.cycles()) < 3 and time.monotonic() < limit:
            time.sleep(0.01)
        self.assertEqual(guest.memory[BUFFER:BUFFER + 1], b"h")
        os.close(theirs)
        os.close(ours)

    def test_halt(self):
        guest = self.guest()
        guest.start_dbc()
        guest.write(DCCTRL, DCE | HOT)
        guest.send_out(0, b"held")
        guest.write(DCCTRL, DCE)
        self.assertEqual(guest.read(DCCTRL), DCE | DCR | ADDRESS | HOT)
        self.assertEqual(guest.output(), b"")
        self.assertEqual(guest.control("clear halt"), ["ok"])
        self.assertEqual(guest.read(DCCTRL), DCE | DCR | ADDRESS)
        self.assertEqual(guest.output(), b"held")

    def test_cable(self):
        """Out and in again: the rings go on where they were."""
        guest = self.guest()
        guest.start_dbc()
        guest.write(DCPORTSC, CSC | PED)
        guest.send_out(0, b"before ")
        guest.control("cable out")
        self.assertEqual(guest.read(DCCTRL), DCE | DRC)
        self.assertEqual(struct.unpack_from("=Q", guest.memory,
                                            CONTEXT + 64 + 8),
                         (OUT_RING + 16 | 1,))
        self.assertEqual(guest.memory[CONTEXT + 64] & 7, 3)
        guest.send_out(1, b"while ")
        # Writing back PED as read must not disable what is not enabled.
        guest.write(DCPORTSC, guest.read(DCPORTSC))
        self.assertEqual(guest.states()[-1], "disconnected")
        guest.control("cable in")
        guest.write(DCDB, OUT)
        self.assertEqual(guest.output(), b"before ")
        guest.write(DCCTRL, DCE | DRC)
        self.assertEqual(guest.output(), b"before ")
        guest.write(DCDB, OUT)
        self.assertEqual(guest.output(), b"before while ")
        self.assertEqual([guest.event(n)[0] for n in range(5)], [
            PORT_CHANGE, TRANSFER, PORT_CHANGE, PORT_CHANGE, TRANSFER])

    def test_hold(self):
        """Output waits for a debug host that takes none, and a reset forgets
        it; a register counts what the host did."""
        guest = self.guest()
        guest.start_dbc()
        self.assertEqual(guest.control("release", "hold", "hold"), [
            "error: not in this state", "ok", "error: not in this state"])
        self.assertEqual(guest.read(HOST_LINES), 1)
        guest.write(HOST_LINES, 5)
        guest.send_out(0, b"waits ")
        self.assertEqual(guest.output(), b"")
        guest.control("release", "hold")
        self.assertEqual(guest.read(HOST_LINES), 3)
        self.assertEqual(guest.output(), b"waits ")
        guest.send_out(1, b"is forgotten")
        guest.write(USBCMD, HCRST)
        guest.start_dbc()
        guest.control("release")
        self.assertEqual(guest.output(), b"waits ")

    def test_bus_mastering(self):
        """Without it, everything waits."""
        guest = self.guest()
        guest.config(CFG_WRITE, 4, 2, 2)
        guest.start_dbc()
        self.assertEqual(guest.states()[-1], "enabled")
        guest.config(CFG_WRITE, 4, 2, MASTER)
        self.assertEqual(guest.states()[-1], "configured")
        guest.config(CFG_WRITE, 4, 2, 2)
        guest.send_out(0, b"patience")
        self.assertEqual(guest.output(), b"")
        guest.config(CFG_WRITE, 4, 2, MASTER)
        self.assertEqual(guest.output(), b"patience")

    def test_host_controller_reset(self):
        guest = self.guest()
        guest.start_dbc()
        guest.send_out(0, b"a")
        guest.write(USBLEGSUP, 1 << 24)
        guest.write(USBCMD, HCRST)
        self.assertEqual(guest.states()[-1], "off")
        for at in range(DBC + 4, DBC + 0x40, 4):
            self.assertEqual(guest.read(at),
                             link(4) if at == DCPORTSC else 0, hex(at))
        self.assertEqual(guest.read(USBLEGSUP) >> 16, 0x100)
        guest.send_out(1, b"b")
        self.assertEqual(guest.output(), b"a")
        guest.memory[EVENTS:OUT_RING + 256] = bytes(OUT_RING - EVENTS + 256)
        guest.start_dbc()
        guest.send_out(0, b"c")
        self.assertEqual(guest.output(), b"ac")
        self.assertEqual(sum(guest.cycles()), 2)

    def test_another_place(self):
        guest = self.guest("dbc=8fe4")
        guest.write(0x8fe4 + 0x38, 0x12345678)
        self.assertEqual(guest.read(0x901c), 0x12345678)
        guest.write(DCDDI1, 5)
        self.assertEqual(guest.read(0x901c), 0x12345678)
        guest.write(0x8fe4 + 0x20, DCE)
        self.assertEqual(guest.states(), ["disconnected", "enabled",
                                          "configured"])
        guest = self.guest("dbc=none")
        guest.write(DCCTRL, DCE)
        self.assertEqual(guest.states(), [])


class HostController(Test):
    def test_reset(self):
        guest = self.guest()
        self.assertEqual(guest.read(USBSTS), HALTED)
        guest.start_controller()
        self.assertEqual(guest.read(USBSTS), 0)
        guest.write(USBCMD, HCRST)
        self.assertEqual([guest.read(USBCMD) for _ in range(2)], [HCRST, 0])
        self.assertEqual([guest.read(USBSTS) for _ in range(2)],
                         [HALTED | NOT_READY, HALTED])
        for at in (ERSTSZ, ERSTBA, ERDP, IMAN, CONFIG, CRCR):
            self.assertEqual(guest.read(at), 0)

    def test_commands(self):
        guest = self.guest()
        guest.start_controller()
        enable, disable, address, configure, evaluate = range(9, 14)
        reset_ep, stop_ep, dequeue, reset_device = range(14, 18)
        block = 0x200
        runs = [(23, 0, 0, SUCCESS), (24, 0, 0, TRB_ERROR),
                (reset_device, 0, 1, NOT_ENABLED),
                (disable, 0, 33, NOT_ENABLED),
                (enable, 0, 0, SUCCESS), (enable, 0, 0, SUCCESS),
                (enable, 0, 0, NO_SLOTS),
                (configure, 0, 1, CONTEXT_STATE),
                (stop_ep, 0, 1, CONTEXT_STATE),
                (address, 0, 1, TRANSACTION),
                (address, block, 1, SUCCESS),
                (address, block, 1, CONTEXT_STATE),
                (evaluate, 0, 1, SUCCESS), (stop_ep, 0, 1, SUCCESS),
                (reset_ep, 0, 1, CONTEXT_STATE),
                (dequeue, 0, 1, CONTEXT_STATE),
                (disable, 0, 1, SUCCESS), (disable, 0, 1, NOT_ENABLED),
                (enable, 0, 0, SUCCESS)]
        slots = {4: 1, 5: 2, 18: 1}         # which Enable Slot found
        for number, (kind, flags, slot, code) in enumerate(runs):
            at = COMMANDS + 16 * number
            guest.trb(at, kind, CYCLE | flags | slot << 24)
            guest.write(DOORBELL, 0)
            self.assertEqual(
                guest.event(number % 16),
                (COMPLETION, at, code, 0,
                 (slot if kind > enable and kind != 23 and kind != 24
                  else slots.get(number, 0)) << 8), number)
            guest.write(ERDP, EVENTS + 16 * ((number + 1) % 16) | BUSY, 8)

    def test_stopped_commands(self):
        guest = self.guest()
        guest.start_controller()
        guest.write(DOORBELL, 0)
        self.assertEqual(guest.read(CRCR), 8)
        guest.write(CRCR, 4)
        self.assertEqual(guest.event(0)[:3], (COMPLETION, COMMANDS, STOPPED))
        self.assertEqual(guest.read(CRCR), 0)
        guest.write(DOORBELL, 0)
        guest.write(USBCMD, 0)
        self.assertEqual(guest.read(CRCR), 0)
        self.assertEqual(guest.read(USBSTS), HALTED | EINT)

    def test_bad_command_ring(self):
        guest = self.guest()
        guest.start_controller()
        guest.trb(COMMANDS, LINK, CYCLE, MEMORY)
        guest.write(DOORBELL, 0)
        self.assertEqual(guest.read(USBSTS), HALTED | 4)
        guest.write(USBSTS, 4)
        self.assertEqual(guest.read(USBSTS), HALTED)

    def test_restore_state(self):
        """There is none to restore, which a driver gets to know."""
        guest = self.guest()
        guest.write(USBCMD, CSS)
        self.assertEqual(guest.read(USBSTS), HALTED)
        guest.write(USBCMD, CRS)
        self.assertEqual(guest.read(USBCMD), 0)
        self.assertEqual(guest.read(USBSTS), HALTED | SRE)
        guest.write(USBSTS, SRE)
        self.assertEqual(guest.read(USBSTS), HALTED)

    def test_device(self):
        guest = self.guest()
        empty, attached = 0x2a0, 0x200 | SUPER | CCS | PED
        self.assertEqual(guest.read(PORTSC_6), empty)
        guest.write(PORTSC_6, PR)
        self.assertEqual(guest.read(PORTSC_6), empty)
        self.assertEqual(guest.control("device in", "device in"),
                         ["ok", "error: not in this state"])
        self.assertEqual(guest.read(PORTSC_6), attached | CSC)
        self.assertEqual(guest.read(USBSTS), HALTED | PCD)
        self.assertEqual(sum(guest.cycles()), 0)
        guest.start_controller()
        change = (PORT_CHANGE, 6 << 24, SUCCESS, 0, 0)
        self.assertEqual(guest.event(0), change)
        guest.write(PORTSC_6, CSC | PR)
        self.assertEqual(guest.read(PORTSC_6), attached | PRC)
        self.assertEqual(guest.event(1), change)
        guest.write(PORTSC_6, PRC | PED)
        self.assertEqual(guest.read(PORTSC_6), attached & ~PED)
        guest.control("device out")
        self.assertEqual(guest.read(PORTSC_6), empty | CSC)
        self.assertEqual(sum(guest.cycles()), 3)
        self.assertEqual(guest.read(PORTSC_5), empty)


class Interrupts(Test):
    MESSAGE = "msi 0 fee00000 41"

    def messages(self, guest):
        return [line for line in guest.log()
                if line.startswith(("msi", "intx"))]

    def msix(self, guest, control=0x8000, masked=0):
        guest.config(CFG_WRITE, 0x42, 2, control)
        guest.write(MSIX_TABLE, 0xfee00000, 8)
        guest.write(MSIX_TABLE + 8, 0x41)
        guest.write(MSIX_TABLE + 12, masked)
        guest.start_controller()
        guest.trb(COMMANDS, 23, CYCLE)
        guest.write(DOORBELL, 0)

    def test_table(self):
        guest = self.guest()
        self.assertEqual([guest.config(CFG_READ, 0x40 + at, 4)
                          for at in (0, 4, 8)], [0x30011, 0x4000, 0x5000])
        self.assertEqual([guest.read(MSIX_TABLE + 16 * n + 12)
                          for n in range(5)], [1, 1, 1, 1, 0])
        guest.write(MSIX_TABLE + 0x38, 0x1122334455667788, 8)
        self.assertEqual(guest.read(MSIX_TABLE + 0x3c), 0x11223344)
        guest.write(MSIX_PBA, 1)
        self.assertEqual(guest.read(MSIX_PBA), 0)
        guest.place(BASE, MASTER)
        self.assertEqual(guest.read(MSIX_TABLE + 0x3c), 1)

    def test_message(self):
        guest = self.guest()
        self.msix(guest)
        self.assertEqual(self.messages(guest), [self.MESSAGE])
        self.assertEqual(guest.read(IMAN), 2)
        self.assertEqual(guest.read(USBSTS), EINT)
        self.assertEqual(guest.read(ERDP), EVENTS | BUSY)
        # The next one waits until the driver has looked at the first.
        guest.trb(COMMANDS + 16, 23, CYCLE)
        guest.write(DOORBELL, 0)
        self.assertEqual(len(self.messages(guest)), 1)
        guest.write(ERDP, EVENTS + 16 | BUSY, 8)
        self.assertEqual(len(self.messages(guest)), 2)
        guest.write(ERDP, EVENTS + 32 | BUSY, 8)
        self.assertEqual(len(self.messages(guest)), 2)

    def test_pending(self):
        def unmask(guest):
            guest.write(MSIX_TABLE + 12, 0)

        def unmask_all(guest):
            guest.config(CFG_WRITE, 0x42, 2, 0x8000)

        def master(guest):
            guest.config(CFG_WRITE, 4, 2, MASTER)

        for control, masked, remedy in ((0x8000, 1, unmask),
                                        (0xc000, 0, unmask_all)):
            guest = self.guest()
            self.msix(guest, control, masked)
            self.assertEqual(self.messages(guest), [])
            self.assertEqual(guest.read(MSIX_PBA, 8), 1)
            guest.config(CFG_WRITE, 4, 2, 2)
            remedy(guest)
            self.assertEqual(self.messages(guest), [])
            master(guest)
            self.assertEqual(self.messages(guest), [self.MESSAGE])
            self.assertEqual(guest.read(MSIX_PBA, 8), 0)

    def test_line(self):
        guest = self.guest()
        self.msix(guest, control=0)
        self.assertEqual(self.messages(guest), ["intx 1"])
        self.assertEqual(guest.read(IMAN), 3)
        guest.write(IMAN, 3)
        self.assertEqual(self.messages(guest), ["intx 1", "intx 0"])
        guest.trb(COMMANDS + 16, 23, CYCLE)
        guest.write(ERDP, EVENTS + 16 | BUSY, 8)
        guest.write(DOORBELL, 0)
        guest.config(CFG_WRITE, 4, 2, MASTER | NO_INTX)
        self.assertEqual(self.messages(guest)[2:], ["intx 1", "intx 0"])

    def test_qtest(self):
        with tempfile.TemporaryDirectory() as folder, \
                socket.socket(socket.AF_UNIX) as qemu:
            qemu.settimeout(10)
            qemu.bind(f"{folder}/qtest")
            qemu.listen()
            guest = self.guest(more=("--qtest", f"{folder}/qtest",
                                     "--gsi", "21"))
            self.msix(guest, control=0)
            stream, _ = qemu.accept()
            with stream:
                line = "set_irq_in /machine/q35/ioapic unnamed-gpio-in 21 "
                self.assertEqual(stream.recv(100).decode(), line + "1\n")
                stream.sendall(b"OK\n")
                guest.config(CFG_WRITE, 0x42, 2, 0x8000)
                self.assertEqual(stream.recv(100).decode().splitlines(),
                                 ["writel 0xfee00000 0x41", line + "0"])
                stream.sendall(b"OK\nFAIL Unknown\n")
                self.assertEqual(guest.process.wait(10), 1)
                self.assertIn("FAIL Unknown", guest.process.stderr.read())


class Options(unittest.TestCase):
    def test_bad_values(self):
        for option, pattern in (
                ("bar=2M", "bar=2M is neither 64K nor 1M"),
                ("dbc=x", "dbc=x is no hexadecimal number"),
                ("dbc=", "dbc= is no hexadecimal number"),
                ("dbc=8702", "dbc=8702 is not a multiple of 4 from 8000 to "),
                ("dbc=7ffc", "from 8000 to ffc0"),
                ("dbc=ffc4", "from 8000 to ffc0"),
                ("dbc=8440", "dbc=8440: a capability is there"),
                ("dbc=8470", "dbc=8470: a capability is there"),
                ("dbc=8000", "dbc=8000: a capability is there"),
                ("endless=0", "endless=0 is not a multiple of 4 from 4"),
                ("endless=400", "endless=400 is not a multiple of 4"),
                ("out=/nonexistent/x", "cannot open out=/nonexistent/x: No"),
                ("in=/nonexistent", "cannot open in=/nonexistent: No such"),
                ("terminal=/nonexistent", "cannot open terminal=/nonexist"),
                ("control=/nonexistent/x", "control=/nonexistent/x: No such"),
                ("control=" + "x" * 108, "longer than a socket's name"),
                ("size=1", "model 'xhci' has no option 'size'")):
            with self.subTest(option):
                status, errors = Peer("--option", option, model="xhci").end()
                self.assertEqual(status, 1)
                self.assertEqual(len(errors), 1, errors)
                self.assertIn(pattern, errors[0])
        for gsi in ("", "24", "x", "-1"):
            status, errors = Peer("--gsi", gsi, model="xhci").end()
            self.assertEqual((status, len(errors)), (1, 1))
            self.assertIn(f"--gsi {gsi} is not a number", errors[0])


if __name__ == "__main__":
    unittest.main()
