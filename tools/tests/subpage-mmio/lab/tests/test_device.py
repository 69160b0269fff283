# SPDX-License-Identifier: GPL-2.0-only
"""The device process, driven by hand as the emulator drives it.

DEVICE names the program; without it, the default build directory has it.
"""

import os
import signal
import socket
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(os.environ.get(
    "DEVICE", Path(__file__).parents[5] / "build/device/device"))
SYNC_SYSMEM, RET, CFG_WRITE, CFG_READ, BAR_WRITE, BAR_READ, _, RESET = range(8)
BAR = 0xfebf0000


class Peer:
    """The emulator's end of the wire."""

    def __init__(self, *more, model="plain"):
        self.folder = tempfile.TemporaryDirectory()
        self.log_path = Path(self.folder.name, "log")
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(10)
        with theirs:
            self.process = subprocess.Popen(
                [PROGRAM, "--model", model, "--fd", str(theirs.fileno()),
                 "--log", self.log_path, *more],
                pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, text=True)

    def send(self, command, payload=b"", size=None, fds=()):
        size = len(payload) if size is None else size
        socket.send_fds(self.sock, [struct.pack("=iiQ", command, 0, size)],
                        fds)
        self.sock.sendall(payload)

    def ask(self, command, payload=b""):
        self.send(command, payload)
        reply = self.sock.recv(24, socket.MSG_WAITALL)
        kind, _pad, size, value = struct.unpack("=iiQQ", reply)
        assert (kind, size) == (RET, 8)
        return value

    def config(self, command, addr, length, value=0):
        return self.ask(command, struct.pack("=IIi", addr, value, length))

    def bar(self, command, offset, width, value=0, memory=1, base=BAR):
        return self.ask(command, struct.pack("=QQIB3x", base + offset, value,
                                             width, memory))

    def place(self, base=BAR, command=2):
        """What the firmware does."""
        self.ask(RESET)
        self.config(CFG_WRITE, 0x10, 4, base)
        self.config(CFG_WRITE, 0x04, 2, command)

    def log(self):
        return self.log_path.read_text().splitlines()

    def end(self):
        """(status, error lines) once the device has ended."""
        self.sock.close()
        try:
            _, errors = self.process.communicate(timeout=10)
            return self.process.returncode, errors.splitlines()
        finally:
            self.process.kill()
            self.folder.cleanup()


class Device(unittest.TestCase):
    def setUp(self):
        self.assertTrue(PROGRAM.is_file(), f"{PROGRAM}: build the device")
        self.peer = Peer()

    def tearDown(self):
        self.peer.end()

    def test_identity(self):
        read = [self.peer.config(CFG_READ, at, size) for at, size in
                ((0, 2), (2, 2), (9, 1), (0xa, 2), (0x2c, 4), (0x3d, 1))]
        self.assertEqual(read, [0x1234, 0x5ab1, 0, 0xff00, 0, 0])

    def test_sizing(self):
        sizes = []
        for at in range(0x10, 0x2c, 4):
            self.peer.config(CFG_WRITE, at, 4, 0xffffffff)
            sizes.append(self.peer.config(CFG_READ, at, 4))
            self.peer.config(CFG_WRITE, at, 4, 0)
        self.assertEqual(sizes, [0xffff8000, 0, 0, 0, 0, 0, 0])

    def test_msix_capability(self):
        self.assertTrue(self.peer.config(CFG_READ, 6, 2) & 0x10)
        at = self.peer.config(CFG_READ, 0x34, 1)
        self.assertEqual(self.peer.config(CFG_READ, at, 4), 0x00030011)
        self.assertEqual(self.peer.config(CFG_READ, at + 4, 4), 0x2100)
        self.assertEqual(self.peer.config(CFG_READ, at + 8, 4), 0x3200)
        self.peer.config(CFG_WRITE, at + 2, 2, 0xffff)
        self.assertEqual(self.peer.config(CFG_READ, at + 2, 2), 0xc003)

    def test_log(self):
        self.peer.place()
        self.peer.bar(BAR_WRITE, 0, 4, 17)
        self.assertEqual(self.peer.bar(BAR_READ, 0x2100, 8),
                         0x8877665544332211)
        self.peer.bar(BAR_WRITE, 0x2101, 1, 0xffffffffffffff07)
        self.assertEqual(self.peer.bar(BAR_READ, 0x2100, 2), 0x0711)
        self.peer.bar(BAR_WRITE, 0, 2, 0)
        self.peer.bar(BAR_WRITE, 0, 4, 4000000000)
        self.assertEqual(self.peer.bar(BAR_READ, 0x2100, 2), 0x2211)
        self.peer.process.send_signal(signal.SIGKILL)
        self.peer.process.wait(10)
        self.assertEqual(self.peer.log(), [
            "bar 0 febf0000", "mark 17", "R 0 2100 8 8877665544332211",
            "W 0 2101 1 7", "R 0 2100 2 711", "W 0 0 2 0",
            "mark 4000000000", "R 0 2100 2 2211"])

    def test_decoding(self):
        self.peer.place()
        self.peer.config(CFG_WRITE, 0x04, 2, 0)
        self.assertEqual(self.peer.bar(BAR_READ, 0x2100, 4), 0xffffffff)
        self.peer.config(CFG_WRITE, 0x04, 2, 2)
        self.assertEqual(self.peer.bar(BAR_READ, 0x8000, 4), 0xffffffff)
        self.peer.config(CFG_WRITE, 0x10, 4, BAR + 0x8000)
        self.assertEqual(self.peer.bar(BAR_READ, 0x8000, 1), 0)
        self.assertEqual(self.peer.log(), [
            "bar 0 febf0000", "lost R febf2100 4", "lost R febf8000 4",
            "bar 0 febf8000", "R 0 0 1 0"])

    def test_memory_descriptors_are_closed(self):
        with tempfile.TemporaryFile() as memory:
            for _ in range(50):
                self.peer.send(SYNC_SYSMEM, bytes(192),
                               fds=[memory.fileno()] * 8)
        self.peer.config(CFG_READ, 0, 2)
        held = Path(f"/proc/{self.peer.process.pid}/fd").iterdir()
        self.assertLess(len(list(held)), 10)

    def test_end(self):
        self.assertEqual(self.peer.end(), (0, []))


