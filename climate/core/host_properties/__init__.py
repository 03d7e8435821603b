# SPDX-License-Identifier: Apache-2.0
"""``host_properties``: the filter language in which a request says what its hosts must be like."""
