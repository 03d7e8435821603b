# SPDX-License-Identifier: Apache-2.0
"""What Keystone records, as its administrator sees and changes it: services, endpoints, roles, users and the like.

Keystone is asked where one signs in, not where its catalogue says that it
is: the catalogue is among what may have to be corrected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from keystoneauth1.adapter import Adapter
from keystoneauth1.plugin import AUTH_INTERFACE

from climate.errors import ConfigError, ServiceUnavailable
from climate.openstack.keystone import Cloud, refused, speaking_to

SERVICE = "Keystone"

Record = Mapping[str, Any]


class Identity:
    """One cloud's Keystone (v3). Every method raises ServiceUnavailable where it does not answer, and ConfigError
    where it does not let the user of [keystone] do what is asked."""

    def __init__(self, cloud: Cloud) -> None:
        self._adapter = Adapter(
            service_type="identity",
            interface=cast(str, AUTH_INTERFACE),  # an object that stands for where one signs in
            min_version="3",
            max_version="3.latest",
            **cloud.adapter_arguments(),
        )

    def found(self, noun: str, **query: str) -> list[Record]:
        """The records of a noun (``service``, ``role``, ...) that have these values."""
        return self._records(f"/{noun}s", f"{noun}s", query)

    def make(self, noun: str, fields: Record) -> str:
        """A new record; its id."""
        # Not sent twice: two services of one type can be, and would be. Who runs the whole again sees which are there.
        body = self._sent("POST", f"/{noun}s", noun, fields)
        try:
            return str(body[noun]["id"])
        except (KeyError, TypeError):
            raise _unintelligible() from None

    def change(self, noun: str, record_id: str, fields: Record) -> None:
        """Give a record other values."""
        self._sent("PATCH", f"/{noun}s/{record_id}", noun, fields)

    def roles_of(self, user_id: str, project_id: str) -> list[Record]:
        """The roles that a user was given in a project, not those that follow from them."""
        return self._records(f"/projects/{project_id}/users/{user_id}/roles", "roles", {})

    def grant(self, role_id: str, user_id: str, project_id: str) -> None:
        """Give a user a role in a project."""
        self._sent("PUT", f"/projects/{project_id}/users/{user_id}/roles/{role_id}", "grant", None)

    def _records(self, path: str, noun: str, query: Mapping[str, str]) -> list[Record]:
        with speaking_to(SERVICE):
            answer = self._adapter.get(path, params=query, raise_exc=False)
        try:
            records = _body(answer, noun)[noun]
            return [record for record in records if isinstance(record, dict)]
        except (KeyError, TypeError):
            raise _unintelligible() from None

    def _sent(self, method: str, path: str, noun: str, fields: Record | None) -> Any:
        with speaking_to(SERVICE):
            answer = self._adapter.request(
                path,
                method,
                json=None if fields is None else {noun: fields},
                raise_exc=False,
                connect_retries=0,
                status_code_retries=0,
            )
        return _body(answer, noun)


def _body(answer: Any, noun: str) -> Any:
    status: int = answer.status_code
    if status == 400:
        # Not in its words: they may repeat what was sent, and that may be a password.
        raise ConfigError(f"Keystone does not take the values of this {noun}; its log says why.", status=status)
    if status == 403:
        raise ConfigError("Keystone lets only administrators do this: the user of [keystone] needs the role admin.")
    if status == 409:
        raise ServiceUnavailable(
            f"Keystone has this {noun} by now: somebody made it at the same time, or it differs in case."
        )
    if status >= 400:
        raise refused(SERVICE, status)
    if status == 204:
        return None
    try:
        return answer.json()
    except ValueError:
        raise _unintelligible() from None


def _unintelligible() -> ServiceUnavailable:
    return ServiceUnavailable("Keystone's answer cannot be understood: is there something else at its address?")
