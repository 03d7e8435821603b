# SPDX-License-Identifier: Apache-2.0
"""The REST API: the one door through which HTTP comes in."""
