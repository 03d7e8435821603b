# SPDX-License-Identifier: Apache-2.0
"""Kwapi's processes, one file each: every object is built here, and nowhere else."""
