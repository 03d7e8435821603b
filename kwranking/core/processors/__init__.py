# SPDX-License-Identifier: Apache-2.0
"""How makers name their processors, and what a name tells."""
