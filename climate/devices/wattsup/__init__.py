# SPDX-License-Identifier: Apache-2.0
"""How a Watts up? PRO, .net or ES speaks over its serial line."""
