# SPDX-License-Identifier: Apache-2.0
"""The command line: one set of commands, for the program ``climate`` and as a plug-in of ``openstack``."""
