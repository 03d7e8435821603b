# SPDX-License-Identifier: Apache-2.0
"""The API told as stories, one a noun: each file in ``gabbits`` is read from top to bottom on a site of its own."""

from __future__ import annotations

import unittest
from pathlib import Path

import pytest
import yaml
from gabbi import handlers, suitemaker

from tests.functional.site import Site

STORIES = sorted((Path(__file__).parent / "gabbits").glob("*.yaml"))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_story(story: Path, site: Site) -> None:
    """Every request of the story is answered as it says."""
    suite = suitemaker.test_suite_from_dict(
        unittest.TestLoader(),
        story.stem,
        yaml.safe_load(story.read_text()),
        str(story.parent),
        "climate.example.org",
        80,
        None,
        lambda: site.app,
        handlers=[handler() for handler in handlers.RESPONSE_HANDLERS],
    )
    result = unittest.TestResult()
    suite.run(result)
    wrong = [f"{test}: {text.strip().splitlines()[-1]}" for test, text in result.errors + result.failures]
    assert wrong == []
    assert result.testsRun > 0
    assert not result.skipped
