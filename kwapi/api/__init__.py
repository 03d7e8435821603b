# SPDX-License-Identifier: Apache-2.0
"""kwapi-api: what every probe says now and has counted, over HTTP."""
