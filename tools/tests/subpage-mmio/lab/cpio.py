# SPDX-License-Identifier: GPL-2.0-only
"""Writes initramfs archives: cpio's "newc" format, of which Linux has a
description in Documentation/driver-api/early-userspace/buffer-format.rst."""

DIRECTORY, FILE, DEVICE = 0o040755, 0o100755, 0o020600
CONSOLE = 5, 1                  # the numbers of /dev/console
ALIGN = 4


def _padded(data):
    return data + bytes(-len(data) % ALIGN)


def _entry(inode, name, mode, data=b"", device=(0, 0)):
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device,
              len(name) + 1, 0)
    head = "070701" + "".join(f"{field:08x}" for field in fields)
    return _padded(f"{head}{name}\0".encode()) + _padded(data)


def archive(files):
    """An archive of executable files, {path: contents}, with their folders
    and a /dev/console.  Equal contents make an equal archive."""
    folders = {"dev"} | {
        "/".join(parts[:n]) for parts in (path.split("/") for path in files)
        for n in range(1, len(parts))}
    entries = [(name, DIRECTORY) for name in sorted(folders)]
    entries.append(("dev/console", DEVICE, b"", CONSOLE))
    entries += [(path, FILE, data) for path, data in sorted(files.items())]
    entries.append(("TRAILER!!!", 0))
    return b"".join(_entry(inode, *entry)
                    for inode, entry in enumerate(entries, 1))
