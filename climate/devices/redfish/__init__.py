# SPDX-License-Identifier: Apache-2.0
"""How to speak to a Redfish service, and where such a service tells electricity."""
