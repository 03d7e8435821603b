# SPDX-License-Identifier: Apache-2.0
"""nova-compute with the driver of :mod:`tools.openstack.inside.machines`.

Nova looks for drivers in its own package ``nova.virt`` alone, so the driver
is put there under the name ``machines``.
"""

from __future__ import annotations

import sys

# It settles how Nova threads, which anything of Nova's that was imported before would spoil.
from nova.cmd import compute

# isort: split
import nova.virt

from tools.openstack.inside import machines

if __name__ == "__main__":
    nova.virt.machines = machines
    sys.modules["nova.virt.machines"] = machines
    compute.main()
