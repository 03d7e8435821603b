# SPDX-License-Identifier: Apache-2.0
"""Requests by the thousand, made from the OpenAPI document, and what an answer to them may be.

Three kinds take turns: what the document allows, what it does not, and
requests that mean something: about leases and hosts that there are, in times
that can be. The site keeps what they do, so each meets what others left.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import BaseSchema, Case, GenerationMode, Response
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from tests.functional.malformed import corpus

ALWAYS: list[CheckFunction] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
EXAMPLES = 4  # requests of one kind to one operation before it is another's turn
SUCCESS = range(200, 300)
FILTERS = [
    [],
    [">=", "$vcpus", 16],
    ["=", "$rack", "r1"],
    ["in", "$color", "red", "blue"],
    ["and", ["homogeneous", "$rack"], ["not", ["<", "$vcpus", 4]]],
    '["homogeneous", "$cpu_info.model"]',
    ["=", "$turbo", True],
    ["=", "$id", "3"],
]


@dataclass
class Known:
    """What there is, by the name of the path's part that stands for it. Answers add to it."""

    values: dict[str, list[str]]

    def learn(self, answer: Any) -> None:
        """Remember a lease that an answer tells of."""
        if isinstance(answer, dict) and "host_properties" in answer and isinstance(answer.get("id"), str):
            self.values["lease_id"] = [*self.values["lease_id"][-20:], answer["id"]]


@dataclass
class Fuzzer:
    """Sends requests with one token; ``problems`` has each answer that may not be, once for each cause.

    ``moment`` says what time it is there, in epoch seconds, and may let time
    go by. ``secret`` may stand in no answer.
    """

    schema: BaseSchema
    token: str
    known: Known
    moment: Callable[[random.Random], int]
    secret: bytes = b""
    outcomes: Counter[tuple[str, int]] = field(default_factory=Counter)
    problems: dict[tuple[str, str], str] = field(default_factory=dict)
    _strategies: dict[tuple[str, GenerationMode], SearchStrategy[Case]] = field(default_factory=dict)

    def run(self, seconds: float, first_seed: int, rounds: int = 0) -> None:
        """Go round all operations until the time is over, and ``rounds`` times at least, in another order each time."""
        deadline = time.monotonic() + seconds
        operations = [result.ok() for result in self.schema.get_all_operations()]
        for number in itertools.count(first_seed):
            random.Random(number).shuffle(operations)
            for operation in operations:
                if number >= first_seed + rounds and time.monotonic() >= deadline:
                    return
                for ask in (self._generated, self._opposed, self._meant):
                    ask(operation, number)

    def succeeded(self) -> set[str]:
        """The operations that were answered well at least once."""
        return {label for label, status in self.outcomes if status in SUCCESS}

    def _generated(self, operation: APIOperation, number: int) -> None:
        _repeat(self._strategy(operation, GenerationMode.POSITIVE), number, self._ask)

    def _opposed(self, operation: APIOperation, number: int) -> None:
        def ask(case: Case) -> None:
            self._ask(case, [*ALWAYS, checks.negative_data_rejection])

        _repeat(self._strategy(operation, GenerationMode.NEGATIVE), number, ask)

    def _meant(self, operation: APIOperation, number: int) -> None:
        draw = random.Random(f"{number} {operation.label}")

        def ask(case: Case) -> None:
            for _ in range(EXAMPLES):  # what is made up here costs little beside what is generated
                sensible(case, draw, self.known, self.moment(draw))
                self._ask(case)

        _repeat(self._strategy(operation, GenerationMode.POSITIVE), number, ask)

    def _strategy(self, operation: APIOperation, mode: GenerationMode) -> SearchStrategy[Case]:
        if (operation.label, mode) not in self._strategies:
            self._strategies[operation.label, mode] = operation.as_strategy(generation_mode=mode)
        return self._strategies[operation.label, mode]

    def _ask(self, case: Case, wanted: list[CheckFunction] = ALWAYS) -> None:
        response = case.call(headers={"X-Auth-Token": self.token})
        self.outcomes[case.operation.label, response.status_code] += 1
        complaints = list(self._complaints(case, response, wanted))
        for complaint in complaints:
            told = f"{complaint}\n{case.as_curl_command()}\n{response.status_code} {response.text[:2000]}"
            self.problems.setdefault((case.operation.label, complaint[:100]), told)
        if not complaints and response.status_code in SUCCESS and response.content[:1] == b"{":
            self.known.learn(response.json())

    def _complaints(self, case: Case, response: Response, wanted: list[CheckFunction]) -> Iterator[str]:
        try:
            case.validate_response(response, checks=wanted)
        except FailureGroup as group:
            yield from map(str, group.exceptions)
        except Failure as failure:
            yield str(failure)
        told = response.content + repr(dict(response.headers)).encode()
        if b"Traceback" in told or b'.py"' in told:
            yield "a traceback is shown"
        if self.secret and self.secret in told:
            yield "a name is shown"


