# SPDX-License-Identifier: Apache-2.0
"""What one may ask each service. Takes and gives values of core; a test compares it with the endpoints."""
