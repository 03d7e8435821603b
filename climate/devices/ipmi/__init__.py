# SPDX-License-Identifier: Apache-2.0
"""How to speak IPMI to a BMC, and what its sensors and its power meter say."""
