# SPDX-License-Identifier: Apache-2.0
"""The manual says the truth: it builds without a warning, and every example prints what it says."""

from __future__ import annotations

import doctest
import itertools
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from climate.client import with_token
from tests.functional.trial import trial

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.rst", *sorted((ROOT / "docs").rglob("*.rst"))]
WITHIN_S = 180
PROBES = 14
MARK = "\x1e"  # stands between the outputs of a page's examples
_BLOCK = re.compile(r"^( *)\.\. code-block:: ([\w-]+)\n((?:\1 +:.*\n)*)\n((?:\1 +.*\n|\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block; ``follows`` is where the one before it ends if only blank lines stand in between."""

    language: str
    text: str
    at: int
    end: int


@dataclass(frozen=True)
class Example:
    """Something to run, and what it must print (doctest's ELLIPSIS holds)."""

    source: str
    output: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[2], textwrap.dedent(found[4]).strip("\n") + "\n", found.start(), found.end())
        for found in _BLOCK.finditer(text)
    ]


def commands(page: Path, language: str) -> list[Example]:
    """The commands of all blocks of that language."""
    found: list[Example] = []
    for block in blocks(page):
        if block.language == language:
            found += _commands(block.text)
    return found


def shell_examples(page: Path) -> list[Example]:
    """What runs against the sandbox; ``shell-session`` is what needs more than that."""
    return commands(page, "console")


def _commands(text: str) -> Iterator[Example]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        source = [lines.pop(0)]
        while lines and lines[0].startswith("> "):
            source.append(lines.pop(0).removeprefix("> "))
        yield Example("\n".join(source), "".join(f"{line}\n" for line in lines))


def python_examples(page: Path) -> list[Example]:
    """All ``python`` blocks; a ``text`` block right behind one is what it prints."""
    found = blocks(page)
    examples = []
    for block, follower in itertools.zip_longest(found, found[1:]):
        if block.language == "python":
            shown = follower is not None and follower.language == "text" and follower.at == block.end
            examples.append(Example(block.text, follower.text if shown and follower else ""))
    return examples


def compare(examples: list[Example], printed: str) -> None:
    # The API's JSON ends without a line's end; a person sees none missing.
    outputs = [part if not part or part.endswith("\n") else f"{part}\n" for part in printed.split(f"{MARK}\n")]
    assert len(outputs) == len(examples) + 1, printed
    checker = doctest.OutputChecker()
    wrong = [
        f"$ {example.source}\n{checker.output_difference(doctest.Example('', example.output), got, doctest.ELLIPSIS)}"
        for example, got in zip(examples, outputs, strict=False)
        if not checker.check_output(example.output, got, doctest.ELLIPSIS)
    ]
    assert not wrong, "\n".join(wrong)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which the examples run, with a sandbox behind it."""
    state = tmp_path_factory.mktemp("sandbox")
    with trial("--no-tour", "--state", str(state)) as sandbox:
        sandbox.wait_until_up()
        said = sandbox.variables(state)
        _wait_for_probes(said)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        yield {**os.environ, **said, "PATH": path, "LC_ALL": "C.UTF-8"}
        assert sandbox.end() == 0, sandbox.output


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (make deps)")
@pytest.mark.parametrize("page", [page for page in PAGES if shell_examples(page)], ids=named)
def test_shell_examples_print_what_the_manual_says(page: Path, variables: dict[str, str], tmp_path: Path) -> None:
    """All of a page in one shell, from top to bottom."""
    examples = shell_examples(page)
    script = tmp_path / "examples.sh"
    script.write_text("".join(f"{example.source}\nprintf '{MARK}\\n'\n" for example in examples), encoding="utf-8")
    compare(examples, _printed(["bash", str(script)], variables, tmp_path))


@pytest.mark.parametrize("page", [page for page in PAGES if python_examples(page)], ids=named)
def test_python_examples_print_what_the_manual_says(page: Path, variables: dict[str, str], tmp_path: Path) -> None:
    """All of a page in one interpreter, from top to bottom."""
    examples = python_examples(page)
    script = tmp_path / "examples.py"
    script.write_text("".join(f"{example.source}\nprint({MARK!r})\n" for example in examples), encoding="utf-8")
    compare(examples, _printed([sys.executable, str(script)], variables, tmp_path))


def test_the_manual_builds_without_a_warning(tmp_path: Path) -> None:
    """Links lead somewhere, options exist, what is generated can be read."""
    pytest.importorskip("sphinx", reason="the extra 'docs' is not installed")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-W",
            "--keep-going",
            "-q",
            "-d",
            str(tmp_path / "trees"),
            "docs",
            str(tmp_path / "html"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "index.html").exists()


def _wait_for_probes(said: dict[str, str]) -> None:
    """Until every wattmeter of the sandbox was heard and counts; that takes two of its readings."""
    operator = with_token(said["CLIMATE_URL"], said["ADMIN_TOKEN"], energy_endpoint=said["ENERGY_URL"])
    give_up_at = time.monotonic() + WITHIN_S
    while not (
        (known := operator.probes.list()) and len(known) == PROBES and all(one["kwh"] for one in known.values())
    ):
        assert time.monotonic() < give_up_at, known
        time.sleep(0.2)


def _printed(command: list[str], variables: dict[str, str], where: Path) -> str:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=variables,
        cwd=where,
        timeout=WITHIN_S,
        check=False,
    ).stdout
