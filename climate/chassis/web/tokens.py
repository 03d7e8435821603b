# SPDX-License-Identifier: Apache-2.0
"""No token, no answer: the token check in front of an application.

``keystone`` asks Keystone (keystonemiddleware). ``static`` knows a few tokens
from a file and nothing else; it is for a trial on one machine, and answers
nobody who comes from anywhere else.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from keystoneauth1.exceptions import ClientException
from keystonemiddleware import auth_token
from keystonemiddleware import opts as auth_token_opts
from oslo_config import cfg

from climate.chassis.web import context, peers
from climate.errors import ConfigError, Forbidden, NotAuthenticated, ServiceUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

OPTS = [
    cfg.StrOpt(
        "auth_strategy",
        default="keystone",
        choices=[
            ("keystone", "ask Keystone; see [keystone_authtoken]"),
            ("static", "tokens from static_tokens_file; only on a loopback address, for trials"),
        ],
        help="How the token in X-Auth-Token is checked.",
    ),
    cfg.StrOpt(
        "static_tokens_file",
        help="YAML file of the strategy static: each token with its project_id, user_id and roles. "
        "Nobody but its owner may read it (mode 600).",
    ),
]
_FIELDS = {"project_id", "user_id", "roles"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a static token stands for."""

    project_id: str
    user_id: str
    roles: tuple[str, ...]


def protected(
    app: WSGIApplication,
    conf: cfg.ConfigOpts,
    group: str,
    bind_host: str,
    open_paths: Collection[str],
    service_type: str = "",
) -> WSGIApplication:
    """``app`` behind the token check that ``group`` chooses; ``open_paths`` (no slash at the end) need no token.

    ``bind_host`` is where the server listens, ``""`` if another program does.
    ``service_type`` is what Keystone's catalogue calls the service.

    :raises ConfigError: static tokens off loopback, or a file of them that cannot be used.
    """
    options = conf[group]
    if options.auth_strategy == "keystone":
        _set_defaults(conf, service_type)
        return OpenPaths(app, KeystoneTokens(auth_token.AuthProtocol(app, {"oslo_config_config": conf})), open_paths)
    if bind_host and not peers.is_loopback(bind_host):
        raise ConfigError(
            f"[{group}] auth_strategy = static is for loopback addresses only, not for {bind_host}: "
            "set host = 127.0.0.1, or auth_strategy = keystone.",
            option="auth_strategy",
        )
    if not options.static_tokens_file:
        raise ConfigError(
            f"[{group}] static_tokens_file is needed with auth_strategy = static.", option="static_tokens_file"
        )
    return OpenPaths(app, StaticTokens(app, read_tokens(Path(options.static_tokens_file))), open_paths)


def _set_defaults(conf: cfg.ConfigOpts, service_type: str) -> None:
    """What nobody should have to write into [keystone_authtoken]; what is written there counts."""
    for group, options in auth_token_opts.list_auth_token_opts():
        conf.register_opts(options, group=group)
        # Without it a credential that is restricted to some requests of ours would be good for none.
        conf.set_default("service_type", service_type or None, group=group)
        # Older releases take anybody's token for that of a service, for which such restrictions do not hold.
        conf.set_default("service_token_roles_required", True, group=group)


class OpenPaths:
    """Sends requests for ``paths`` past the token check, without any identity."""

    def __init__(self, app: WSGIApplication, checked: WSGIApplication, paths: Collection[str]) -> None:
        self._app = app
        self._checked = checked
        self._paths = frozenset(paths)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with the application, or with the check in front of it."""
        context.forget_identity(environ)
        is_open = environ.get("PATH_INFO", "").rstrip("/") in self._paths
        return (self._app if is_open else self._checked)(environ, start_response)


class KeystoneTokens:
    """The token check of the strategy ``keystone``: keystonemiddleware, in whose trouble a caller has no part."""

    def __init__(self, middleware: WSGIApplication) -> None:
        self._middleware = middleware

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request with a valid token on.

        :raises NotAuthenticated: no token, and Keystone cannot even tell where to get one.
        :raises ServiceUnavailable: the token cannot be checked, because our own access to Keystone fails.
        """
        try:
            return self._middleware(environ, start_response)
        except ClientException as error:
            LOG.error("Keystone cannot be asked; see [keystone_authtoken]: %s", error)
            if not environ.get("HTTP_X_AUTH_TOKEN"):
                raise NotAuthenticated() from None
            raise ServiceUnavailable("Tokens cannot be checked at the moment.", service="keystone") from None


class StaticTokens:
    """The token check of the strategy ``static``."""

    def __init__(self, app: WSGIApplication, tokens: Mapping[str, Identity]) -> None:
        self._app = app
        # Digests, so that how long a look-up takes says nothing about a token's first letters.
        self._identities = {_digest(token): identity for token, identity in tokens.items()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request with a known token on.

        :raises Forbidden: it comes from another machine, or through a proxy.
        :raises NotAuthenticated: no known token.
        """
        if not (peers.is_direct(environ) and peers.is_loopback(environ.get("REMOTE_ADDR", ""))):
            raise Forbidden("This trial service answers requests from its own machine only.")
        identity = self._identities.get(_digest(environ.get("HTTP_X_AUTH_TOKEN", "")))
        if identity is None:
            raise NotAuthenticated()
        context.confirm(environ, user_id=identity.user_id, project_id=identity.project_id, roles=identity.roles)
        return self._app(environ, start_response)


def read_tokens(path: Path) -> dict[str, Identity]:
    """The tokens in a file: ``{token: {project_id: ..., user_id: ..., roles: [...]}}`` in YAML.

    :raises ConfigError: others may read the file, or an entry is not complete.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) or mode & 0o077:
                raise ConfigError(f"{path} holds tokens: nobody but its owner may read it (chmod 600).")
            content = yaml.safe_load(file)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(f"{path} is not YAML.") from None
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"{path} must name at least one token with its project_id, user_id and roles.")
    return {_token(path, token): _identity(path, entry) for token, entry in content.items()}


def _token(path: Path, token: object) -> str:
    if not isinstance(token, str) or not token:
        raise ConfigError(f"{path}: a token must be text; put it in quotes.")
    return token


def _identity(path: Path, entry: Any) -> Identity:
    if not isinstance(entry, dict) or set(entry) != _FIELDS:
        raise ConfigError(f"{path}: each token needs project_id, user_id and roles, and nothing else.")
    roles = entry["roles"]
    words = [entry["project_id"], entry["user_id"], *(roles if isinstance(roles, list) else [None])]
    if not all(isinstance(word, str) and word for word in words):
        raise ConfigError(f"{path}: project_id and user_id must be text, roles a list of text.")
    return Identity(entry["project_id"], entry["user_id"], tuple(roles))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
