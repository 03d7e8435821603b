# SPDX-License-Identifier: Apache-2.0
"""What developers need and the product does not: nothing here is installed."""
