# SPDX-License-Identifier: Apache-2.0
"""A guest in nova-scheduler: its filter and weighers for a cloud whose hosts are leased.

It imports nothing else of this project, and nothing that Nova does not have.
What needs no Nova imports no Nova: only filter and weighers do.
"""
