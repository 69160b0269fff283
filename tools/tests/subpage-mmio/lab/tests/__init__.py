# SPDX-License-Identifier: GPL-2.0-only
"""Tests of the lab itself: python3 -B -m unittest discover -s tests -t ."""
