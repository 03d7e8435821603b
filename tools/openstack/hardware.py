# SPDX-License-Identifier: Apache-2.0
"""The machines of the cloud: three makes, and of one of them enough alike for a homogeneous lease."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Make:
    """One make of machine, as libvirt would describe it to Nova."""

    cpu_model: str
    cpu_vendor: str
    sockets: int
    cores: int  # of a socket
    threads: int  # of a core
    features: tuple[str, ...]
    memory_mb: int
    local_gb: int

    @property
    def vcpus(self) -> int:
        """Hardware threads."""
        return self.sockets * self.cores * self.threads

    @property
    def topology(self) -> dict[str, int]:
        """As in cpu_info."""
        return {"cells": self.sockets, "sockets": 1, "cores": self.cores, "threads": self.threads}

    @property
    def cpu_info(self) -> str:
        """JSON, as libvirt's driver tells Nova; sockets are counted in each of the cells."""
        return json.dumps(
            {
                "arch": "x86_64",
                "model": self.cpu_model,
                "vendor": self.cpu_vendor,
                "topology": self.topology,
                "features": list(self.features),
            }
        )


COMMON = ("aes", "avx", "avx2", "fma", "pge", "sse4.2", "ssse3")
CASCADE_LAKE = Make(
    cpu_model="Cascadelake-Server-noTSX",
    cpu_vendor="Intel",
    sockets=2,
    cores=12,
    threads=2,
    features=(*COMMON, "avx512f", "avx512vnni"),
    memory_mb=196_608,
    local_gb=480,
)
ROME = Make(
    cpu_model="EPYC-Rome",
    cpu_vendor="AMD",
    sockets=1,
    cores=32,
    threads=2,
    features=(*COMMON, "sha-ni"),
    memory_mb=262_144,
    local_gb=960,
)
HASWELL = Make(
    cpu_model="Haswell-noTSX-IBRS",
    cpu_vendor="Intel",
    sockets=2,
    cores=8,
    threads=1,
    features=COMMON,
    memory_mb=65_536,
    local_gb=240,
)
MACHINES = {
    "lake-1": CASCADE_LAKE,
    "lake-2": CASCADE_LAKE,
    "lake-3": CASCADE_LAKE,
    "rome-1": ROME,
    "rome-2": ROME,
    "well-1": HASWELL,
}
