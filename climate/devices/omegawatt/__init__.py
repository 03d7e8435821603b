# SPDX-License-Identifier: Apache-2.0
"""How OmegaWatt's meters tell many values a second, as lines."""
