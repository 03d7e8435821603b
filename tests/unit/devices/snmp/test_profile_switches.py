# SPDX-License-Identifier: Apache-2.0
"""What a profile may say of switching outlets, and of tables with a row for each unit."""

from __future__ import annotations

import pytest
from climate.devices.snmp import loading
from climate.devices.snmp.decode import items_of
from climate.devices.snmp.oid import oid_of
from climate.errors import ConfigError

PROFILE = """
vendor: Acme
kind: pdu
description: A strip
mibs: [ACME-MIB]
source: a test
object_ids: [1.3.6.1.4.1.99999.1]
tables:
  - scope: device
    index: [unit0]
    columns:
      watts: {oid: 1.3.6.1.4.1.99999.1.1, object: acmeWatts}
switch:
  command: 1.3.6.1.4.1.99999.2.1
  state: 1.3.6.1.4.1.99999.2.2
  index: [number]
  on: 0
  off: 0
"""
OWN_OBJECT = "  off_command: 1.3.6.1.4.1.99999.2.3\n"
SAME_OBJECT = "  off_command: 1.3.6.1.4.1.99999.2.1\n"
STATES = "  is_on: [1]\n  is_off: [0]\n"


def test_on_and_off_may_be_the_same_number_when_each_has_an_object():
    switch = loading.parse("acme-strip.yaml", PROFILE + OWN_OBJECT + STATES).switch
    assert switch is not None
    assert (switch.command, switch.off_command) == (oid_of("1.3.6.1.4.1.99999.2.1"), oid_of("1.3.6.1.4.1.99999.2.3"))
    assert (switch.on, switch.off, switch.cycle_command) == (0, 0, None)


@pytest.mark.parametrize("objects", ["", SAME_OBJECT])
def test_on_and_off_are_not_the_same_number_of_one_object(objects: str):
    with pytest.raises(ConfigError, match="on and off are the same"):
        loading.parse("acme-strip.yaml", PROFILE + objects + STATES)


def test_a_table_may_have_one_row_for_each_unit():
    profile = loading.parse("acme-strip.yaml", PROFILE + OWN_OBJECT + STATES)
    rows = {oid_of("1.3.6.1.4.1.99999.1.1.0"): 5, oid_of("1.3.6.1.4.1.99999.1.1.1"): 7}
    found = {item.place: item.value(rows) for item in items_of(profile, rows)}
    assert found == {"device": 5.0, "unit2-device": 7.0}
