# SPDX-License-Identifier: Apache-2.0
"""A real OpenStack on the loopback with the suite beside it, for tests and for people."""
