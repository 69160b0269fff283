# SPDX-License-Identifier: GPL-2.0-only
"""What the benchmark calls missed, and that it does not time the wrong
thing."""

import unittest
from pathlib import Path
from unittest import mock

import bench
import machine

PV = bench.ENVIRONMENTS[0]


def measured(**changes):
    """Costs that are just within their budgets, but for changes by row."""
    costs = {key: {bench.USED: limit}
             for key, limit in bench.BUDGETS.items()}
    for environment in bench.ENVIRONMENTS:
        for name in environment.exits:
            costs[environment.name, bench.WORDS[name]] = {
                bench.STOCK: 2000, bench.UNUSED: 2000, bench.USED: 2008,
                **changes.get(name, {})}
    return costs


LOOKUPS = {pages: (100, 192) for pages in bench.PAGES}


class Verdicts(unittest.TestCase):
    def missed(self, costs, lookups):
        return [what for what, is_, limit in bench.verdicts(costs, lookups)
                if is_ > limit]

    def test_within(self):
        self.assertEqual(self.missed(measured(), LOOKUPS), [])

    def test_write(self):
        for key in bench.BUDGETS:
            costs = measured()
            costs[key][bench.USED] += 1
            self.assertEqual(self.missed(costs, LOOKUPS), [" ".join(key)])

    def test_exits(self):
        for column, worse in ((bench.UNUSED, 2001), (bench.USED, 2011)):
            self.assertEqual(
                self.missed(measured(port={column: worse}), LOOKUPS),
                [f"PV port I/O, {column}"])

    def test_slower_than_dropped(self):
        [missed] = self.missed(measured(hpet={bench.STOCK: 1149,
                                              bench.UNUSED: 1149,
                                              bench.USED: 1149}), LOOKUPS)
        self.assertIn("dropped", missed)

    def test_lookup(self):
        most = bench.PAGES[-1]
        for result in ((131, 192), (100, 193)):
            [missed] = self.missed(measured(), {**LOOKUPS, most: result})
            self.assertIn(str(most), missed)


class Device(unittest.TestCase):
    """What is timed has to have happened."""

    def check(self, column, *writes):
        log = [f"W 0 {offset:x} 4 12345678" for offset, count in writes
               for _ in range(count)]
        bench.check_device(PV, column, mock.Mock(device_logs=[log],
                                                 folder=Path("logs")))

    def test_device(self):
        native = PV.native, bench.WRITES
        free = PV.free, bench.WRITES
        self.check(bench.USED, native, free)
        self.check(bench.STOCK, native)
        for column, writes in (
                (bench.USED, (native,)),
                (bench.USED, (native, free, (PV.protected, 1))),
                (bench.USED, (native, free, (PV.free, 1))),
                (bench.STOCK, (native, (PV.free, 1)))):
            with self.assertRaisesRegex(machine.LabError, "reached"):
                self.check(column, *writes)


if __name__ == "__main__":
    unittest.main()
