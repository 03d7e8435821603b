# SPDX-License-Identifier: Apache-2.0
"""May somebody do this? The operator's rules, asked on behalf of one request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from oslo_context.context import RequestContext
from oslo_policy import policy

from climate.errors import Forbidden

_LOOKED_FOR_S = 5.0


class Policies:
    """Asks the enforcer on behalf of one request.

    The enforcer would search for its files at every question, several times a
    request; here it does so every ``_LOOKED_FOR_S`` seconds.
    """

    def __init__(self, enforcer: policy.Enforcer, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._enforcer = enforcer
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._looked_at = -_LOOKED_FOR_S
        self._look()

    def may(self, who: RequestContext, rule: str, project_id: str | None = None) -> bool:
        """Whether ``rule`` lets somebody act on ``project_id``, by default their own."""
        self._look()
        target = {"project_id": project_id or who.project_id, "user_id": who.user_id}
        return bool(self._enforcer.authorize(rule, target, who))

    def require(self, who: RequestContext, rule: str, project_id: str | None = None) -> None:
        """Do nothing if ``rule`` allows it.

        :raises Forbidden: it does not; ``rule`` is named.
        """
        # Without a project a token would pass for the view of all projects further down.
        if not who.project_id:
            raise Forbidden("The token is for no project: sign in to one, such as OS_PROJECT_NAME says.", rule=rule)
        if not self.may(who, rule, project_id):
            raise Forbidden(f"Your roles do not allow {rule}.", rule=rule)

    def _look(self) -> None:
        """Read the operator's files again if they changed, unless that was looked at a moment ago."""
        with self._lock:
            if self._monotonic() - self._looked_at < _LOOKED_FOR_S:
                return
            self._looked_at = self._monotonic()
            self._enforcer.use_conf = True
            self._enforcer.load_rules()
            self._enforcer.use_conf = False
