# SPDX-License-Identifier: Apache-2.0
"""Kwranking: how much every host computes for each watt that it draws."""
