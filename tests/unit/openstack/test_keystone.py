# SPDX-License-Identifier: Apache-2.0
"""How the operator says who asks OpenStack, and what is said of mistakes. Nothing here asks anybody."""

from __future__ import annotations

from typing import Any

import pytest
from keystoneauth1 import exceptions, loading
from oslo_config import cfg

from climate.errors import ConfigError, ServiceUnavailable
from climate.openstack import keystone
from climate.openstack.keystone import GROUP, Cloud, refused, speaking_to

PASSWORD = {"auth_url": "http://keystone.example/v3", "username": "climate", "password": "s3cret"}


def configured(**settings: Any) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    conf.register_opts(keystone.OPTS, group=GROUP)
    for name, value in settings.items():
        conf.set_override(name, value, group=GROUP)
    return conf


def test_the_options_become_a_session() -> None:
    cloud = Cloud.from_conf(
        configured(
            **PASSWORD, timeout=3, cafile="/ca.pem", valid_interfaces=["admin"], region_name="r", connect_retries=4
        )
    )
    assert (cloud.session.timeout, cloud.session.verify) == (3, "/ca.pem")
    assert (cloud.interfaces, cloud.region_name) == (("admin",), "r")
    assert cloud.adapter_arguments()["connect_retries"] == 4
    assert Cloud.from_conf(configured(**PASSWORD, insecure=True)).session.verify is False


@pytest.mark.parametrize(
    ("auth_type", "more"),
    [
        ("password", {"username": "climate", "password": "s3cret"}),
        ("v3password", {"user_domain_id": "default", "project_domain_name": "Default", "project_name": "service"}),
        ("v3applicationcredential", {"application_credential_id": "id", "application_credential_secret": "s"}),
        ("v3token", {"token": "t"}),
    ],
)
def test_any_plugin_of_keystoneauth_can_sign_in(auth_type: str, more: dict[str, str]) -> None:
    """What a plugin needs beyond our options, it finds in the same group."""
    ours = {name: value for name, value in more.items() if name != "token"}
    conf = configured(auth_url="http://keystone.example/v3", auth_type=auth_type, **ours)
    if "token" in more:
        conf.register_opts(loading.get_auth_plugin_conf_options(auth_type)[-1:], group=GROUP)
        conf.set_override("token", "t", group=GROUP)
    assert Cloud.from_conf(conf).session.auth is not None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "auth_url is not set"),
        ({**PASSWORD, "auth_type": "passwort"}, "auth_type names passwort"),
        ({"auth_type": "v3applicationcredential", "auth_url": "http://k"}, "application credential ID"),
        (
            {"auth_type": "v3applicationcredential", "auth_url": "http://k", "application_credential_id": "i"},
            "auth secret",
        ),
    ],
)
def test_what_is_missing_is_named(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        Cloud.from_conf(configured(**settings))
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("interface", ["publicURL", "privat"])
def test_an_interface_is_one_of_three(interface: str) -> None:
    with pytest.raises(ValueError, match="public, internal, admin"):
        configured(valid_interfaces=[interface])


def test_secrets_are_secret_and_have_no_default() -> None:
    secret = {opt.dest for opt in keystone.OPTS if opt.secret}
    assert secret == {"password", "application_credential_secret"}
    assert not any(opt.default for opt in keystone.OPTS if opt.secret)


@pytest.mark.parametrize(
    ("raised", "error", "words"),
    [
        (exceptions.Unauthorized("pw"), ConfigError, "Nova does not know the user"),
        (exceptions.Forbidden("pw"), ConfigError, "Nova forbids"),
        (exceptions.ServiceUnavailable("pw"), ServiceUnavailable, "status 503"),
        (exceptions.ConnectTimeout("pw"), ServiceUnavailable, "Nova cannot be reached"),
        (exceptions.DiscoveryFailure("pw"), ServiceUnavailable, "Nova cannot be reached"),
        (exceptions.SSLError("pw"), ServiceUnavailable, "certificate of Nova"),
        (exceptions.EndpointNotFound("pw"), ConfigError, "no endpoint of Nova"),
        (exceptions.EmptyCatalog("pw"), ConfigError, "no endpoint of Nova"),
        (exceptions.MissingAuthPlugin("pw"), ConfigError, "sign in"),
    ],
)
def test_what_goes_wrong_is_told_in_our_words(raised: Exception, error: type[Exception], words: str) -> None:
    """Not in those of the library, which quote what the server said."""
    with pytest.raises(error, match=words) as caught, speaking_to("Nova"):
        raise raised
    assert "pw" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_other_statuses_are_told_as_numbers() -> None:
    assert refused("Placement", 418).message == "Placement answers with the status 418."
