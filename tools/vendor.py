# SPDX-License-Identifier: Apache-2.0
"""Puts others' scripts that the pages use in their places: ``python -m tools.vendor``.

Each comes from the npm registry with ``npm pack`` in the version that stands
here, and is taken only if its SHA-512 is the one that stands here too. For a
newer one change both, run the command, and write what it prints into
``FILES``.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE, VERSION = "uplot", "1.6.32"
INTEGRITY = "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
"""The SHA-512 of the package, in base64 as npm writes it."""

FOLDER = ROOT / "climate" / "console" / "vendor" / "uplot"
FILES = {
    "LICENSE": ("LICENSE", "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd"),
    "dist/uPlot.esm.js": ("uPlot.esm.js", "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba"),
    "dist/uPlot.min.css": ("uPlot.min.css", "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"),
}
"""What is taken of the package: its name here, and its SHA-256."""


class VendorFailed(RuntimeError):
    """The package could not be had, or is another one than was wanted."""


def fetch(folder: Path) -> Path:
    """The package, below ``folder``.

    :raises VendorFailed: npm does not bring it, or it is another.
    """
    wanted = f"{PACKAGE}@{VERSION}"
    done = subprocess.run(
        ["npm", "pack", "--ignore-scripts", wanted], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise VendorFailed(f"npm does not bring {wanted}:\n{done.stderr}")
    [package] = folder.glob("*.tgz")
    found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        raise VendorFailed(f"{wanted} has the SHA-512 {found}, not {INTEGRITY}.")
    return package


def unpack(package: Path, folder: Path) -> dict[str, str]:
    """Put the files and the version into ``folder``; the SHA-256 of each."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    with tarfile.open(package) as archive:
        for name, (here, _) in FILES.items():
            member = archive.extractfile(f"package/{name}")
            if member is None:
                raise VendorFailed(f"{PACKAGE} has no file {name}.")
            content = member.read()
            (folder / here).write_bytes(content)
            found[here] = hashlib.sha256(content).hexdigest()
    (folder / "VERSION").write_text(f"{VERSION}\n")
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = unpack(fetch(Path(folder)), FOLDER)
    for name, digest in found.items():
        print(f"{digest}  {name}")
    changed = found != dict(FILES.values())
    if changed:
        print("These are not the files that tools/vendor.py tells of.", file=sys.stderr)
    return int(changed)


if __name__ == "__main__":
    sys.exit(main())
