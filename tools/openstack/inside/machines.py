# SPDX-License-Identifier: Apache-2.0
"""Nova's driver of machines that do not exist, each of the make that nova.conf says, and the same after a restart."""

from __future__ import annotations

import json
from typing import Any

from nova.compute import power_state
from nova.virt import fake, node
from oslo_config import cfg

GROUP = "machine"
OPTS = [
    cfg.IntOpt("vcpus", min=1, required=True, help="Hardware threads."),
    cfg.IntOpt("memory_mb", min=1, required=True, help="Memory in MiB."),
    cfg.IntOpt("local_gb", min=1, required=True, help="Disk in GiB."),
    cfg.StrOpt("cpu_info", required=True, help="What libvirt would say of the CPU, as JSON."),
]
CONF = cfg.CONF
CONF.register_opts(OPTS, group=GROUP)


class MachineDriver(fake.FakeDriver):
    """One node, named as the service's host; guests live as long as Nova believes in them."""

    def __init__(self, virtapi: Any, read_only: bool = False) -> None:
        machine = CONF[GROUP]
        self.vcpus, self.memory_mb, self.local_gb = machine.vcpus, machine.memory_mb, machine.local_gb
        super().__init__(virtapi, read_only)

    def init_host(self, host: str) -> None:
        super().init_host(host)
        self._set_nodes([host])

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """The id is the one that Nova keeps in its state_path: else a node could start once only."""
        return {node.get_local_node_uuid(): name for name in self.get_available_nodes()}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        known: dict[str, Any] = super().get_available_resource(nodename)
        if known:
            known |= {
                "uuid": node.get_local_node_uuid(),
                "hypervisor_type": "QEMU",
                "hypervisor_version": 8002004,
                "cpu_info": json.dumps(json.loads(CONF[GROUP].cpu_info)),
            }
        return known

    def get_info(self, instance: Any, use_cache: bool = True) -> Any:
        """Real guests outlive nova-compute, so those which should run do."""
        if instance.uuid not in self.instances and instance.power_state == power_state.RUNNING:
            self.instances[instance.uuid] = fake.FakeInstance(instance.name, power_state.RUNNING, instance.uuid)
        return super().get_info(instance, use_cache)

    def post_live_migration(
        self, context: Any, instance: Any, block_device_info: Any, migrate_data: Any = None
    ) -> None:
        """Called where the guest was: it is there no more."""
        self.instances.pop(instance.uuid, None)
