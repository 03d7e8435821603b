# SPDX-License-Identifier: Apache-2.0
"""Pure values and computations: no I/O, no clock, no randomness of their own."""
