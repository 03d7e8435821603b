# SPDX-License-Identifier: Apache-2.0
"""Who reads the wattmeters: which there are, a thread for each, and an eye on all of them."""
