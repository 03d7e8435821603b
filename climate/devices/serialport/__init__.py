# SPDX-License-Identifier: Apache-2.0
"""Devices that talk by themselves over a serial line: the line itself, and how their packets are cut out of it."""
