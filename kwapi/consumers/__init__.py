# SPDX-License-Identifier: Apache-2.0
"""What becomes of readings: each consumer gets batches handed in and opens no socket."""
