# SPDX-License-Identifier: Apache-2.0
"""From a driver to everybody who wants to know: published live, kept for those who missed it, each batch once."""
