# SPDX-License-Identifier: Apache-2.0
"""What an operator does by hand: the database, the configuration, the registration."""
