# SPDX-License-Identifier: Apache-2.0
"""How meters answer Modbus: register maps (vendors' tables, as data), reading in blocks, and what registers mean."""
