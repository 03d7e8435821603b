# SPDX-License-Identifier: Apache-2.0
"""A profile is right to the last word, or the fault is told with its file, its place and what should stand there."""

from __future__ import annotations

import contextlib
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.devices.snmp import loading
from climate.devices.snmp.oid import text_of
from climate.devices.snmp.profile import Column, Part, Profile, Quantity, Scope
from climate.errors import ConfigError

HEAD = """
vendor: Acme
kind: pdu
description: Strips
mibs: [ACME-MIB]
source: Acme's ACME-MIB
object_ids: [1.3.6.1.4.1.99999.1]
"""
COLUMN = "{oid: 1.3.6.1.4.1.99999.1.2.1.3, object: acmeWatts}"
TABLE = f"""
tables:
  - scope: outlet
    index: [number]
    columns:
      watts: {COLUMN}
"""
ROWS = """
tables:
  - scope: inlet
    rows:
      L1: {watts: {oid: 1.3.6.1.4.1.99999.1.4.0, object: acmeWattsL1}}
      L2: {watts: {oid: 1.3.6.1.4.1.99999.1.5.0, object: acmeWattsL2}}
"""
SWITCH = """
switch:
  command: 1.3.6.1.4.1.99999.1.6.1.2
  state: 1.3.6.1.4.1.99999.1.6.1.3
  index: [number]
  on: 1
  off: 2
  cycle: 3
  is_on: [1]
  is_off: [2]
"""


def test_all_that_a_profile_may_say_is_understood() -> None:
    """Defaults where nothing is said."""
    column = (
        "{oid: 1.3.6.1.4.1.99999.1.2.1.4, object: acmeEnergy, scale: 3600, absent: [-2], counter: 2^32, "
        "multiplier: 1.3.6.1.4.1.99999.1.2.1.5, multipliers: {-3: 0.001, 4: 1}, "
        "where: [{oid: 1.3.6.1.4.1.99999.1.2.1.6, object: acmeKind, is: [2]}, "
        "{oid: 1.3.6.1.4.1.99999.1.2.1.7, matches: 'Phase (L[123])'}]}"
    )
    table = TABLE.replace("[number]", "[unit0, 1, number, 1..254, any]") + f"      energy_j: {column}\n"
    profile = loading.parse("acme-strip.yaml", HEAD + "refresh_s: 5\n" + table + SWITCH)
    assert (profile.name, profile.vendor, profile.refresh_s, profile.standard) == ("acme-strip", "Acme", 5.0, False)
    (only,) = profile.tables
    assert (only.scope, only.place, only.index) == (
        Scope.OUTLET,
        "outlet",
        (Part.UNIT0, 1, Part.NUMBER, range(1, 255), Part.ANY),
    )
    watts, energy = only.columns[Quantity.WATTS], only.columns[Quantity.ENERGY_J]
    assert (watts.scale, watts.absent, watts.beside) == (1.0, {-1.0}, ())
    assert (energy.absent, energy.modulus_j, energy.multipliers) == ({-2.0}, 2.0**32 * 3600, {-3: 0.001, 4: 1.0})
    assert [text_of(oid)[-3:] for oid in energy.beside] == ["1.5", "1.6", "1.7"]
    assert [pattern.pattern for _, pattern in energy.texts] == ["Phase (L[123])"]
    assert profile.switch is not None
    assert (profile.switch.on, profile.switch.cycle, profile.switch.place) == (1, 3, "outlet")


def test_single_instances_are_told_in_rows() -> None:
    """Each is a table of its own, with the row's word in its name."""
    profile = loading.parse("acme-strip.yaml", HEAD + ROWS)
    assert [(table.number, table.place, table.index) for table in profile.tables] == [
        ("L1", "inlet", ()),
        ("L2", "inlet", ()),
    ]


