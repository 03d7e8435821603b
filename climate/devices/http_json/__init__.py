# SPDX-License-Identifier: Apache-2.0
"""Devices that tell JSON over HTTP: fetching it within bounds, and what numbers and instants in it mean."""
