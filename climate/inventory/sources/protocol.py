# SPDX-License-Identifier: Apache-2.0
"""What a source of hosts must do."""

from __future__ import annotations

from typing import Protocol

from oslo_config import cfg

from climate.core.host import SourceHost


class Source(Protocol):
    """Tells all hosts of one origin, whole each time: a host that is missing has left."""

    @property
    def name(self) -> str:
        """How the inventory and its users call the source."""

    def fetch(self) -> list[SourceHost]:
        """All hosts, by what the source says now.

        :raises ConfigError: the operator's configuration or file cannot be used.
        :raises ServiceUnavailable: the source cannot be reached.
        """


class SourceType(Protocol):
    """What an entry point names."""

    def from_conf(self, conf: cfg.ConfigOpts) -> Source:
        """A source by the operator's options, which it registers on ``conf`` itself.

        :raises ConfigError: an option cannot be used.
        """
