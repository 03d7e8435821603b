# SPDX-License-Identifier: Apache-2.0
"""One file a process: ``build()`` makes its objects and hands each what it needs, ``main()`` starts it.

oslo.messaging imports oslo.service, which takes eventlet unless told
otherwise. We run on native threads, so it is told before anything imports it;
futurist imports eventlet wherever it is installed, only to look whether it
is in use, and its warning says nothing about us.
"""

import warnings

from oslo_service import backend

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated", category=DeprecationWarning)
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated", module="futurist")
backend.init_backend(backend.BackendType.THREADING)