FAULTS = {
    "no YAML": ("vendor:\n- [}", "line 2: it is no YAML"),
    "a number of too many digits": ("vendor: 1" + "0" * 5000, "it is no YAML"),
    "no mapping": ("- 1", "the file: here must be a mapping"),
    "a word twice": (HEAD + "kind: ups\n" + TABLE, "line 8: kind stands here twice"),
    "no vendor": (HEAD.replace("vendor: Acme", "") + TABLE, "the file: vendor is missing"),
    "an empty text": (HEAD.replace("Acme\n", '""\n') + TABLE, "vendor: here must be a text"),
    "an unknown kind": (HEAD.replace("pdu", "toaster") + TABLE, "kind: 'toaster' is none of: pdu, ups, "),
    "no list": (HEAD.replace("[ACME-MIB]", "ACME-MIB") + TABLE, "mibs: here must be a list"),
    "nothing to recognise it by": (HEAD.replace("object_ids", "# object_ids") + TABLE, "object_ids: say how"),
    "no object identifier": (HEAD.replace("99999.1]", "acme]") + TABLE, "object_ids: '1.3.6.1.4.1.acme' is no object"),
    "a number too large": (
        HEAD.replace("99999.1]", "99999999999]") + TABLE,
        "object_ids: '1.3.6.1.4.1.99999999999' is no object identifier: a number in it is too large",
    ),
    "standard is no word": (HEAD + "standard: maybe\n" + TABLE, "standard: here must be true or false"),
    "refreshed never": (HEAD + "refresh_s: 0\n" + TABLE, "refresh_s: here must be a number above 0"),
    "a word too many": (HEAD + "refreshs: 1\n" + TABLE, "refreshs: this word means nothing here; is it refresh_s?"),
    "no tables": (HEAD, "tables: here must be a list"),
    "no table in it": (HEAD + "tables: []\n", "tables: here must be a list"),
    "a table of nothing": (HEAD + "tables: [1]\n", "tables[0]: here must be a mapping"),
    "no scope": (HEAD + TABLE.replace("outlet", "socket"), "tables[0].scope: 'socket' is"),
    "an unfit place": (
        HEAD + TABLE + "    place: Outlet 1\n",
        "tables[0].place: 'Outlet 1': here must be small letters",
    ),
    "an unknown part": (HEAD + TABLE.replace("[number]", "[serial]"), "tables[0].index: 'serial' is"),
    "no part tells places apart": (
        HEAD + TABLE.replace("[number]", "[any, 1]"),
        "tables[0].index: nothing in it tells one place from another",
    ),
    "no columns": (HEAD + TABLE.replace(f"watts: {COLUMN}", "{}"), "tables[0].columns: here must be a column"),
    "no quantity": (HEAD + TABLE.replace("watts:", "kilowatts:"), "tables[0].columns.kilowatts: no quantity; there"),
    "no oid": (HEAD + TABLE.replace("oid: ", "id: "), "tables[0].columns.watts: oid is missing"),
    "no object": (HEAD + TABLE.replace("object:", "name:"), "tables[0].columns.watts: object is missing"),
    "a column's word": (HEAD + TABLE.replace("}", ", scales: 2}"), "tables[0].columns.watts.scales: this word means"),
    "scale 0": (HEAD + TABLE.replace("}", ", scale: 0}"), "tables[0].columns.watts.scale: nothing can be multiplied"),
    "a scale of words": (HEAD + TABLE.replace("}", ", scale: ten}"), "columns.watts.scale: here must be a number"),
    "no end of a counter": (HEAD + TABLE.replace("}", ", counter: 9}"), "columns.watts.counter: 9 is none of: 2^31"),
    "absent is no list": (HEAD + TABLE.replace("}", ", absent: -1}"), "columns.watts.absent: here must be a list"),
    "multipliers alone": (
        HEAD + TABLE.replace("}", ", multipliers: {1: 1}}"),
        "tables[0].columns.watts: multiplier and multipliers come together",
    ),
    "multipliers of words": (
        HEAD + TABLE.replace("}", ", multiplier: 1.3.6.1, multipliers: {milli: 0.001}}"),
        "tables[0].columns.watts.multipliers: write number: factor",
    ),
    "where is no list": (HEAD + TABLE.replace("}", ", where: 1}"), "columns.watts.where: here must be a list"),
    "where what": (
        HEAD + TABLE.replace("}", ", where: [{oid: 1.3.6, is: one}]}"),
        "tables[0].columns.watts.where[0].is: here must be a list",
    ),
    "no pattern": (
        HEAD + TABLE.replace("}", ", where: [{oid: 1.3.6, matches: 'L(1'}]}"),
        "tables[0].columns.watts.where[0].matches: 'L(1' is no regular expression: ",
    ),
    "a row's name": (HEAD + ROWS.replace("L1:", "phase one:"), "tables[0].rows.phase one: a row is called by"),
    "rows with an index": (HEAD + ROWS.replace("rows:", "index: [number]\n    rows:"), "tables[0].index: this word"),
    "on is off": (HEAD + TABLE + SWITCH.replace("on: 1", "on: 2"), "switch: on and off are the same"),
    "a switch's word": (HEAD + TABLE + SWITCH + "  delay: 5\n", "switch.delay: this word means nothing here"),
    "on is no number": (HEAD + TABLE + SWITCH.replace("on: 1", "on: yes"), "switch.on: here must be a whole number"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_file_place_and_reason(fault: str) -> None:
    """In one sentence, of which an editor can be led to the place."""
    text, said = FAULTS[fault]
    with pytest.raises(ConfigError) as raised:
        loading.parse("/etc/kwapi/acme-strip.yaml", text)
    assert raised.value.message.startswith("/etc/kwapi/acme-strip.yaml")
    assert said in raised.value.message
    assert "\n" not in raised.value.message


def test_a_file_is_called_by_the_family() -> None:
    """Its name is the profile's, which stands in configurations."""
    with pytest.raises(ConfigError, match=r"^My PDU\.yaml: a profile's file is called like"):
        loading.parse("My PDU.yaml", HEAD + TABLE)


@given(st.text(alphabet="abcdefg:-[]{}&*!|>'\"\n 0123456789.,#%", max_size=80))
def test_whatever_stands_in_a_file_it_is_a_profile_or_a_fault(text: str) -> None:
    """Never another exception."""
    for document in (text, HEAD + text, HEAD + TABLE + text):
        with contextlib.suppress(ConfigError):
            assert loading.parse("acme-strip.yaml", document).tables


def test_a_wrong_name_is_told_with_near_ones() -> None:
    """So that nobody must look for a list."""
    assert [profile.name for profile in loading.named(["eaton-epdu"])] == ["eaton-epdu"]
    with pytest.raises(ConfigError, match=r"no profile 'eaton-edpu'; there are: .*eaton-epdu"):
        loading.named(["eaton-edpu"])


@pytest.mark.parametrize("profile", loading.installed(), ids=lambda profile: profile.name)
def test_an_installed_profile_says_where_it_is_known_from(profile: Profile) -> None:
    """MIBs and source; each object by its name in them."""
    assert profile.mibs
    assert all(mib == mib.strip() and " " not in mib for mib in profile.mibs)
    columns = [column for table in profile.tables for column in table.columns.values()]
    assert all(column.object for column in columns)


def test_no_two_profiles_read_one_object_differently() -> None:
    """One of them would be wrong by a factor, or in what it takes it for.

    What stands beside a value, or which rows are meant, may differ: then the
    profiles read different rows. Families that are exact are told apart by
    their sysObjectID, because they mean different things by one object.
    """
    readings: dict[object, dict[object, list[str]]] = defaultdict(lambda: defaultdict(list))
    for profile in (profile for profile in loading.installed() if not profile.exact):
        for table in profile.tables:
            for quantity, column in table.columns.items():
                if not column.where and not column.texts:
                    index = column.index or table.index
                    rows = text_of(column.oid), tuple(part if isinstance(part, int) else "*" for part in index)
                    readings[rows][_meaning(quantity, column)].append(profile.name)
    twofold = {rows: dict(meanings) for rows, meanings in readings.items() if len(meanings) > 1}
    assert twofold == {}


def _meaning(quantity: Quantity, column: Column) -> object:
    return quantity, column.scale, column.digits, column.exponent, column.multiplier
