# SPDX-License-Identifier: Apache-2.0
"""The options of the bus, for those who speak and for those who listen, and what they mean as objects."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zmq
from oslo_config import cfg

from climate.errors import ConfigError
from kwapi.bus.answering import Answering
from kwapi.bus.archive import Ring
from kwapi.bus.forwarder import Forwarder
from kwapi.bus.keys import read_key, read_keys
from kwapi.bus.publisher import Publisher
from kwapi.bus.sockets import Curve, Sockets, Upstream
from kwapi.bus.spool import Spool
from kwapi.bus.subscriber import Subscriber
from kwapi.core.delivery import Stream
from kwapi.core.sequence import Position
from kwapi.core.wire import Conditions, Signer, Verifier

GROUP = "bus"
_MB = 1024 * 1024

SECURITY_OPTS = [
    cfg.StrOpt(
        "curve_certificate",
        help="File with this process's CURVE certificate, its secret part too (mode 600); encrypts the bus.",
    ),
    cfg.StrOpt(
        "curve_peers_dir",
        help="Folder with the public certificates of those who may connect. Left out: whoever knows our public key.",
    ),
]
SERVING_OPTS = [
    cfg.StrOpt(
        "publish_endpoint",
        default="tcp://127.0.0.1:5561",
        help="Where readings are published: a ZeroMQ endpoint to bind.",
    ),
    cfg.StrOpt(
        "asked_endpoint",
        default="tcp://127.0.0.1:5562",
        help="Where one may ask for readings that were missed: a ZeroMQ endpoint to bind.",
    ),
    cfg.IntOpt(
        "high_water",
        default=1000,
        min=1,
        max=1_000_000,
        help="How many batches may wait for one slow peer; it fetches what comes after them later.",
    ),
]
SOURCE_OPTS = [
    cfg.StrOpt(
        "source", help="How consumers call this process; a key belongs to one source. Left out: [DEFAULT] host."
    ),
    cfg.StrOpt("key_id", help="The name of the key, as consumers have it in their keys_file."),
    cfg.StrOpt("key_file", help="File with the key that signs readings, in hexadecimal digits (mode 600)."),
    cfg.StrOpt(
        "spool_dir",
        help="Folder in which readings are written down before they are sent. "
        "Left out: what is older than the ring is lost to whoever missed it.",
    ),
    cfg.IntOpt("spool_max_mb", default=1024, min=1, help="How large the spool may become, in MiB."),
    cfg.IntOpt("spool_max_age_s", default=7 * 86_400, min=60, help="How long the spool keeps a reading, in seconds."),
    cfg.IntOpt("ring_max_mb", default=32, min=1, max=65_536, help="How much is kept in memory, in MiB."),
]
LISTENING_OPTS = [
    cfg.MultiStrOpt(
        "upstream",
        default=["tcp://127.0.0.1:5561|tcp://127.0.0.1:5562"],
        help="Whom to listen to, once for each: where it publishes, a |, and where it is asked; "
        "with CURVE another | and its public key, in which each $ is written twice.",
    ),
]
CONSUMER_OPTS = [
    cfg.StrOpt(
        "keys_file",
        help="YAML file of the keys that are believed: each key_id with its source and key (mode 600). "
        "A source may have two, while one follows the other.",
    ),
    cfg.ListOpt(
        "prefixes",
        default=[""],
        help="Which probes to hear: all whose names begin so, such as lyon/r1/. Empty: all.",
    ),
]


@dataclass(frozen=True, slots=True)
class Speaking:
    """What a source needs on the bus."""

    publisher: Publisher
    answering: Answering
    spool: Spool | None


def sockets(conf: cfg.ConfigOpts, high_water: int = 1000) -> Sockets:
    """Sockets as the operator wants them.

    :raises ConfigError: a certificate cannot be used.
    """
    group = conf[GROUP]
    if not group.curve_certificate:
        return Sockets(high_water=high_water)
    peers = Path(group.curve_peers_dir) if group.curve_peers_dir else None
    return Sockets(Curve.read(Path(group.curve_certificate), peers), high_water)


def speaking(
    conf: cfg.ConfigOpts, made: Sockets, clock_ns: Callable[[], int], clock: Callable[[], float] = time.time
) -> Speaking:
    """A source's publisher, and who answers for it.

    :raises ConfigError: an option is missing, or cannot be used.
    """
    group = conf[GROUP]
    for name in ("key_id", "key_file"):
        if not group[name]:
            raise ConfigError(f"[{GROUP}] {name} is needed: readings are signed.", option=name)
    signer = Signer(group.source or conf.host, group.key_id, read_key(Path(group.key_file)), clock_ns())
    spool = None
    if group.spool_dir:
        spool = Spool(Path(group.spool_dir), group.spool_max_mb * _MB, group.spool_max_age_s, clock)
    live = made.bound(zmq.XPUB, group.publish_endpoint)
    publisher = Publisher(live, signer, Ring(group.ring_max_mb * _MB), spool, clock_ns)
    return Speaking(publisher, Answering(made.bound(zmq.ROUTER, group.asked_endpoint), publisher), spool)


def upstreams(conf: cfg.ConfigOpts) -> list[Upstream]:
    """Whom to listen to.

    :raises ConfigError: nobody, or an upstream that cannot be one.
    """
    found = [Upstream.parse(text) for text in conf[GROUP].upstream]
    if not found:
        raise ConfigError(f"[{GROUP}] upstream is needed: whom to listen to.", option="upstream")
    return found


def forwarder(conf: cfg.ConfigOpts, made: Sockets) -> Forwarder:
    """A forwarder between the upstreams and whoever connects.

    :raises ConfigError: an endpoint cannot be used.
    """
    group, above = conf[GROUP], upstreams(conf)
    return Forwarder(
        made.context,
        made.connected(zmq.XSUB, *((one.live, one.key) for one in above)),
        made.bound(zmq.XPUB, group.publish_endpoint),
        [made.connected(zmq.DEALER, (one.asked, one.key)) for one in above],
        made.bound(zmq.ROUTER, group.asked_endpoint),
    )


def subscriber(
    conf: cfg.ConfigOpts,
    made: Sockets,
    clock_ns: Callable[[], int],
    positions: dict[Stream, Position] | None,
    patience_s: float,
    on_conditions: Callable[[Conditions], None] | None = None,
) -> Subscriber:
    """A consumer's ear; ``on_conditions`` is told of devices that are not well.

    :raises ConfigError: an option is missing, or cannot be used.
    """
    group, above = conf[GROUP], upstreams(conf)
    if not group.keys_file:
        raise ConfigError(f"[{GROUP}] keys_file is needed: whom to believe.", option="keys_file")
    return Subscriber(
        made.connected(zmq.SUB, *((one.live, one.key) for one in above)),
        [made.connected(zmq.DEALER, (one.asked, one.key)) for one in above],
        Verifier(read_keys(Path(group.keys_file))),
        tuple(group.prefixes),
        clock_ns,
        positions=positions,
        patience_s=patience_s,
        on_conditions=on_conditions,
    )
