# SPDX-License-Identifier: Apache-2.0
"""Kwapi reads wattmeters, signs what they say and brings it to whoever needs it. It knows probes, never a host."""
