# SPDX-License-Identifier: Apache-2.0
"""The benchmark of malformed filters sends all of them, and says which took longest."""

from __future__ import annotations

import argparse

from benchmarks import filters
from tests.functional.malformed import corpus


def test_every_filter_of_the_corpus_is_timed() -> None:
    """On a site of few hosts, once."""
    found = filters.run(argparse.Namespace(hosts=10, repeats=1))
    assert found["filters"] == len(list(corpus()))
    assert 0 < found["answer_ms_median"] <= found["answer_ms_p99"] <= found["answer_ms_max"]
    assert found["slowest_filter_ms"] <= found["answer_ms_max"]
