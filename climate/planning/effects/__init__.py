# SPDX-License-Identifier: Apache-2.0
"""What follows from a commit, done afterwards from the outbox: one effect a file."""
