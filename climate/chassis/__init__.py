# SPDX-License-Identifier: Apache-2.0
"""What any process stands on. Knows no noun of the suite.

oslo.messaging imports oslo.service, which takes eventlet unless it is told
otherwise. Every process of ours runs on native threads and says so here,
before any room of the chassis is imported; a process that has chosen already
(a guest's host, such as Nova) keeps its choice. futurist imports eventlet
wherever it is installed, only to look whether it is in use.
"""

import warnings

from oslo_service import backend

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
backend.register_backend_default_hook(lambda: backend.BackendType.THREADING)
