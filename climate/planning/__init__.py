# SPDX-License-Identifier: Apache-2.0
"""Planning: who holds what, when. A calendar of whole hosts."""
