# SPDX-License-Identifier: Apache-2.0
"""How to speak to the services of OpenStack: one file a service. Knows no noun of the suite's own."""