class Msix(unittest.TestCase):
    """Table and PBA among registers, as options say."""

    def setUp(self):
        self.peer = Peer("--option", "table=2ff0", "--option", "pba=2008",
                         "--option", "vectors=42", "--option", "bell=2018",
                         model="msix")
        self.peer.place()
        at = self.peer.config(CFG_READ, 0x34, 1)
        self.assertEqual(self.peer.config(CFG_READ, at, 4), 0x00410011)
        self.assertEqual(self.peer.config(CFG_READ, at + 4, 4), 0x2ff0)
        self.assertEqual(self.peer.config(CFG_READ, at + 8, 4), 0x2008)
        self.peer.config(CFG_WRITE, at + 2, 2, 0x8000)
        self.peer.config(CFG_WRITE, 4, 2, 6)

    def tearDown(self):
        self.peer.end()

    def test_interrupt(self):
        self.peer.bar(BAR_WRITE, 0x2018, 4, 0x41)
        self.assertEqual(self.peer.bar(BAR_READ, 0x2018, 8),
                         0x8877665500000041)
        # It stays pending until the vector, the last but one, is unmasked.
        self.assertEqual(self.peer.bar(BAR_READ, 0x2008, 8), 0)
        self.assertEqual(self.peer.bar(BAR_READ, 0x2010, 8), 2)
        for offset, value in ((0, 0xfee01000), (4, 0), (8, 0x51), (12, 0)):
            self.assertNotIn("msi 65 fee01000 51", self.peer.log())
            self.peer.bar(BAR_WRITE, 0x2ff0 + 0x410 + offset, 4, value)
        self.assertIn("msi 65 fee01000 51", self.peer.log())
        self.assertEqual(self.peer.bar(BAR_READ, 0x2010, 8), 0)

    def test_registers(self):
        for at in 0x2000, 0x2020, 0x2fe8, 0x3410:
            self.peer.bar(BAR_WRITE, at, 8, at)
            self.assertEqual(self.peer.bar(BAR_READ, at, 8), at)
        self.peer.bar(BAR_WRITE, 0, 4, 1)
        self.assertEqual(self.peer.bar(BAR_READ, 0x3410, 8),
                         0x8877665544332211)


