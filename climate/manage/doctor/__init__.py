# SPDX-License-Identifier: Apache-2.0
"""Which part of a site can be reached, and which option is wrong: one look at each, none waits for another."""
