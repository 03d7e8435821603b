# SPDX-License-Identifier: Apache-2.0
"""Where planning keeps leases, allocations and the journal."""
