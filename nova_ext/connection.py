# SPDX-License-Identifier: Apache-2.0
"""The one HTTP edge: how to ask Climate, signed in as Nova's service user.

keystoneauth finds the endpoint and brings the token; it signs in again where
a token is refused. Nothing here asks twice: that is the poller's affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keystoneauth1 import exceptions, loading
from keystoneauth1.adapter import Adapter
from oslo_config import cfg

from nova_ext.options import GROUP
from nova_ext.snapshot import NotUnderstood, Snapshot, parse

_VERSION = "/v1"
_AT_ONCE = 500


class Away(Exception):
    """Climate or Keystone did not do what was asked; the text says why, for the operator."""


class Connection:
    """Asks one Climate."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> Connection:
        """What [climate] describes; asks nobody yet.

        :raises Away: an option is missing or cannot be used.
        """
        group = conf[GROUP]
        try:
            auth = loading.load_auth_from_conf_options(conf, GROUP)
            session = loading.load_session_from_conf_options(conf, GROUP, auth=auth)
        except exceptions.AuthPluginException as error:
            raise Away(f"[{GROUP}] does not say enough to sign in: {error.message}") from None
        if auth is None:
            raise Away(f"[{GROUP}] auth_type is not set")
        return cls(
            Adapter(
                session=session,
                service_type=group.service_type,
                service_name=group.service_name,
                interface=list(group.valid_interfaces),
                region_name=group.region_name,
                endpoint_override=group.endpoint_override,
            )
        )

    def availability(self, known: Snapshot | None) -> Snapshot:
        """Every host's lease now and next; ``known`` itself where nothing changed since.

        :raises Away: no answer that can be used.
        :raises NotUnderstood: the answer is something else.
        """
        headers = {} if known is None or not known.tag else {"If-None-Match": known.tag}
        answer = self._ask("GET", "/hosts/availability", headers=headers)
        if answer.status_code == 304 and known is not None:
            return known
        if answer.status_code in (401, 403):
            raise Away(f"it answers with the status {answer.status_code}: the user of [{GROUP}] needs the role service")
        if answer.status_code != 200:
            raise Away(f"it answers with the status {answer.status_code}")
        return parse(answer.headers.get("ETag", ""), answer.content)

    def ranking(self, names: Sequence[str]) -> Mapping[str, float]:
        """The efficiency in flop/J of those of these hosts whose efficiency is known; none where nobody ranks hosts.

        :raises Away: no answer that can be used.
        :raises NotUnderstood: the answer is something else.
        """
        found: dict[str, float] = {}
        for first in range(0, len(names), _AT_ONCE):
            some = names[first : first + _AT_ONCE]
            answer = self._ask("POST", "/ranking", json={"hosts": list(some)})
            if answer.status_code == 404:
                return {}
            if answer.status_code != 200:
                raise Away(f"it answers with the status {answer.status_code}")
            found |= _efficiencies(some, answer)
        return found

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            root = (self._adapter.get_endpoint() or "").rstrip("/").removesuffix(_VERSION)
            if not root:
                raise Away("Keystone's catalogue has no endpoint of it")
            # log=False: at DEBUG keystoneauth would write each whole answer into Nova's log.
            return self._adapter.request(f"{root}{_VERSION}{path}", method, log=False, raise_exc=False, **arguments)
        except exceptions.Unauthorized:
            raise Away("Keystone refuses the user of [climate]") from None
        except (exceptions.ClientException, exceptions.RetriableConnectionFailure) as error:
            raise Away(f"{type(error).__name__}: {error}") from None


def _efficiencies(names: Sequence[str], answer: Any) -> dict[str, float]:
    try:
        rows = answer.json()["hosts"]
        ranked = {
            name: float(row["flops_per_watt"])
            for name, row in zip(names, rows, strict=True)
            if row is not None and row["flops_per_watt"] is not None
        }
    except (ValueError, TypeError, KeyError) as error:
        raise NotUnderstood(f"no ranking ({type(error).__name__})") from None
    return {name: efficiency for name, efficiency in ranked.items() if 0 <= efficiency < float("inf")}
