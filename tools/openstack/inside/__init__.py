# SPDX-License-Identifier: Apache-2.0
"""What runs in OpenStack's environment, with OpenStack's libraries."""
