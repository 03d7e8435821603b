# SPDX-License-Identifier: Apache-2.0
"""climate-inventory: which hosts there are, and what is known of them."""
