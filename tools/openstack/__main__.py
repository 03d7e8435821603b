# SPDX-License-Identifier: Apache-2.0
"""``python -m tools.openstack up|down``: a cloud that stays until it is told to go.

``up`` starts a process that holds the cloud, and waits for it. Whatever ends
that process ends the cloud: ``down`` asks it to, by the pid that it left.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import psutil

from tools.openstack import openrc
from tools.openstack.cloud import ROOT, Cloud
from tools.servers.guard import wait_gone
from tools.servers.process import ServerFailed

STATE = ROOT / ".deps" / "cloud"
HOLDER, PROGRESS, READY = STATE / "holder", STATE / "progress", STATE / "ready"
DOWN_WITHIN_S = 120


def hold() -> None:
    """Have a cloud until SIGTERM."""
    begun = time.monotonic()

    def progress(step: str) -> None:
        print(f"[{time.monotonic() - begun:4.0f} s] {step}", flush=True)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with Cloud(progress=progress) as cloud:
            openrc.write(STATE, cloud.site.keystone_url)
            print(openrc.welcome(STATE, cloud.addresses(), cloud.directory / "logs"), flush=True)
            READY.touch()
            while True:
                signal.pause()
    except ServerFailed as failure:
        sys.exit(str(failure))


def up() -> int:
    """Start what holds the cloud, and show what it says until the cloud is there; the exit status."""
    if not (available := Cloud.available()):
        print(f"No OpenStack here: {available.reason}", file=sys.stderr)
        return 1
    if holder() is not None:
        print(PROGRESS.read_text(), end="")
        return 0
    STATE.mkdir(parents=True, exist_ok=True)
    READY.unlink(missing_ok=True)
    with PROGRESS.open("w") as output:
        process = psutil.Popen(
            [sys.executable, "-m", "tools.openstack", "hold"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            start_new_session=True,
        )
    HOLDER.write_text(json.dumps({"pid": process.pid, "created": process.create_time()}))
    try:
        with PROGRESS.open() as said:
            while process.poll() is None and not READY.exists():
                print(said.read(), end="", flush=True)
                time.sleep(0.2)
            print(said.read(), end="", flush=True)
    except KeyboardInterrupt:
        down()
        raise
    return process.poll() or 0


def down() -> int:
    """End the cloud; the exit status."""
    process = holder()
    if process is None:
        print("no cloud is up")
        return 0
    process.terminate()
    if not wait_gone([process], DOWN_WITHIN_S):
        process.kill()  # its guard ends the cloud
        wait_gone([process], DOWN_WITHIN_S)
    HOLDER.unlink()
    print("the cloud is down")
    return 0


def holder() -> psutil.Process | None:
    """The process that holds the cloud, if it runs: that pid, and not another process that got the number since."""
    try:
        known = json.loads(HOLDER.read_text())
        process = psutil.Process(known["pid"])
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return process if process.create_time() == known["created"] and process.is_running() else None


if __name__ == "__main__":
    sys.exit({"up": up, "down": down, "hold": hold}[sys.argv[1]]())