def sensible(case: Case, draw: random.Random, known: Known, now: int) -> None:
    """Put values that mean something in place of most that were generated."""
    for name in case.path_parameters or {}:
        if known.values.get(name) and draw.random() < 0.9:
            case.path_parameters[name] = draw.choice(known.values[name][-8:])
    values = _values(draw, known, now)
    asked = [parameter.name for parameter in case.operation.query]
    wanted = [name for name in asked if draw.random() < 2 / (1 + len(asked))]
    case.query = {name: values[name]() if name in values else _text(draw) for name in wanted}
    if isinstance(case.body, dict):
        names = dict.fromkeys([*case.body, *_fields(case)])
        kept = [name for name in names if draw.random() < 2 / (1 + len(names))]
        if case.operation.label == "POST /v1/leases":
            kept.append("duration")
        case.body = {
            name: values[name]() if name in values and draw.random() < 0.95 else case.body.get(name) for name in kept
        }


def _values(draw: random.Random, known: Known, now: int) -> dict[str, Callable[[], Any]]:
    """What each field or parameter may be, by its name."""

    def instant() -> Any:
        at = now + draw.choice((-60, 0, 1, 60, 3600, 7200, 86_400, 400 * 86_400))
        return draw.choice((at, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))))

    def one_of(*values: Any) -> Callable[[], Any]:
        return lambda: draw.choice(values)

    def filter_of_hosts() -> Any:
        return draw.choice(FILTERS) if draw.random() < 0.8 else draw.choice(_MALFORMED)

    def facts() -> Any:
        return {name: draw.choice((None, 1, "a", True)) for name in draw.sample(known.values["name"], 2)}

    limits = dict.fromkeys(
        ("horizon_s", "min_duration_s", "max_duration_s", "max_quantity", "max_leases", "max_proposals"),
        one_of(None, -1, 1, 100, 86_400),
    )
    return {
        **limits,
        "start_time": instant,
        "end_time": instant,
        "start": instant,
        "end": instant,
        "at": instant,
        "duration": one_of(60, 3600, 86_400, "2h30m", "PT5M", 400 * 86_400),
        "quantity": one_of(1, 1, 2, 3, 5, 1000),
        "host_properties": filter_of_hosts,
        "scheduler": one_of("earliest", "no-such", None),
        "name": lambda: draw.choice([*known.values["name"], _text(draw)]),
        "confirm": one_of(True, True, False, None),
        "disabled": one_of(False, False, True),
        "reason": one_of("repair", None),
        "properties": facts,
        "type": one_of("number", "text", "boolean"),
        "hidden": one_of(True, False),
        "rules": lambda: [{"where": filter_of_hosts(), "value": draw.choice((1, "a", True))} for _ in range(2)],
        "limit": one_of(1, 2, 100, 1000, 0),
        "marker": lambda: draw.choice([*known.values["lease_id"], *known.values["project_id"], "nothing"]),
        "state": one_of("active", "confirmed,active", "ended", "nothing"),
        "all_projects": one_of("true", "false"),
        "project_id": lambda: draw.choice(known.values["project_id"]),
        "detail": one_of("true", "false"),
        "sort": one_of("name", "type", "hosts"),
        "retired": one_of("true", "false"),
    }


_MALFORMED = [case.sent for case in corpus()]


def _fields(case: Case) -> list[str]:
    """What the document says that the body may have."""
    schema = case.operation.schema.raw_schema
    media = case.operation.definition.raw["requestBody"]["content"]["application/json"]
    name = media["schema"]["$ref"].rpartition("/")[2]
    return list(schema["components"]["schemas"][name]["properties"])


def _text(draw: random.Random) -> str:
    return "".join(draw.choices("aZ0 -_.,$/%éß\u4e2d😀", k=draw.randrange(1, 12)))


def _repeat(strategy: SearchStrategy[Case], number: int, act: Callable[[Case], None]) -> None:
    quiet = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        print_blob=False,
    )

    def once(case: Case) -> None:
        act(case)

    try:
        seed(number)(quiet(given(strategy)(once)))()
    except Unsatisfiable:
        return  # there is nothing in it that could be wrong
