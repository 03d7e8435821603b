# SPDX-License-Identifier: Apache-2.0
"""What a profile may say of switching outlets, and of tables that mix quantities or have a row for each unit."""

from __future__ import annotations

import pytest

from climate.devices.snmp import loading
from climate.devices.snmp.decode import items_of
from climate.devices.snmp.oid import Oid, Value, oid_of
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


def test_on_and_off_may_be_the_same_number_when_each_has_an_object() -> None:
    switch = loading.parse("acme-strip.yaml", PROFILE + OWN_OBJECT + STATES).switch
    assert switch is not None
    assert (switch.command, switch.off_command) == (oid_of("1.3.6.1.4.1.99999.2.1"), oid_of("1.3.6.1.4.1.99999.2.3"))
    assert (switch.on, switch.off, switch.cycle_command) == (0, 0, None)


def test_an_outlet_may_have_to_be_unlocked_before_it_is_switched() -> None:
    unlock = "  unlock: 1.3.6.1.4.1.99999.2.9\n"
    switch = loading.parse("acme-strip.yaml", PROFILE + OWN_OBJECT + unlock + STATES).switch
    assert switch is not None
    assert switch.unlock == oid_of("1.3.6.1.4.1.99999.2.9")


@pytest.mark.parametrize("objects", ["", SAME_OBJECT])
def test_on_and_off_are_not_the_same_number_of_one_object(objects: str) -> None:
    with pytest.raises(ConfigError, match="on and off are the same"):
        loading.parse("acme-strip.yaml", PROFILE + objects + STATES)


def test_a_table_may_have_one_row_for_each_unit() -> None:
    profile = loading.parse("acme-strip.yaml", PROFILE + OWN_OBJECT + STATES)
    rows: dict[Oid, Value] = {oid_of("1.3.6.1.4.1.99999.1.1.0"): 5, oid_of("1.3.6.1.4.1.99999.1.1.1"): 7}
    found = {item.place: item.value(rows) for item in items_of(profile, rows)}
    assert found == {"device": 5.0, "unit2-device": 7.0}


SENSORS = """
vendor: Acme
kind: pdu
description: A strip
mibs: [ACME-MIB]
source: a test
object_ids: [1.3.6.1.4.1.99999.1]
tables:
  - scope: outlet
    index: [unit, number, 5]
    label: 1.3.6.1.4.1.99999.3
    columns:
      watts: &sensor
        oid: 1.3.6.1.4.1.99999.1
        object: acmeSensorValue
        unless: [{oid: 1.3.6.1.4.1.99999.2, object: acmeSensorState, is: [-1]}]
      amperes: {<<: *sensor, index: [unit, number, 1], scale: 0.001}
"""


def test_one_column_may_hold_several_quantities_in_rows_of_their_own() -> None:
    profile = loading.parse("acme-sensors.yaml", SENSORS)
    value = oid_of("1.3.6.1.4.1.99999.1")
    rows: dict[Oid, Value] = {(*value, 1, 3, 1): 435, (*value, 1, 3, 5): 100, (*value, 1, 3, 4): 230}
    found = {(item.place, item.quantity.value): item.value(rows) for item in items_of(profile, rows)}
    assert found == {("outlet-3", "watts"): 100.0, ("outlet-3", "amperes"): 0.435}


def test_a_label_may_have_a_beginning_of_the_index() -> None:
    profile = loading.parse("acme-sensors.yaml", SENSORS)
    rows: dict[Oid, Value] = {oid_of("1.3.6.1.4.1.99999.1.1.3.5"): 100, oid_of("1.3.6.1.4.1.99999.3.1.3"): b"node-3"}
    assert [item.label for item in items_of(profile, rows)] == ["node-3"]


@pytest.mark.parametrize(("state", "watts"), [(None, 0.0), (4, 0.0), (-1, None)])
def test_a_state_can_say_that_a_value_is_none(state: int | None, watts: float | None) -> None:
    profile = loading.parse("acme-sensors.yaml", SENSORS)
    rows: dict[Oid, Value] = {oid_of("1.3.6.1.4.1.99999.1.1.3.5"): 0}
    if state is not None:
        rows[oid_of("1.3.6.1.4.1.99999.2.1.3.5")] = state
    (item,) = items_of(profile, rows)
    assert oid_of("1.3.6.1.4.1.99999.2.1.3.5") in item.asked()
    assert item.value(rows) == watts


def test_a_column_has_no_index_where_its_table_has_none() -> None:
    with pytest.raises(ConfigError, match="a column has an index where its table has none"):
        loading.parse("acme-sensors.yaml", SENSORS.replace("    index: [unit, number, 5]\n", ""))
