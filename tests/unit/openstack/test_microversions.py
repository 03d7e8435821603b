# SPDX-License-Identifier: Apache-2.0
"""Which microversion of Nova is spoken."""

from __future__ import annotations

import pytest

from climate.errors import ConfigError
from climate.openstack.nova import LAST_WITH_CAPACITY, Microversion, negotiate

V = Microversion.parse


@pytest.mark.parametrize(
    ("wanted", "server", "client", "spoken"),
    [
        ("2.87", ("2.1", "2.104"), "2.96", "2.87"),
        ("2.87", ("2.1", "2.27"), "2.96", "2.27"),
        ("2.87", ("2.1", "2.1"), "2.96", "2.1"),
        ("2.87", ("2.1", "2.96"), "2.72", "2.72"),
        ("2.200", ("2.1", "2.104"), "2.96", "2.96"),
        ("2.88", ("2.1", "2.104"), "2.96", "2.88"),
        ("2.87", ("2.90", "2.104"), "2.96", "2.90"),
        ("2.9", ("2.1", "2.10"), "2.96", "2.9"),
    ],
)
def test_the_wanted_version_or_the_nearest_that_the_server_knows(
    wanted: str, server: tuple[str, str], client: str, spoken: str
) -> None:
    assert str(negotiate(V(wanted), (V(server[0]), V(server[1])), V(client))) == spoken


def test_a_server_that_is_too_new_for_the_library_is_told() -> None:
    with pytest.raises(ConfigError, match=r"2\.97 to 2\.120.*python-novaclient none above 2\.96"):
        negotiate(LAST_WITH_CAPACITY, (V("2.97"), V("2.120")), V("2.96"))


def test_versions_are_numbers_and_no_fractions() -> None:
    assert V("2.9") < V("2.10") < LAST_WITH_CAPACITY
