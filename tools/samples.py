# SPDX-License-Identifier: Apache-2.0
"""Makes the samples in etc/ from the code: ``python -m tools.samples [DIRECTORY]``.

Each file of ``etc/config-generator`` and ``etc/policy-generator`` says what
goes into one sample and where that lies in the clone. With a directory the
samples are written there instead, for a comparison.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from oslo_config import cfg

ROOT = Path(__file__).parents[1]
GENERATORS = {"config-generator": "oslo-config-generator", "policy-generator": "oslopolicy-sample-generator"}


class SampleFailed(RuntimeError):
    """A generator did not write its sample."""


def recipes() -> dict[Path, Path]:
    """Each generator's file, and the sample that it describes, both in the clone."""
    files = [file for directory in GENERATORS for file in sorted((ROOT / "etc" / directory).glob("*.conf"))]
    return {file: ROOT / _read(file).output_file for file in files}


def namespaces(recipe: Path) -> set[str]:
    """The entry points whose options or rules a sample has."""
    return set(_read(recipe).namespace)


def write(recipe: Path, sample: Path) -> None:
    """Make one sample.

    :raises SampleFailed: with what the generator said.
    """
    program = Path(sys.executable).with_name(GENERATORS[recipe.parent.name])
    sample.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [program, f"--config-file={recipe}", f"--output-file={sample}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise SampleFailed(f"{program.name} failed for {recipe.relative_to(ROOT)}:\n{done.stderr}")


def _read(recipe: Path) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    conf.register_opts([cfg.StrOpt("output_file", required=True), cfg.MultiStrOpt("namespace", required=True)])
    conf([], default_config_files=[str(recipe)], default_config_dirs=[])
    return conf


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    for recipe, sample in recipes().items():
        target = directory / sample.name if directory else sample
        write(recipe, target)
        print(target)


if __name__ == "__main__":
    main()
