# SPDX-License-Identifier: Apache-2.0
"""Bare round trips through the same broker and database: the floor beneath what the services do with them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import oslo_messaging as messaging
import sqlalchemy as sa

from climate.chassis import rpc

_TOPIC = "climate-benchmark"
_ANSWER_WITHIN_S = 30


class _Answering:
    @rpc.exposed
    def text(self, context: dict[str, Any], *, length: int) -> str:
        return "x" * length


@contextlib.contextmanager
def calls(transport: messaging.Transport) -> Iterator[Callable[[int], str]]:
    """A function that asks a server of this process, over a quorum queue, for a text of so many bytes."""
    server = rpc.server(transport, _TOPIC, "here", _Answering())
    server.start()
    caller = rpc.Caller(transport, _TOPIC, _ANSWER_WITHIN_S)

    def ask(length: int) -> str:
        answer: str = caller.call("bare", "text", str, length=length)
        return answer

    try:
        yield ask
    finally:
        server.stop()
        server.wait()


@contextlib.contextmanager
def commits(url: str) -> Iterator[Callable[[], None]]:
    """A function that commits one small row to a table of its own."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE bare (number BIGINT)"))

    def commit() -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO bare VALUES (1)"))

    try:
        yield commit
    finally:
        engine.dispose()
