# SPDX-License-Identifier: Apache-2.0
"""Runs one benchmark and prints its figures, its parameters and the machine: ``python -m benchmarks NAME``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pathlib
import pkgutil
import platform
import sys
from typing import Any, TextIO

import numpy as np

import benchmarks


def names() -> list[str]:
    """The benchmarks there are."""
    modules = pkgutil.iter_modules(benchmarks.__path__)
    return sorted(found.name for found in modules if not found.ispkg and found.name != "__main__")


def machine() -> dict[str, Any]:
    """On what the figures were taken, and how much else ran there in the minute before."""
    return {
        "machine_load": round(os.getloadavg()[0], 2),
        "machine_cpu": _cpu_model(),
        "machine_cores": len(os.sched_getaffinity(0)),
        "machine_python": platform.python_version(),
        "machine_numpy": np.__version__,
    }


def measure(argv: list[str]) -> tuple[dict[str, Any], bool]:
    """Run what ``argv`` names; all figures, and whether JSON was asked for.

    :raises SystemExit: when ``argv`` cannot be understood, or asks for help.
    """
    outer = argparse.ArgumentParser(prog="python -m benchmarks", description="Run one benchmark.")
    outer.add_argument("name", choices=names(), help="which benchmark")
    outer.add_argument("options", nargs=argparse.REMAINDER, help="its options; NAME --help lists them")
    chosen = outer.parse_args(argv)
    module = importlib.import_module(f"benchmarks.{chosen.name}")
    inner = argparse.ArgumentParser(
        prog=f"python -m benchmarks {chosen.name}",
        description=(module.__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.arguments(inner)
    inner.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    args = inner.parse_args(chosen.options)
    parameters = {key: value for key, value in vars(args).items() if key != "json"}
    before = machine()
    figures = module.run(args)
    return {"benchmark": chosen.name} | parameters | figures | before, args.json


def main(argv: list[str], out: TextIO) -> None:
    """Measure, then write the figures to ``out``: one JSON object, or a line each."""
    figures, as_json = measure(argv)
    if as_json:
        out.write(json.dumps(figures, allow_nan=False) + "\n")
    else:
        width = max(map(len, figures))
        out.writelines(f"{key:<{width}}  {value}\n" for key, value in figures.items())
    out.flush()


def _cpu_model() -> str:
    info = pathlib.Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


if __name__ == "__main__":
    # What servers or libraries print, now or at their exit, goes to stderr: stdout holds the figures alone.
    with os.fdopen(os.dup(1), "w") as stdout:
        os.dup2(2, 1)
        main(sys.argv[1:], stdout)
