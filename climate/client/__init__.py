# SPDX-License-Identifier: Apache-2.0
"""The Python client of climate-api and kwapi-api: one noun a file, plain dicts out, errors of ``climate.errors``.

Answers are the JSON objects that the REST API gives, as dicts: a script that
prints one, stores one or sends one on needs nothing else. Their shapes are
written down as ``TypedDict`` beside each noun, for editors and type checkers.
Instants are text in ISO 8601 (``2026-11-21T14:00:00Z``), as in the REST API.
"""

from climate.client.entry import Client, with_token

__all__ = ["Client", "with_token"]
