# SPDX-License-Identifier: Apache-2.0
"""Where a service's own user, that of [keystone_authtoken], finds an endpoint in Keystone's catalogue."""

from __future__ import annotations

from keystoneauth1 import exceptions, loading
from oslo_config import cfg

from climate.errors import ConfigError, ServiceUnavailable
from climate.openstack import keystone

GROUP = "keystone_authtoken"


def endpoint_of(conf: cfg.ConfigOpts, service_type: str, timeout_s: float) -> str | None:
    """Sign in, and give the public endpoint of a type of service; ``None`` where the catalogue has none.

    Where [keystone] or [keystone_authtoken] names a region, it is that region's.

    :raises ConfigError: [keystone_authtoken] does not say enough, or Keystone does not let its user in.
    :raises ServiceUnavailable: Keystone cannot be reached, or does not do its work.
    """
    own = _as_the_plugin_reads_it(conf)
    try:
        auth = loading.load_auth_from_conf_options(own, GROUP)
        if auth is None:
            raise ConfigError(f"[{GROUP}] auth_type is not set: write password.", option="auth_type")
        session = loading.load_session_from_conf_options(own, GROUP, auth=auth, timeout=timeout_s)
        session.get_token()
        found: str | None = session.get_endpoint(
            service_type=service_type,
            interface="public",
            region_name=own.keystone.region_name or own[GROUP].region_name,
        )
    except exceptions.EndpointNotFound:
        return None
    except exceptions.Unauthorized:
        raise ConfigError(f"Keystone does not let the user of [{GROUP}] in: check its name and password.") from None
    except exceptions.MissingRequiredOptions as error:
        missing = ", ".join(option.dest for option in error.options)
        raise ConfigError(f"[{GROUP}] needs {missing}.") from None
    except (exceptions.NoMatchingPlugin, exceptions.AuthPluginException):
        raise ConfigError(f"[{GROUP}] does not say how to sign in: see auth_type and what belongs to it.") from None
    except exceptions.HttpError as error:
        raise ServiceUnavailable(f"Keystone answers with the status {error.http_status}.") from None
    except exceptions.ClientException as error:
        raise ServiceUnavailable(f"Keystone cannot be reached ({type(error).__name__}).") from None
    return found


def _as_the_plugin_reads_it(conf: cfg.ConfigOpts) -> cfg.ConfigOpts:
    """The same files again: keystonemiddleware has options of these names in this group, and defines them otherwise."""
    own = cfg.ConfigOpts()
    own([], default_config_files=conf.config_file or [], default_config_dirs=conf.config_dir or [])
    loading.register_auth_conf_options(own, GROUP)
    loading.register_session_conf_options(own, GROUP)
    for group in (keystone.GROUP, GROUP):
        own.register_opt(cfg.StrOpt("region_name"), group=group)
    return own
