# SPDX-License-Identifier: Apache-2.0
"""By Nova's own records, at any instant: leased hosts are for their lease's servers, and those stand nowhere else."""

from __future__ import annotations

import pytest

from tests.openstack.bench import Bench
from tests.openstack.mix import KINDS, MOVES, Mix
from tests.openstack.records import Hold, Seen, Watch, misplaced

pytestmark = pytest.mark.slow

SEED = 20131107


@pytest.mark.timeout(1200)
def test_no_instance_ever_stands_where_it_may_not(bench: Bench) -> None:
    """50 servers, with moves, while leases begin and end."""
    mixed(bench, 50)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_no_instance_ever_stands_where_it_may_not_for_long(bench: Bench) -> None:
    """500 servers."""
    mixed(bench, 500)


def mixed(bench: Bench, servers: int) -> None:
    """Play a mix, and look all the time."""
    mix = Mix(bench, SEED)
    with Watch(bench.openstack.mariadb) as watch:
        mix.play(servers)
    seen = [*watch.seen, *(one for one in watch.built() if one.instance_id in mix.hinted)]
    assert misplaced(seen, mix.holds, mix.hinted) == []
    assert watch.looks > servers
    assert set(KINDS) | set(MOVES) <= set(mix.done), mix.done
    assert sum(mix.done[kind] for kind in KINDS) == servers
    kinds_seen = {mix.hinted[one.instance_id] in {hold.lease_id for hold in mix.holds} for one in seen}
    assert kinds_seen == {True, False}, "servers with and without a lease stood somewhere"


HOLD = Hold("l", "physics", frozenset({"a"}), 100, 200)


@pytest.mark.parametrize(
    ("named", "project", "host", "at", "fine"),
    [
        ("l", "physics", "a", 100.0, True),
        ("l", "physics", "a", 99.9, False),
        ("l", "physics", "a", 200.0, False),
        ("l", "physics", "b", 150.0, False),
        ("l", "chemistry", "a", 150.0, False),
        ("", "physics", "a", 150.0, False),
        ("", "physics", "a", 200.0, True),
        ("", "physics", "b", 150.0, True),
        ("x", "physics", "b", 150.0, False),
    ],
)
def test_what_stands_wrong_is_told(named: str, project: str, host: str, at: float, fine: bool) -> None:
    """The judge of this file, judged."""
    wrong = misplaced([Seen(at, "s", project, host)], [HOLD], {"s": named})
    assert (wrong == []) == fine
