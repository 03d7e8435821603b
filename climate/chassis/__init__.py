# SPDX-License-Identifier: Apache-2.0
"""What any process stands on. Knows no noun of the suite."""
