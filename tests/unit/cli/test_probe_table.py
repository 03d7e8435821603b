# SPDX-License-Identifier: Apache-2.0
"""The live table of probes: what is first, what stands out, what is in the sum."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from climate.cli.gantt import Style, columns
from climate.cli.probe_table import plain, table
from climate.cli.watched import Watched
from climate.client.probes import Probe

T0 = 1_900_000_000.0
ESCAPES = re.compile(r"\x1b\[[0-9]+m")


def probe(watts: float | None, at: float = T0, *flags: str, stale: bool = False, **other: object) -> Probe:
    """What kwapi-api tells of a probe in a list."""
    told = {"timestamp": at, "w": watts, "kwh": 0.5, "coverage": 100.0, "stale": stale}
    return {**told, **({"flags": list(flags)} if flags else {}), **other}  # type: ignore[typeddict-item, return-value]


def watched(*looks: dict[str, Probe], interval_s: float = 1.0, order: str = "watts") -> Watched:
    made = Watched(interval_s, order)
    for look in looks:
        made.take(look)
    return made


def drawn(
    seen: Watched, width: int = 100, height: int = 30, style: Style | None = None, now: float = T0 + 3
) -> list[str]:
    """The table, without colours unless a style has them."""
    return table(seen, now=now, width=width, height=height, style=style or Style(signs=True))


def test_the_greediest_is_first_and_the_sum_last() -> None:
    """Or they stand by their names."""
    look = {"a": probe(10.0), "b": probe(300.0), "c": probe(200.0)}
    head, *rows, total = drawn(watched(look))
    assert head.split() == ["probe", "watts", "last", "42s", "kWh", "coverage", "age", "marks"]
    assert [row.split()[0] for row in rows] == ["b", "c", "a"]
    assert rows[0].split() == ["b", "300.0", "▁", "0.5000", "100.0", "3s"]
    assert total.split() == ["sum", "of", "3", "510.0", "▁", "1.5000"]
    assert [row.split()[0] for row in drawn(watched(look, order="name"))[1:-1]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("told", "mark", "colour"),
    [
        (probe(300.0, stale=True), "silent", "33"),
        (probe(300.0, T0, "stale"), "stale", "33"),
        (probe(300.0, T0, "implausible", "stale"), "implausible, stale", "31"),
    ],
)
def test_what_is_not_well_stands_out(told: Probe, mark: str, colour: str) -> None:
    """By a sign, a word and a colour; the last line counts it."""
    seen = watched({"well": probe(10.0), "ill": told})
    row = drawn(seen)[1]
    assert row.startswith("! ill ")
    assert row.endswith(f"  {mark}")
    assert drawn(seen)[-1].endswith(f"(1 {mark.split(',', maxsplit=1)[0]})")
    assert drawn(seen, style=Style(True, True))[1] == f"\x1b[{colour}m{row}\x1b[0m"


def test_what_is_special_but_well_is_only_told() -> None:
    """An estimate is a number of now."""
    row = drawn(watched({"a": probe(10.0, T0, "estimated")}))[1]
    assert row.startswith("  a ")
    assert row.endswith("estimated")


def test_a_probe_that_leaves_the_list_stays_in_the_table_without_a_share_in_the_sum() -> None:
    """So does one that is silent; who comes back counts again."""
    both = {"a": probe(10.0), "b": probe(300.0)}
    gone = watched(both, {"a": probe(10.0, T0 + 1)})
    assert [row.split()[-1] for row in drawn(gone)[1:-1]] == ["gone", "2s"]
    assert drawn(gone)[-1].split()[3] == "10.0"
    assert drawn(watched({**both, "b": probe(300.0, stale=True)}))[-1].split()[3] == "10.0"
    gone.take({"a": probe(10.0, T0 + 2), "b": probe(200.0, T0 + 2)})
    assert drawn(gone)[-1].split()[3] == "210.0"


def test_the_sparkline_grows_to_the_right_and_has_gaps() -> None:
    """A column is a second; the same reading seen twice is one; old ones leave."""
    seen = watched(
        *({"a": probe(watts, T0 + second)} for second, watts in enumerate([100.0, 100.0, 200.0, 200.0, 200.0]))
    )
    seen.take({"a": probe(150.0, T0 + 4)})
    assert re.search(r"▁▁███ ", drawn(seen)[1])
    seen.take({"a": probe(200.0, T0 + 30)})
    assert re.search(r"▁▁█{13} {15}█ ", drawn(seen)[1])
    seen.take({"a": probe(200.0, T0 + 300)})
    assert len(seen.rows()[0].history) == len(seen.sums) == 1


def test_without_signs_the_table_is_ascii() -> None:
    name = "lyon/a-very-long-rack/and-a-long-device/outlet-17"
    lines = drawn(watched({name: probe(1.0), "b": probe(2.0)}), width=60, style=Style(signs=False))
    assert all(line.isascii() for line in lines)
    assert "  ~ng-device/outlet-17 " in "\n".join(lines)


def test_of_a_long_name_the_end_is_shown() -> None:
    """That is what tells it from its neighbours."""
    row = drawn(watched({"lyon/rack-12/device-with-a-long-name/outlet-7": probe(1.0)}), width=80)[1]
    assert row.startswith("  …with-a-long-name/outlet-7 ")


def test_what_does_not_fit_is_counted_with_its_watts() -> None:
    """And so is what stands out there."""
    seen = watched({f"p{number:02}": probe(float(number), stale=number == 1) for number in range(20)})
    lines = drawn(seen, height=10)
    assert len(lines) == 10
    assert lines[-2] == "  ... and 13 more: 77.0 W (1 silent)"
    assert lines[-1].split()[:4] == ["sum", "of", "20", "189.0"]


def test_a_table_of_nothing_has_a_sum() -> None:
    assert [line.split()[0] for line in drawn(watched({}))] == ["probe", "sum"]


def test_coverage_is_whole_only_if_nothing_is_missing() -> None:
    assert " 99.9 " in drawn(watched({"a": probe(1.0, T0, coverage=99.99)}))[1]


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=50),
        st.tuples(st.none() | st.floats(0, 1e7), st.booleans(), st.sampled_from([(), ("implausible",), ("partial",)])),
        max_size=12,
    ),
    st.integers(1, 220),
    st.integers(1, 40),
    st.booleans(),
)
def test_the_table_stays_within_its_window(
    told: dict[str, tuple[float | None, bool, tuple[str, ...]]], width: int, height: int, signs: bool
) -> None:
    """Whatever is in it; and colours change nothing but colours."""
    look = {name: probe(watts, T0, *flags, stale=stale) for name, (watts, stale, flags) in told.items()}
    seen = watched(look)
    lines = drawn(seen, width, height, Style(signs))
    assert len(lines) <= height
    assert all(columns(line) <= width for line in lines)
    painted = drawn(seen, width, height, Style(signs, colour=True))
    assert [ESCAPES.sub("", line) for line in painted] == lines


def test_plain_lines_say_each_probe_at_its_time() -> None:
    """Nothing is drawn, nothing left out."""
    look = {"a": probe(10.0), "b": probe(None, T0, "implausible", stale=True, kwh=None, coverage=None)}
    assert plain(watched(look), "10:00:00") == [
        "10:00:00 a 10.0 W 0.5000 kWh 100.0 %",
        "10:00:00 b - W - kWh - % silent,implausible",
        "10:00:00 sum of 2 10.0 W 0.5000 kWh (1 implausible)",
    ]
