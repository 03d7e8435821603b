# SPDX-License-Identifier: Apache-2.0
"""The whole suite in one process tree on one machine, and a tour of it. For trials: loopback only, tokens in a file."""
