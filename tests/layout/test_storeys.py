# SPDX-License-Identifier: Apache-2.0
"""Who may import whom: the contracts of import-linter hold, and cover everything that is ours."""

from __future__ import annotations

import configparser
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from grimp import ImportGraph

from tools.only_contract import OnlyContract

ROOT = Path(__file__).parents[2]
BESIDE_THE_PRODUCT = {"benchmarks", "tests", "tools"}


def packages() -> set[str]:
    """The packages in the clone that are installed."""
    found = {path.parent.name for path in ROOT.glob("[!.]*/__init__.py")}
    return found - BESIDE_THE_PRODUCT


def test_arrows_run_down() -> None:
    """lint-imports keeps all contracts of pyproject.toml."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_package_escapes_the_contracts() -> None:
    """A new package is a root of import-linter's, is checked by mypy, and is installed."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert packages() <= set(settings["importlinter"]["root_packages"])
    assert packages() <= set(settings["mypy"]["files"])
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    installed = setup["options.packages.find"]["include"].split()
    for package in packages():
        assert any(fnmatch(package, pattern) for pattern in installed), f"setup.cfg does not install {package}"


def test_every_core_is_under_the_contract_of_purity() -> None:
    """Whoever adds a core adds it there too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    pure = {
        name for contract in settings["contracts"] if contract["id"] == "pure-core" for name in contract["importers"]
    }
    cores = {f"{package}.core" for package in packages() if (ROOT / package / "core").is_dir()}
    assert cores == pure


@pytest.mark.parametrize(
    ("imported", "kept"),
    [
        ("pkg.core.other", True),
        ("pkg.errors", True),
        ("numpy.linalg", True),
        ("numpyish", False),
        ("pkg.errorsandmore", False),
        ("sqlalchemy", False),
        ("pkg", False),
    ],
)
def test_only_what_is_listed_may_be_imported(imported: str, kept: bool) -> None:
    """A listed name stands for itself and all below it, and for nothing that merely begins like it."""
    graph = ImportGraph()
    for module in ("pkg", "pkg.core", "pkg.core.one", imported):
        graph.add_module(module)
    graph.add_import(importer="pkg.core.one", imported=imported, line_number=3, line_contents=f"import {imported}")
    contract = OnlyContract(
        name="core",
        session_options={},
        contract_options={"importers": ["pkg.core"], "allowed": ["pkg.errors", "numpy"]},
    )
    assert contract.check(graph, verbose=False).kept is kept
