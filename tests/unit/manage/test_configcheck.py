# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a configuration is found, and what was right under a former name still is."""

from __future__ import annotations

from pathlib import Path

import pytest
from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.errors import ConfigError
from climate.manage import configcheck
from climate.planning import limits

DATABASE = "[database]\nconnection = sqlite:///climate.db\n"


def loaded(directory: Path, text: str) -> cfg.ConfigOpts:
    """A configuration with the options of all parts, and ``text`` in its file."""
    file = directory / "climate.conf"
    file.write_text(DATABASE + text)
    conf = cfg.ConfigOpts()
    configuration.register(conf, configcheck.all_options())
    conf([], project="climate", default_config_files=[str(file)], default_config_dirs=[])
    return conf


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("[limits]\nmax_leases = 5\n", None),
        ("[planning]\nhorizon_s = 86400\n", None),  # where it stood before there was [limits]
        ("[limits]\nmax_lease = 5\n", "did you mean max_leases?"),
        ("[planning]\nmax_leases = 5\n", "[planning] max_leases is no option of ours"),
        ("[limits]\nmax_quantity = many\n", "[limits] max_quantity"),
        ("[limits]\nmax_quantity = -2\n", "[limits] max_quantity"),
        ("[limits]\nhorizon_s = -1\n", "[limits] horizon_s"),
    ],
)
def test_findings_name_group_and_option(tmp_path: Path, text: str, found: str | None) -> None:
    """One line each, none for what is good."""
    findings = configcheck.findings(loaded(tmp_path, text))
    assert len(findings) == (found is not None)
    assert found is None or found in findings[0]


def test_limits_are_read_as_they_are_written(tmp_path: Path) -> None:
    """Also the horizon where it stood before."""
    conf = loaded(tmp_path, "[planning]\nhorizon_s = 86400\n[limits]\nmax_leases = -1\n")
    site = limits.of_site(conf)
    assert (site.horizon_s, site.max_leases) == (86_400, -1)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("max_quantity = 0", "max_quantity"),  # in the range of integers that may be -1, and yet no value
        ("max_withdrawn = 0", "max_withdrawn"),
        ("min_duration_s = 100\nmax_duration_s = 99", "min_duration_s"),
    ],
)
def test_limits_that_cannot_be_stop_planning_from_starting(tmp_path: Path, text: str, option: str) -> None:
    """In one line that names the option."""
    with pytest.raises(ConfigError, match=rf"\[limits\].*{option}") as caught:
        limits.of_site(loaded(tmp_path, f"[limits]\n{text}\n"))
    assert caught.value.details["option"] == option


def test_examples_of_sections_are_no_options_of_the_site() -> None:
    """The sample shows a section for each kind of wattmeter, with values that such a section must have."""
    assert not any(group.startswith("example-") for part in configcheck.all_options() for group, _ in part())
