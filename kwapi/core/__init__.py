# SPDX-License-Identifier: Apache-2.0
"""What Kwapi computes: readings, how they travel, and how watts become energy. No I/O, no clock."""
