# SPDX-License-Identifier: Apache-2.0
"""One sandbox for all tests of the command line, and the programs of a member and of an administrator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.cli.program import PROGRAMS, Program
from tests.functional.trial import trial
from tools.metering import Metering, dummies


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that a running sandbox writes for people."""
    state = tmp_path_factory.mktemp("sandbox")
    with trial("--no-tour", "--state", str(state)) as running:
        running.wait_until_up()
        yield running.variables(state)
        assert running.end() == 0, running.output


@pytest.fixture(scope="session")
def climate(sandbox: dict[str, str]) -> Program:
    """``climate``, as a member of the sandbox's project."""
    signed_in = {"CLIMATE_ENDPOINT": sandbox["CLIMATE_ENDPOINT"], "CLIMATE_TOKEN": sandbox["TOKEN"]}
    return Program((PROGRAMS / "climate",), signed_in)


@pytest.fixture(scope="session")
def admin(climate: Program, sandbox: dict[str, str]) -> Program:
    """``climate``, as the administrator."""
    return climate.with_variables(CLIMATE_TOKEN=sandbox["ADMIN_TOKEN"])


@pytest.fixture(scope="session")
def metering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metering]:
    """Kwapi's processes with five probes: two wattmeters of two, and one that nobody believes."""
    hot = "[hot]\ndriver = dummy\nprobes = 1\ninterval_s = 0.5\nmin_watts = 300000\nmax_watts = 300000\n"
    with Metering(tmp_path_factory.mktemp("metering"), dummies(2, 2, 0.5) + hot) as made:
        made.add("api", f"[kwapi]\nstale_after_s = 3\nhistory_dir = {made.directory}/history\n")
        made.start("drivers", "api")
        made.wait_for_probes(5)
        yield made


@pytest.fixture(scope="session")
def operator(metering: Metering) -> Program:
    """``climate``, as the administrator of those probes; there is no climate-api beside them."""
    return Program(
        (PROGRAMS / "climate",),
        {"CLIMATE_ENERGY_ENDPOINT": f"{metering.url}/v1", "CLIMATE_TOKEN": metering.token},
    )
