# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent, the answer is one that the OpenAPI document tells of: no 5xx, no traceback, no name for members."""

from __future__ import annotations

import json
import random
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from climate.api import openapi
from tests.functional.fuzzing import Fuzzer, Known
from tests.functional.malformed import hosts
from tests.functional.site import WHO, Site
from tests.functional.trial import trial

PROGRAM = Path(sys.executable).with_name("schemathesis")
# not use_after_free: a lease that was deleted is cancelled, and can still be read
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
]
BUILD = Path(__file__).parents[2] / "build"
HOSTS = 8
SECONDS = {"short": 7.5, "long": 75.0}  # of each of four tests
LENGTHS = ["short", pytest.param("long", marks=pytest.mark.soak)]
pytestmark = pytest.mark.slow


def known(lease_ids: list[str]) -> Known:
    """What there is at the beginning."""
    return Known(
        {
            "lease_id": lease_ids,
            "host_id": [f"node-{number}" for number in range(1, HOSTS + 1)],
            "name": ["vcpus", "rack", "color", "turbo", "cpu_info.model", "added", "id"],
            "project_id": [project for project, _, _ in WHO.values()],
        }
    )


def first_seed(length: str) -> int:
    """The same in a short run, so that it fails for everybody or nobody; any other in a long one."""
    return 1 if length == "short" else secrets.randbelow(10**9)


def judge(fuzzer: Fuzzer, number: int, name: str) -> None:
    """Fail with every problem that was found; what was asked is kept for whoever wants to see it."""
    answers: dict[str, dict[str, int]] = {}
    for (operation, status), count in sorted(fuzzer.outcomes.items()):
        answers.setdefault(operation, {})[str(status)] = count
    told = {"first_seed": number, "requests": sum(fuzzer.outcomes.values()), "answers": answers}
    BUILD.mkdir(exist_ok=True)
    (BUILD / f"fuzz-{name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    assert not fuzzer.problems, "\n\n".join(fuzzer.problems.values())


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("who", ["admin", "member"])
def test_the_application_answers_as_documented(tmp_path: Path, who: str, length: str) -> None:
    """In this process, where time goes by as the test wants: leases begin, end and expire in between."""
    site = Site(tmp_path, hosts(HOSTS))

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        return site.app(environ | {"REMOTE_ADDR": "127.0.0.1"}, start_response)

    def moment(draw: random.Random) -> int:
        site.pass_time(draw.choices((1, 60, 4000), (98, 1, 1))[0])
        if draw.random() < 0.1:  # or soon there would be none that can still be changed
            body = {"duration": 3600, "start_time": site.now + draw.randrange(5_000_000)}
            answer = site.ask("POST", "/v1/leases", body, who=who)
            fuzzer.known.learn(answer.json if answer.status_int == 201 else None)
        return site.now

    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", application)
    lease_ids = [site.lease(who=who, name=f"lease {number}")["id"] for number in range(3)]
    secret = b"node-" if who == "member" else b""
    fuzzer = Fuzzer(schema, who, known(lease_ids), moment, secret)
    if secret:
        fuzzer.known.values["host_id"] = ["some-host"]
    number = first_seed(length)
    fuzzer.run(SECONDS[length], number, rounds=1)
    judge(fuzzer, number, f"application-{who}-{length}")
    if who == "admin" and length == "long":
        operations = {result.ok().label for result in schema.get_all_operations()}
        assert fuzzer.succeeded() == operations


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(("token", "phases"), [("ADMIN_TOKEN", "examples,coverage"), ("TOKEN", "fuzzing,stateful")])
def test_running_services_answer_as_documented(tmp_path: Path, token: str, phases: str, length: str) -> None:
    """Over HTTP, with a database: the sandbox's, and schemathesis as it comes. All its phases in a long run."""
    number = first_seed(length)
    with trial("--no-tour", "--state", str(tmp_path)) as sandbox:
        sandbox.wait_until_up()
        said = sandbox.variables(tmp_path)
        command = [
            *(PROGRAM, "run", f"{said['CLIMATE_URL']}/v1/openapi.json"),
            *("--header", f"X-Auth-Token: {said[token]}"),
            *("--checks", ",".join(CHECKS)),
            *("--phases", phases if length == "short" else "examples,coverage,fuzzing,stateful"),
            *("--max-time", str(round(SECONDS[length]))),
            *("--seed", str(number)),
            *("--suppress-health-check", "all"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in sandbox.output + (tmp_path / "sandbox.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("spoilt", "problem"),
    [
        ({"status": "500 Internal Server Error"}, "Server error"),
        ({"status": "418 I'm a teapot"}, "Undocumented status code"),
        ({"headers": [("Content-Type", "text/html")]}, "Undocumented Content-Type"),
        ({"body": b'{"schedulers": [{"name": 5}]}'}, "Response violates schema"),
        ({"body": b'{"schedulers": [], "more": 1}'}, "Response violates schema"),
        ({"body": b'{"schedulers": []} Traceback'}, "a traceback is shown"),
        ({"body": b'{"schedulers": [{"name": "node-1"}]}'}, "a name is shown"),
    ],
)
def test_an_answer_that_may_not_be_is_found(spoilt: dict[str, Any], problem: str) -> None:
    """Fuzzing that finds nothing says something only if it would have."""
    good = {"status": "200 OK", "headers": [("Content-Type", "application/json")], "body": b'{"schedulers": []}'}
    answer = good | spoilt

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(answer["status"], answer["headers"])
        return [answer["body"]]

    schema = schemathesis.openapi.from_dict(openapi.document("1")).include(path="/v1/schedulers")
    schema.app = application
    fuzzer = Fuzzer(schema, "token", known([]), lambda draw: 0, b"node-")
    fuzzer.run(0, 1, rounds=1)
    assert any(problem in told for told in fuzzer.problems.values()), fuzzer.problems
