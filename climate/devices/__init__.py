# SPDX-License-Identifier: Apache-2.0
"""How to speak to devices: SNMP, IPMI, Redfish, Modbus; and which vendor's answers how, as data."""
