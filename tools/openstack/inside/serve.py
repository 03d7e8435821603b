# SPDX-License-Identifier: Apache-2.0
"""One of OpenStack's APIs in a process of its own: ``serve.py MODULE PORT``.

Releases of today bring WSGI applications and no program that serves them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import Any

from cheroot import wsgi

THREADS = 8
# A client that finds its connection closed repeats the request where it may, which a POST it may not.
KEEP_ALIVE_S = 600


def main() -> None:
    """Serve until the process is ended."""
    port, module = int(sys.argv.pop()), sys.argv.pop()  # the application reads what is left as its own arguments
    application = importlib.import_module(module).application

    def served(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = application(environ, start_response)
        return answer

    server = wsgi.Server(("127.0.0.1", port), served, numthreads=THREADS, timeout=KEEP_ALIVE_S)
    server.start()


if __name__ == "__main__":
    main()
