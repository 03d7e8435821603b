# SPDX-License-Identifier: Apache-2.0
"""The project's benchmarks, one a file: ``python -m benchmarks NAME``.

A benchmark is a module with ``arguments(parser)``, which adds its options, and
``run(args)``, which measures and gives a dict of flat keys with the unit in the
name. It starts and ends whatever it needs.
"""
