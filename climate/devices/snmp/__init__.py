# SPDX-License-Identifier: Apache-2.0
"""How devices answer SNMP: profiles (vendors' tables, as data), what a device is, and what its values mean."""
