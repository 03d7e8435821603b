# SPDX-License-Identifier: Apache-2.0
"""Files that tell of many models at once."""

from __future__ import annotations

import pytest

from climate.devices.snmp import loading
from climate.devices.snmp.oid import oid_of
from climate.devices.snmp.series import members
from climate.errors import ConfigError

SERIES = """
vendor: Acme
kind: pdu
description: Strip <MODEL>
mibs: [ACME-<MODEL>-MIB]
source: a test
series: {x9: 7, x10: 8}
object_ids: [1.3.6.1.4.1.99999.<number>]
tables:
  - scope: outlet
    index: [number]
    columns:
      watts: {oid: 1.3.6.1.4.1.99999.<number>.1, object: <model>Watts}
"""


def test_each_model_has_a_profile_of_its_own() -> None:
    first, second = (loading.parse(*member) for member in members("acme.yaml", SERIES))
    assert (first.name, second.name) == ("acme-x10", "acme-x9")
    assert (first.mibs, first.description) == (("ACME-X10-MIB",), "Strip X10")
    (column,) = second.tables[0].columns.values()
    assert (column.oid, column.object) == (oid_of("1.3.6.1.4.1.99999.7.1"), "x9Watts")


@pytest.mark.parametrize("text", ["vendor: Acme", "vendor: [", "- a"])
def test_a_file_without_a_series_is_itself(text: str) -> None:
    assert members("acme-strip.yaml", text) == [("acme-strip.yaml", text)]


@pytest.mark.parametrize("series", ["{}", "[x9]", "{X9: 7}", "{x9: seven}", "{x9: -1}", "{9: 7}"])
def test_a_series_that_is_none_is_told(series: str) -> None:
    with pytest.raises(ConfigError, match=r"acme.yaml: series: here must be models"):
        members("acme.yaml", f"series: {series}")
