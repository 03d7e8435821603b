# SPDX-License-Identifier: Apache-2.0
"""climate-sandbox: start the whole suite on this machine, show it, and stay until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from climate.errors import ClimateError
from climate.sandbox import energy, tour
from climate.sandbox import folder as folders
from climate.sandbox.folder import Folder
from climate.sandbox.screen import Screen
from climate.sandbox.site import PREFERRED_PORT, Site, free_port
from climate.sandbox.stage import Person, Stage

_INTERRUPTED = 130


def main() -> int:
    """Run the sandbox; the exit status."""
    arguments = _arguments()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    screen = Screen()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with _state_folder(arguments.state) as folder:
            return _run(arguments, folder, screen)
    except (ClimateError, OSError) as error:
        said = error.message if isinstance(error, ClimateError) else error
        sys.stderr.write(f"climate-sandbox: {said}\n")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED if arguments.once else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="climate-sandbox",
        description="The whole suite on this machine, for trials: loopback only, tokens in a file. "
        "Plays one lease from its request to its end, then stays until Ctrl-C.",
    )
    parser.add_argument("--once", action="store_true", help="end after the tour: with status 0, or 1 if a step failed")
    parser.add_argument("--no-tour", action="store_true", help="only run")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="keep everything in DIR, instead of a folder that goes"
    )
    parser.add_argument(
        "--port", type=int, help=f"where the API listens (default: {PREFERRED_PORT} if it is free, else any)"
    )
    return parser.parse_args()


@contextlib.contextmanager
def _state_folder(wanted: Path | None) -> Iterator[Folder]:
    if wanted is not None:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield Folder(wanted.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="climate-sandbox-") as path:
        yield Folder(Path(path))


def _run(arguments: argparse.Namespace, folder: Folder, screen: Screen) -> int:
    port = arguments.port if arguments.port is not None else free_port(PREFERRED_PORT)
    energy_port = free_port(energy.PREFERRED_PORT if port != energy.PREFERRED_PORT else 0)
    url, energy_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{energy_port}"
    tokens = folders.make_tokens(folder)
    folders.write_environment(folder, url, energy_url, tokens)
    folders.write_conf(folder, port)
    energy.write(folder, energy_port)
    _introduce(screen, folder)
    site = Site(folder)
    try:
        site.start()
        played = True
        if not arguments.no_tour:
            member, admin = (
                Person(name, url, energy_url, token)
                for name, token in (("tenant", tokens.member), ("operator", tokens.admin))
            )
            played = tour.play(Stage(screen, member, admin, time.time))
        if not played:
            _show_log(screen, folder)
            return 1
        if not arguments.once:
            _stay(screen, folder, url, energy_url)
        return 0
    finally:
        screen.line("\nThe sandbox ends.")
        site.stop()


def _introduce(screen: Screen, folder: Folder) -> None:
    screen.line("*** This is a sandbox: for trials on this machine, not for a site. ***")
    screen.line("It answers on the loopback address only, and its tokens lie in a file.")
    screen.line(f"State: {folder.path}\nLog:   {folder.log}")


def _stay(screen: Screen, folder: Folder, url: str, energy_url: str) -> None:
    """Say what one may try, and wait to be interrupted."""
    screen.line(
        f"\nThe suite runs at {url}\n"
        f"  energy          {energy_url}\n"
        f"  tokens          {folder.tokens}\n"
        f"  configuration   {folder.conf}\n"
        f"  log             {folder.log}\n"
        "Try it from another terminal:\n"
        f"  . {folder.environment}; PATH={Path(sys.executable).parent}:$PATH\n"
        "  climate property list --detail\n"
        "  climate lease create --quantity 2 --duration 10m --property 'vcpus>=64' --wait\n"
        "  climate calendar --span 1h --watch\n"
        "  climate --token=$ADMIN_TOKEN calendar --by host --span 1h\n"
        "  climate --token=$ADMIN_TOKEN probe watch\n"
        '  curl -s -H "X-Auth-Token: $TOKEN" $CLIMATE_URL/v1/leases\n'
        '  curl -s -H "X-Auth-Token: $ADMIN_TOKEN" $ENERGY_URL/v1/probes/\n'
        "Ctrl-C ends it."
    )
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def _show_log(screen: Screen, folder: Folder) -> None:
    """The end of the log: its folder may be gone in a moment."""
    lines = folder.log.read_text(encoding="utf-8", errors="replace").splitlines() if folder.log.exists() else []
    screen.line("\nThe last lines of the log:")
    for line in lines[-20:]:
        screen.line(f"  {line}")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
