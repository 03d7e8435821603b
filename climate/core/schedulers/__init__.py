# SPDX-License-Identifier: Apache-2.0
"""Strategies that choose dates and hosts, one a file."""
