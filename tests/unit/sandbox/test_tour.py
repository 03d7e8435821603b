# SPDX-License-Identifier: Apache-2.0
"""How a tour ends: at its end, or at the first step that fails, with a line that says why."""

from __future__ import annotations

import io

import pytest

from climate import errors
from climate.sandbox import tour
from climate.sandbox.screen import Screen, StepFailed
from climate.sandbox.stage import Person, Stage
from climate.sandbox.tour import Step


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def stage(out: io.StringIO) -> Stage:
    people = (Person(name, "http://127.0.0.1:1", "http://127.0.0.1:2", "a-token") for name in ("tenant", "operator"))
    return Stage(Screen(out), *people, lambda: 0.0)


def test_all_steps_are_played_in_order(stage: Stage, out: io.StringIO) -> None:
    """Each under its number and heading."""
    played: list[str] = []
    steps = (Step("First", lambda _: played.append("a")), Step("Second", lambda _: played.append("b")))
    assert tour.play(stage, steps)
    assert played == ["a", "b"]
    assert out.getvalue().index("1. First") < out.getvalue().index("2. Second")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StepFailed("this should be true and is not: x"), "this should be true and is not: x"),
        (TimeoutError("lease x is still proposed after 3 s"), "still proposed"),
        (errors.NothingFits(), "climate.lease.nothing_fits"),
    ],
)
def test_a_failing_step_ends_the_tour_and_says_why(error: Exception, said: str, stage: Stage, out: io.StringIO) -> None:
    """What comes after it is not played."""

    def fail(_: Stage) -> None:
        raise error

    def unwanted(_: Stage) -> None:
        raise AssertionError("played")

    assert not tour.play(stage, (Step("Bad", fail), Step("Next", unwanted)))
    assert "✗ Bad: " in out.getvalue()
    assert said in out.getvalue()


def test_a_check_that_holds_is_ticked_and_another_fails(out: io.StringIO) -> None:
    """The sentence is what should be true."""
    screen = Screen(out)
    screen.check(True, "one is one")
    assert out.getvalue() == "  ✓ one is one\n"
    with pytest.raises(StepFailed, match="one is two"):
        screen.check(False, "one is two")


def test_a_body_is_shown_as_json_a_field_a_line(out: io.StringIO) -> None:
    """It can be copied into a request."""
    Screen(out).sent("tenant", "POST", "/v1/leases", {"quantity": 2, "name": "é"})
    assert out.getvalue() == '  tenant -> POST /v1/leases\n      {"quantity": 2,\n       "name": "é"}\n'


def test_a_command_is_shown_as_one_would_type_it(stage: Stage, out: io.StringIO) -> None:
    """With what it prints; one that fails fails the step."""
    said = stage.command(stage.member, "lease", "create", "--help")
    assert "--homogeneous" in said
    assert out.getvalue().startswith("  tenant $ climate lease create --help\n      usage: climate lease create")
    with pytest.raises(StepFailed, match="status 6"):
        stage.command(stage.member, "lease", "list")
    assert "Nothing answers at http://127.0.0.1:1" in out.getvalue()


def test_host_names_are_found_wherever_they_stand(stage: Stage) -> None:
    """By name or by id."""
    stage.hosts = {"id-1": "cedar-1"}
    assert stage.names_no_host('{"state": "proposed"}')
    assert not stage.names_no_host('{"alike": "cedar-1"}')
    assert not stage.names_no_host("id-1")
