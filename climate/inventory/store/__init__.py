# SPDX-License-Identifier: Apache-2.0
"""Where the inventory keeps its hosts."""

from climate.inventory.store.tables import metadata

__all__ = ["metadata"]
