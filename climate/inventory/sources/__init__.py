# SPDX-License-Identifier: Apache-2.0
"""Where hosts come from: one file a kind of source, found by the entry points ``climate.inventory.sources``."""
