# SPDX-License-Identifier: Apache-2.0
"""Climate: reservation of whole hosts, and power by the calendar."""
