# SPDX-License-Identifier: Apache-2.0
"""How to read each kind of wattmeter: small classes that know their device, and neither thread nor bus."""
