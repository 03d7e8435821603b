# SPDX-License-Identifier: Apache-2.0
"""How the manual is built: ``sphinx-build -W docs docs/_build``."""

from __future__ import annotations

import importlib.metadata
import logging
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "_ext"))

project = "Climate"
author = "the Climate developers"
copyright = author
release = version = importlib.metadata.version("climate")

extensions = [
    "cliff.sphinxext",
    "oslo_config.sphinxext",
    "reno.sphinxext",
    "discovery_reference",
    "errors_reference",
    "exits_reference",
    "lifecycle_picture",
    "limits_reference",
    "microarchitectures_reference",
    "manage_reference",
    "policies_reference",
    "properties_reference",
    "rest_reference",
    "snmp_profiles_reference",
]
smartquotes_action = "qe"  # no dashes: help texts name options
autoprogram_cliff_app_dist_name = "climate"
# Said once on the page, instead of under each command.
autoprogram_cliff_ignored = [
    *("--help", "--format", "--column", "--noindent", "--prefix", "--quote", "--max-width", "--fit-width"),
    *("--print-empty", "--sort-column", "--sort-ascending", "--sort-descending", "--variable"),
]
exclude_patterns = ["_build", "_ext"]
html_theme = "furo"
html_title = f"Climate {release}"
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # Pygments does not know quotes that span lines of a console

logging.getLogger("reno").setLevel(logging.WARNING)  # it tells every note that it reads
