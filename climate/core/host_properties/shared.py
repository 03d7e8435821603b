# SPDX-License-Identifier: Apache-2.0
"""What hosts have in common, for those who may know what hosts are like but not which they are."""

from __future__ import annotations

import numpy as np

from climate.core.host import PropertyValue
from climate.core.host_properties.catalogue import OWN
from climate.core.host_properties.table import HostTable


def shared_facts(table: HostTable, hosts: bytes, sees_hosts: bool) -> dict[str, PropertyValue]:
    """The properties, by name, that all of these hosts (packed ids) have with one value, and the asker may name.

    Hosts that the table does not have say nothing, and a host's own names and
    ids are no properties that it has in common with others.
    """
    rows = table.rows(hosts)
    if not rows.size:
        return {}
    facts = {}
    for name, column in table.columns().items():
        if name in OWN or not table.visibility.may_name(name, sees_hosts):
            continue
        codes = column.codes[rows]
        if codes[0] >= 0 and np.all(codes == codes[0]):
            facts[name] = column.values[codes[0]]
    return facts
