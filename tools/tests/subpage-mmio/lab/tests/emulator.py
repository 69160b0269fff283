# SPDX-License-Identifier: GPL-2.0-only
"""Stands in for an emulator: places the BAR, writes to the device, prints
what it is told to, and ends as it is told to.

    emulator.py FD [KERNEL XEN-OPTIONS GUEST-ARGUMENTS]

The guest's arguments are Python, run with the functions below at hand.
"""

import signal
import socket
import struct
import sys
import threading
import time

CFG_WRITE, BAR_WRITE, RESET = 2, 4, 7
BAR = 0xfebf0000


def ask(command, payload=b""):
    """Send a message, wait for the reply."""
    device.sendall(struct.pack("=iiQ", command, 0, len(payload)) + payload)
    return device.recv(24, socket.MSG_WAITALL)


def write(offset, width, value):
    """A guest's write."""
    ask(BAR_WRITE, struct.pack("=QQIB3x", BAR + offset, value, width, 1))


def place(bar=BAR):
    """The firmware's part."""
    ask(RESET)
    ask(CFG_WRITE, struct.pack("=IIi", 0x10, bar, 4))
    ask(CFG_WRITE, struct.pack("=IIi", 4, 2, 2))


def say(line):
    """A line on the console."""
    with open("serial.log", "a", encoding="ascii") as console:
        console.write(line + "\n")


def answer(name, words):
    """Whatever a socket is asked, from now on."""
    def serve():
        peer, _ = listener.accept()
        while peer.recv(100):
            peer.sendall(words.encode())

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name)
    listener.listen()
    threading.Thread(target=serve, daemon=True).start()


def hang():
    """A guest that never ends, and does not mind being asked to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)


def break_device():
    """Make the device end in mid-run."""
    ask(99)


device = socket.socket(fileno=int(sys.argv[1]))
place()
if len(sys.argv) == 2:
    hang()
exec(sys.argv[4])               # pylint: disable=exec-used
