# SPDX-License-Identifier: Apache-2.0
"""One file a process: ``build()`` makes its objects and hands each what it needs, ``main()`` starts it."""
