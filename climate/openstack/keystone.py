# SPDX-License-Identifier: Apache-2.0
"""Signing in to an OpenStack cloud, and what it means when one of its services does not do what is asked.

The options have the names that they have in every OpenStack service
(``timeout`` without its unit, too), so that a block can be copied from one
configuration to another. Any plugin of keystoneauth can be chosen; what it
needs beyond these options it finds in the same group.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keystoneauth1 import exceptions, loading
from keystoneauth1.session import Session
from oslo_config import cfg, types

from climate.errors import ClimateError, ConfigError, ServiceUnavailable

GROUP = "keystone"
OPTS = [
    cfg.StrOpt("auth_type", default="password", help="How to sign in: a plugin of keystoneauth, such as password."),
    cfg.StrOpt("auth_url", help="Keystone's address, such as https://keystone.example.org:5000/v3."),
    cfg.StrOpt("username", help="The user as which Climate asks other services."),
    cfg.StrOpt("user_id", help="The user's id, instead of its name and domain."),
    cfg.StrOpt("user_domain_name", help="The domain of the user, by its name."),
    cfg.StrOpt("user_domain_id", help="The domain of the user, by its id."),
    cfg.StrOpt("password", secret=True, help="The user's password."),
    cfg.StrOpt("project_name", help="The project for which the user signs in, such as service."),
    cfg.StrOpt("project_id", help="The project's id, instead of its name and domain."),
    cfg.StrOpt("project_domain_name", help="The domain of the project, by its name."),
    cfg.StrOpt("project_domain_id", help="The domain of the project, by its id."),
    cfg.StrOpt("system_scope", help="Sign in for the whole system (all), instead of for a project."),
    cfg.StrOpt("application_credential_id", help="For auth_type v3applicationcredential: the credential's id."),
    cfg.StrOpt("application_credential_name", help="For auth_type v3applicationcredential: its name and its user's."),
    cfg.StrOpt("application_credential_secret", secret=True, help="For auth_type v3applicationcredential: its secret."),
    cfg.StrOpt("region_name", help="The region whose services are asked; may be left out where there is one."),
    cfg.ListOpt(
        "valid_interfaces",
        item_type=types.String(choices=["public", "internal", "admin"]),
        default=["internal", "public"],
        help="Which of a service's endpoints in the catalogue are used, the preferred first.",
    ),
    cfg.StrOpt("cafile", help="PEM file with the authorities whose certificates are believed; the system's, if unset."),
    cfg.StrOpt("certfile", help="PEM file with a certificate to show to the services."),
    cfg.StrOpt("keyfile", help="PEM file with the key of that certificate, if it is not in certfile."),
    cfg.BoolOpt("insecure", default=False, help="Believe any certificate. For trials only."),
    cfg.FloatOpt(
        "timeout",
        default=30.0,
        min=0.1,
        max=3600.0,
        help="How long a service may be silent before it is given up, in seconds.",
    ),
    cfg.IntOpt(
        "connect_retries",
        default=1,
        min=0,
        max=10,
        help="How often a request is sent again when the service cannot be reached or is silent.",
    ),
    cfg.IntOpt(
        "status_code_retries",
        default=2,
        min=0,
        max=10,
        help="How often a request is sent again, after pauses that grow, when the service answers 503.",
    ),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options of the group [keystone]."""
    return [(GROUP, OPTS)]


@dataclass(frozen=True, slots=True)
class Cloud:
    """An OpenStack cloud as one user sees it. Nothing is asked before it is needed."""

    session: Session
    region_name: str | None = None
    interfaces: tuple[str, ...] = ("internal", "public")
    connect_retries: int = 1
    status_code_retries: int = 2

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> Cloud:
        """The cloud that [keystone] describes.

        :raises ConfigError: an option is missing or cannot be used.
        """
        conf.register_opts(OPTS, group=GROUP)
        group = conf[GROUP]
        session: Session = loading.session.Session().load_from_options(
            auth=_plugin(conf),
            insecure=group.insecure,
            cacert=group.cafile,
            cert=group.certfile,
            key=group.keyfile,
            timeout=group.timeout,
            app_name="climate",
        )
        return cls(
            session,
            group.region_name,
            tuple(group.valid_interfaces),
            group.connect_retries,
            group.status_code_retries,
        )

    def sign_in(self) -> None:
        """Have a valid token; asks Keystone only where there is none yet.

        :raises ConfigError: Keystone does not let the user in.
        :raises ServiceUnavailable: Keystone cannot be reached.
        """
        with speaking_to("Keystone"):
            self.session.get_token()

    def adapter_arguments(self) -> dict[str, Any]:
        """How to reach any service, as arguments of keystoneauth's Adapter; the caller adds the interfaces."""
        return {
            "session": self.session,
            "region_name": self.region_name,
            "connect_retries": self.connect_retries,
            "status_code_retries": self.status_code_retries,
        }


def _plugin(conf: cfg.ConfigOpts) -> Any:
    """The plugin that signs in, with its options; those that are not ours are registered here."""
    group = conf[GROUP]
    if not group.auth_url:
        raise ConfigError("[keystone] auth_url is not set: where is Keystone?", option="auth_url")
    try:
        loader: Any = loading.get_plugin_loader(group.auth_type)
    except exceptions.NoMatchingPlugin:
        raise ConfigError(
            f"[keystone] auth_type names {group.auth_type}, which is no plugin of keystoneauth: try password.",
            option="auth_type",
        ) from None
    ours = {opt.dest for opt in OPTS}
    further = [opt for opt in loading.get_auth_plugin_conf_options(group.auth_type) if opt.dest not in ours]
    conf.register_opts(further, group=GROUP)
    try:
        return loader.load_from_options_getter(lambda option: group[option.dest])
    except exceptions.AuthPluginException as error:
        raise ConfigError(
            f"[keystone] does not say enough for auth_type {group.auth_type}: {error.message}", option="auth_type"
        ) from None


@contextlib.contextmanager
def speaking_to(service: str) -> Iterator[None]:
    """Inside, what keystoneauth raises becomes an error of ours that names the service, and what to look at.

    :raises ConfigError: the configuration, or the user's rights, do not allow it.
    :raises ServiceUnavailable: the service is away or does not do its work.
    """
    try:
        yield
    except exceptions.HttpError as error:
        raise refused(service, error.http_status) from None
    except exceptions.EndpointNotFound:
        raise ConfigError(
            f"Keystone's catalogue has no endpoint of {service} for what [keystone] says in region_name and "
            "valid_interfaces."
        ) from None
    except exceptions.SSLError:
        raise ServiceUnavailable(f"The certificate of {service} is not believed: see cafile in [keystone].") from None
    except exceptions.AuthPluginException:
        raise ConfigError("[keystone] does not say enough to sign in.") from None
    except (exceptions.ClientException, exceptions.RetriableConnectionFailure):
        raise ServiceUnavailable(f"{service} cannot be reached.") from None


def refused(service: str, status: int) -> ClimateError:
    """What it means that a service answered with an HTTP status of 400 or above."""
    if status == 401:
        return ConfigError(f"{service} does not know the user of [keystone]: check its name, password and project.")
    if status == 403:
        return ConfigError(f"{service} forbids the user of [keystone] what Climate needs: give it another role.")
    return ServiceUnavailable(f"{service} answers with the status {status}.")
