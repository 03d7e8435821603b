# SPDX-License-Identifier: Apache-2.0
"""What is said of a failure, and its exit status."""

from __future__ import annotations

import inspect

import pytest
from keystoneauth1 import exceptions as keystone

from climate import errors
from climate.cli import failures
from climate.cli.failures import Exit, Refused, Spot, Unusable


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NothingFits(), 3),
        (errors.BadField("no", field="duration"), 2),
        (errors.BadProperties(), 2),
        (errors.RepeatMismatch(), 2),
        (errors.LeaseNotFound(), 4),
        (errors.NotAuthenticated(), 5),
        (errors.Forbidden(), 5),
        (errors.ServiceUnavailable(), 6),
        (errors.LimitReached(), 6),
        (errors.TooManyWithdrawn(), 6),
        (errors.WrongState(), 1),
        (errors.ClimateError(), 1),
        (Refused(errors.BadProperties(), Spot("x", 0, 1)), 2),
        (Unusable("no"), 2),
        (TimeoutError("late"), 6),
        (keystone.Unauthorized(), 5),
        (keystone.ConnectFailure(), 6),
        (keystone.EndpointNotFound(), 1),
        (keystone.ServiceUnavailable(), 6),
    ],
)
def test_a_failure_has_a_status(error: Exception, status: int) -> None:
    """A script tells by it what to do next."""
    assert isinstance(error, failures.Foreseen)
    assert failures.status_of(error) == status
    assert failures.told(error).endswith("\n")


def test_every_error_of_the_service_has_a_status_that_is_no_success() -> None:
    for thing in vars(errors).values():
        if inspect.isclass(thing) and issubclass(thing, errors.ClimateError):
            assert failures.status_of(thing()) != Exit.DONE


def test_the_field_the_option_and_the_request_are_named() -> None:
    error = errors.BadField("end_time is in the past.", field="end_time")
    error.request_id = "req-7"
    assert failures.told(error) == (
        "end_time is in the past.\n(climate.request.bad_field, field end_time, which is --end, request req-7)\n"
    )


def test_an_option_is_named_once() -> None:
    """Where the command itself refuses what it holds."""
    assert failures.told(errors.BadField("--at is not a time.", field="--at")) == "--at is not a time.\n"


def test_a_code_of_a_newer_service_is_shown() -> None:
    """The client knows no class for it."""
    assert "(climate.new.code)" in failures.told(errors.ClimateError("New.", code="climate.new.code"))


def test_carets_stand_under_the_spot() -> None:
    assert list(failures.pointed(Spot("vcpu>=16", 0, 4))) == ["  vcpu>=16", "  ^^^^"]
    assert list(failures.pointed(Spot("rack=", 5, 6))) == ["  rack=", "       ^"]
    assert list(failures.pointed(Spot("", 0, 1))) == ["  ", "  ^"]


@pytest.mark.parametrize("start", [0, 50, 500, 990])
def test_of_a_long_text_the_part_around_the_spot_is_shown(start: int) -> None:
    """The carets stand under the same characters."""
    text = "".join(f"{number:05}" for number in range(200))
    line, carets = failures.pointed(Spot(text, start, start + 10), widest=60)
    assert len(line) <= 60 + 8
    under = line[carets.index("^") : carets.rindex("^") + 1]
    assert under == text[start : start + 10]


def test_a_long_spot_is_cut_with_its_line() -> None:
    line, carets = failures.pointed(Spot("x" * 1000, 10, 900), widest=60)
    assert len(carets) <= len(line)
