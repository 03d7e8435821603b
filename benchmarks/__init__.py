# SPDX-License-Identifier: Apache-2.0
"""The project's benchmarks, one a file: ``python -m benchmarks NAME``.

A benchmark is a module with ``arguments(parser)``, which adds its options, and
``run(args)``, which measures and gives a dict of flat keys with the unit in the
name. It starts and ends whatever it needs. What several share is in ``parts``.
"""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """A whole number above 0, as an option's type."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number
