# SPDX-License-Identifier: Apache-2.0
"""The group [climate] of nova.conf."""

from __future__ import annotations

from pathlib import Path

from oslo_config import cfg

from nova_ext import options
from nova_ext.options import FailClosed, Settings


def configuration(directory: Path, text: str = "") -> cfg.ConfigOpts:
    """Nova's configuration with this in its file, as far as is needed."""
    file = directory / "nova.conf"
    file.write_text(text)
    conf = cfg.ConfigOpts()
    conf.register_opt(cfg.StrOpt("state_path", default="/var/lib/nova"))
    options.register(conf)
    conf([], project="nova", default_config_files=[str(file)])
    return conf


def test_the_values_are_those_of_the_file(tmp_path: Path) -> None:
    text = "[climate]\nfail_closed = all\nmargin_s = 300\nhint_names = lease,mine\nsnapshot_file =\n"
    found = options.settings(configuration(tmp_path, text))
    assert found == Settings(fail_closed=FailClosed.ALL, margin_s=300, hint_names=("lease", "mine"))


def test_the_defaults_are_told_once(tmp_path: Path) -> None:
    """Those of the options are those of the values, but for the file, which lies beside Nova's own."""
    found = options.settings(configuration(tmp_path))
    assert found == Settings(snapshot_file="/var/lib/nova/climate-availability.json")


def test_registering_again_changes_nothing(tmp_path: Path) -> None:
    conf = configuration(tmp_path, "[climate]\nauth_type = password\n")
    options.register(conf)
    assert (conf.climate.auth_type, conf.climate.timeout) == ("password", 10)


def test_a_request_is_never_held_up_for_a_second(tmp_path: Path) -> None:
    """Whatever is configured."""
    waiting = next(option for option in options.OPTS if option.name == "wait_s")
    assert waiting.type.max < 1


def test_what_is_listed_is_what_is_registered() -> None:
    """With what keystoneauth brings in when it signs in by password."""
    conf = cfg.ConfigOpts()
    options.register(conf)
    ((group, listed),) = options.list_opts()
    names = {option.dest for option in listed}
    assert group == options.GROUP
    assert set(conf[group]) <= names
    assert {"auth_url", "username", "password", "project_name"} <= names
