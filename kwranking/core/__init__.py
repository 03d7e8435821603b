# SPDX-License-Identifier: Apache-2.0
"""What a processor is, and what it is worth. Computes; reads nothing."""
