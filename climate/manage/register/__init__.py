# SPDX-License-Identifier: Apache-2.0
"""What Keystone must know of the suite: its services, where they are, roles and users; made where it is missing."""
