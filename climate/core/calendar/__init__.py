# SPDX-License-Identifier: Apache-2.0
"""Hosts times time: the free gaps, the search for starts, a copy kept true by the journal."""