class VirtioRng(unittest.TestCase):
    """A queue with a buffer of two parts, by hand."""

    NOTIFY, COMMON, TABLE = 0x1800, 0x1100, 0x1000
    RAM = 0x100000

    def setUp(self):
        self.peer = Peer(model="virtio-rng")
        self.peer.place()
        # (The descriptors of guest memory come with their message.)
        self.memory = tempfile.TemporaryFile()
        self.memory.truncate(0x4000)
        self.peer.send(SYNC_SYSMEM, struct.pack(
            "=24Q", self.RAM, *[0] * 7, 0x4000, *[0] * 7, *[0] * 8),
            fds=[self.memory.fileno()])
        self.peer.config(CFG_WRITE, 4, 2, 6)
        self.peer.config(CFG_WRITE, 0x42, 2, 0x8000)

    def tearDown(self):
        self.peer.end()
        self.memory.close()

    def put(self, offset, data):
        os.pwrite(self.memory.fileno(), data, offset)

    def common(self, offset, width, value):
        self.peer.bar(BAR_WRITE, self.COMMON + offset, width, value)

    def test_structures(self):
        at, found = 0x40, []
        while at:
            words = [self.peer.config(CFG_READ, at + word, 4)
                     for word in range(0, 20, 4)]
            found.append((words[0] & 0xff, words[0] >> 24, words[2:4]))
            at = words[0] >> 8 & 0xff
        self.assertEqual(found[1:], [
            (9, 1, [0x1100, 0x38]), (9, 3, [0x1180, 4]),
            (9, 2, [0x1800, 0x1100])])

    def test_queue(self):
        self.assertEqual(self.peer.bar(BAR_READ, self.COMMON + 0x18, 2), 8)
        for offset, value in ((0, 0xfee00000), (4, 0), (8, 0x61), (12, 0)):
            self.peer.bar(BAR_WRITE, self.TABLE + 16 + offset, 4, value)
        self.put(0, struct.pack("=QIHH", self.RAM + 0x2000, 500, 3, 5))
        self.put(80, struct.pack("=QIHH", self.RAM + 0x1ffe, 2, 2, 0))
        self.put(0x100, struct.pack("=HHH", 0, 1, 0))
        for offset, value in ((0x20, 0), (0x28, 0x100), (0x30, 0x200)):
            self.common(offset, 4, self.RAM + value)
            self.common(offset + 4, 4, 0)
        self.common(0x1a, 2, 1)
        self.peer.bar(BAR_WRITE, self.NOTIFY, 2, 0)
        self.assertEqual(os.pread(self.memory.fileno(), 4, 0x200), bytes(4))
        self.common(0x1c, 2, 1)
        self.peer.bar(BAR_WRITE, self.NOTIFY, 2, 0)
        self.assertEqual(os.pread(self.memory.fileno(), 12, 0x200),
                         struct.pack("=HHII", 0, 1, 0, 502))
        stream = bytes(range(251)) * 2
        self.assertEqual(os.pread(self.memory.fileno(), 502, 0x1ffe),
                         stream[500:502] + stream[:500])
        self.assertEqual(self.peer.log()[-1], "msi 1 fee00000 61")
        self.peer.bar(BAR_WRITE, 0, 4, 7)
        self.assertEqual(self.peer.log()[-1], "mark 7")
        # A reset of the function's leaves MSI-X alone.
        self.common(0x14, 1, 0)
        self.assertEqual(self.peer.bar(BAR_READ, self.COMMON + 0x1c, 2), 0)
        self.assertEqual(self.peer.bar(BAR_READ, self.TABLE + 24, 4), 0x61)


class Errors(unittest.TestCase):
    """One clear line, and status 1."""

    def refused(self, pattern, peer):
        status, errors = peer.end()
        self.assertEqual(status, 1)
        self.assertEqual(len(errors), 1, errors)
        self.assertRegex(errors[0], pattern)

    def test_messages(self):
        for pattern, *message in (
                ("unknown command 99", 99),
                ("unknown command -1", -1),
                ("unknown command 1", RET, bytes(8)),
                ("BAR_READ with 193 bytes", BAR_READ, bytes(193)),
                ("PCI_CFGREAD with 18446744073709551615 bytes", CFG_READ, b"",
                 2**64 - 1),
                ("short message: 4 of 12", CFG_READ, bytes(4), 12),
                ("config access of 3 bytes", CFG_READ,
                 struct.pack("=IIi", 0, 0, 3)),
                ("config access of 4 bytes at 0xfe", CFG_READ,
                 struct.pack("=IIi", 0xfe, 0, 4)),
                ("memory access of 3 bytes", BAR_WRITE,
                 struct.pack("=QQIB3x", BAR, 0, 3, 1)),
                ("I/O port access of 4 bytes", BAR_WRITE,
                 struct.pack("=QQIB3x", BAR, 0, 4, 0))):
            with self.subTest(pattern):
                peer = Peer()
                peer.send(*message)
                self.refused(pattern, peer)

    def test_short_header(self):
        peer = Peer()
        peer.sock.sendall(bytes(5))
        self.refused("5 bytes of a 16-byte header", peer)

    def test_unexpected_descriptor(self):
        peer = Peer()
        peer.send(RESET, fds=[peer.sock.fileno()])
        self.refused("DEVICE_RESET with file descriptors", peer)

    def test_arguments(self):
        self.refused("no device model is called 'x'", Peer(model="x"))
        self.refused("--fd 0x is not", Peer("--fd", "0x"))
        self.refused("cannot write the log /nonexistent/x",
                     Peer("--log", "/nonexistent/x"))
        self.refused("bad option '--nonsense'", Peer("--nonsense"))
        self.refused("bad option '-x'", Peer("-xv"))
        self.refused("bad option '-x'", Peer("-vx"))
        self.refused("bad option '--log'", Peer("--log"))
        self.refused("model 'plain' has no option 'size'",
                     Peer("--option", "size=1"))
        self.refused("--option size is not of the form NAME=VALUE",
                     Peer("--option", "size"))
        for option in ("table=1004", "table=ff8", "pba=fffffc", "pba=1000000", "vectors=801",
                       "vectors=0", "bell=2", "pba=x", "device="):
            self.refused(f"--option {option}: wanted a hex number",
                         Peer("--option", option, model="msix"))
        self.refused("do not fit in the BAR", Peer(
            "--option", "table=7ff8", model="msix"))
        self.refused("longer than a socket's name", Peer("--qtest", "x" * 108))
        self.refused("unexpected argument 'more'", Peer("more"))
        result = subprocess.run([PROGRAM], capture_output=True, text=True,
                                timeout=10, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("are needed", result.stderr)


if __name__ == "__main__":
    unittest.main()
