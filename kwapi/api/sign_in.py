# SPDX-License-Identifier: Apache-2.0
"""A token for a name and a password, for people with nothing but a browser: Keystone is asked, and nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import session as keystone
from keystoneauth1.exceptions import ClientException, Unauthorized
from keystoneauth1.identity import v3
from oslo_config import cfg

from climate.chassis.web.resource import Answer, Call, Resource
from climate.errors import BadField, NotAuthenticated, RouteNotFound, ServiceUnavailable

PATH = "/sign-in"
_FIELDS = {"user": "", "user_domain": "Default", "password": "", "project": "", "project_domain": "Default"}
_LONGEST = 4096
_PATIENCE_S = 20


class SignIn(Resource):
    """``/sign-in``, as the token check of the service is set up in ``group`` and ``[keystone_authtoken]``."""

    def __init__(self, conf: cfg.ConfigOpts, group: str) -> None:
        super().__init__()
        self._conf = conf
        self._asks_keystone = conf[group].auth_strategy == "keystone"

    def get(self, call: Call) -> Answer:
        """Whether a password is any use here."""
        call.query()
        return Answer({"password": self._asks_keystone})

    def post(self, call: Call) -> Answer:
        """A token of Keystone's, and when it ends.

        :raises BadField: a field is missing, too long, or not known.
        :raises NotAuthenticated: Keystone does not know them so.
        :raises RouteNotFound: there are no passwords here.
        :raises ServiceUnavailable: Keystone does not answer.
        """
        if not self._asks_keystone:
            raise RouteNotFound("There are no passwords here; bring a token.")
        fields = _read(call.body)
        known = self._conf.keystone_authtoken
        auth = v3.Password(
            known.www_authenticate_uri or known.auth_url,
            username=fields["user"],
            password=fields["password"],
            user_domain_name=fields["user_domain"],
            project_name=fields["project"],
            project_domain_name=fields["project_domain"],
            reauthenticate=False,
        )
        try:
            access = auth.get_access(
                keystone.Session(verify=not known.insecure and (known.cafile or True), timeout=_PATIENCE_S)
            )
        except Unauthorized:
            raise NotAuthenticated("Keystone does not know this user, password and project.") from None
        except ClientException:
            raise ServiceUnavailable("Keystone does not answer; try again.") from None
        expires = access.expires
        return Answer({"token": access.auth_token, "expires_at": None if expires is None else expires.timestamp()})


def _read(body: Mapping[str, Any]) -> dict[str, str]:
    unknown = sorted(set(body) - set(_FIELDS) - {"token"})
    if unknown:
        raise BadField(f"There is no field {unknown[0][:80]!r}.", field=unknown[0][:80])
    fields = {}
    for name, usual in _FIELDS.items():
        value = body.get(name) or usual
        if not isinstance(value, str) or not value or len(value) > _LONGEST:
            raise BadField(f"{name} is needed, as a text.", field=name)
        fields[name] = value
    return fields
