# SPDX-License-Identifier: Apache-2.0
"""How Kwranking's programs are put together, one file a program."""
