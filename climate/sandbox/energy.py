# SPDX-License-Identifier: Apache-2.0
"""Kwapi in the sandbox: wattmeters without a device behind them, the bus, and the API that tells of them."""

from __future__ import annotations

import importlib.metadata
import secrets
from collections.abc import Callable
from pathlib import Path

import yaml
from oslo_config import cfg

from climate.chassis import conf as configuration
from climate.chassis.process import Process
from climate.errors import ConfigError
from climate.sandbox.folder import Folder, ini, write_private
from kwapi.cmd import api, drivers

PREFERRED_PORT = 5000
WATTMETERS = Path(__file__).with_name("data") / "wattmeters.conf"
# Who speaks before who listens, so that nothing has to be fetched.
_BUILDERS: tuple[tuple[str, configuration.Options, Callable[[cfg.ConfigOpts], Process]], ...] = (
    (drivers.PROGRAM, drivers.list_opts, drivers.build),
    (api.PROGRAM, api.list_opts, api.build),
)
_SOURCE = "sandbox"
_KEY_ID = "sandbox-1"
_LONGEST_ADDRESS = 107
"""Bytes in the name of a socket's file, by Linux's unix(7)."""


def write(folder: Folder, port: int) -> None:
    """The configuration of both processes, and the key that readings are signed with unless there is one already.

    :raises ConfigError: the folder's name is too long for sockets.
    """
    live, asked = folder.path / "live", folder.path / "asked"
    if len(bytes(asked)) > _LONGEST_ADDRESS:
        raise ConfigError(f"{folder.path} is too long a name for a folder with sockets: choose a shorter one.")
    key, keys = folder.path / "kwapi.key", folder.path / "kwapi-keys.yaml"
    if not key.exists():  # what lies in the spool was signed with it
        write_private(key, secrets.token_hex(32) + "\n")
    write_private(keys, yaml.safe_dump({_KEY_ID: {"source": _SOURCE, "key": key.read_text().strip()}}))
    source = {
        "publish_endpoint": f"ipc://{live}",
        "asked_endpoint": f"ipc://{asked}",
        "source": _SOURCE,
        "key_id": _KEY_ID,
        "key_file": key,
        "spool_dir": folder.path / "spool",
        "spool_max_mb": 64,
    }
    write_private(_conf(folder, drivers.PROGRAM), ini({"DEFAULT": {"wattmeters": WATTMETERS}, "bus": source}))
    energy = {
        "host": "127.0.0.1",
        "port": port,
        "auth_strategy": "static",
        "static_tokens_file": folder.tokens,
        "checkpoint": folder.path / "kwapi.checkpoint",
        "history_dir": folder.path / "kwapi.history",
    }
    heard = {"upstream": f"ipc://{live}|ipc://{asked}", "keys_file": keys}
    write_private(_conf(folder, api.PROGRAM), ini({"kwapi": energy, "bus": heard}))


def processes(folder: Folder) -> list[Process]:
    """kwapi-drivers and kwapi-api, each with a configuration of its own; they log where the sandbox does.

    :raises ConfigError: the configuration cannot be used.
    """
    version = importlib.metadata.version("climate")
    built = []
    for program, options, build in _BUILDERS:
        conf = cfg.ConfigOpts()
        configuration.register(conf, (options,))
        conf(["--config-file", str(_conf(folder, program))], project="climate", prog=program, version=version)
        built.append(build(conf))
    return built


def _conf(folder: Folder, program: str) -> Path:
    return folder.path / f"{program}.conf"
