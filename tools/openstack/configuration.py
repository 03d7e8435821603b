# SPDX-License-Identifier: Apache-2.0
"""The configuration of each of OpenStack's services: groups and their options, as values, and as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.openstack.hardware import Make
from tools.openstack.site import SHARE, Site

Groups = Mapping[str, Mapping[str, object]]
DOWN_AFTER_S = 20


def text_of(groups: Groups) -> str:
    """An INI file; a value that is a list becomes as many lines of one option."""
    lines: list[str] = []
    for group, options in groups.items():
        lines.append(f"[{group}]")
        for name, value in options.items():
            values: Iterable[object] = value if isinstance(value, list) else [value]
            lines += [f"{name} = {str(one).lower() if isinstance(one, bool) else one}" for one in values]
    return "\n".join(lines) + "\n"


def write(path: Path, groups: Groups) -> Path:
    """The same as a file, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(groups))
    return path


def merged(*parts: Groups) -> dict[str, dict[str, object]]:
    """All groups of all parts; what a later part says of an option counts."""
    result: dict[str, dict[str, object]] = {}
    for part in parts:
        for group, options in part.items():
            result.setdefault(group, {}).update(options)
    return result


def placement(site: Site) -> Groups:
    """placement.conf."""
    return {
        "api": {"auth_strategy": "keystone"},
        "placement_database": {"connection": site.databases["placement"]},
        "keystone_authtoken": site.checking_tokens("placement"),
    }


def glance(site: Site) -> Groups:
    """glance-api.conf: images are files."""
    return {
        "DEFAULT": {"enabled_backends": "files:file", "workers": 0},
        "database": {"connection": site.databases["glance"]},
        "glance_store": {"default_backend": "files"},
        "files": {"filesystem_store_datadir": site.directory / "images"},
        "paste_deploy": {"flavor": "keystone", "config_file": SHARE / "glance" / "glance-api-paste.ini"},
        "keystone_authtoken": site.checking_tokens("glance"),
        "oslo_concurrency": {"lock_path": site.directory / "locks"},
    }


def neutron(site: Site) -> Groups:
    """neutron.conf of the smallest Neutron: its API with ML2 and no agent.

    Nova asks it for the ports of every server that it shows. The type vlan is
    there because Neutron's list of ports fails until something has asked its
    database for something else, which vlan does at the start.
    """
    return {
        "DEFAULT": {
            "core_plugin": "ml2",
            "service_plugins": "",
            "api_paste_config": SHARE / "neutron" / "api-paste.ini",
            "state_path": site.directory / "neutron",
            "transport_url": site.transport_url,
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
        },
        "database": {"connection": site.databases["neutron"]},
        "ml2": {"type_drivers": "local,vlan", "tenant_network_types": "local", "mechanism_drivers": ""},
        "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:110"},
        "keystone_authtoken": site.checking_tokens("neutron"),
        "oslo_concurrency": {"lock_path": site.directory / "locks"},
    }


def nova(site: Site) -> Groups:
    """nova.conf of the API, the scheduler and the conductor; quotas are none of this cloud's business."""
    return merged(
        _nova_everywhere(site),
        {
            "DEFAULT": {"host": "controller", "state_path": site.directory / "nova-state"},
            "api": {"auth_strategy": "keystone"},
            "api_database": {"connection": site.databases["nova_api"]},
            "database": {"connection": site.databases["nova"]},
            "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 2},
            "conductor": {"workers": 1},
            "quota": {"driver": "nova.quota.NoopQuotaDriver"},
        },
    )


def nova_compute(site: Site, host: str, make: Make) -> Groups:
    """nova.conf of one compute. It may not know where the databases are: Nova takes that for a mistake."""
    return merged(
        _nova_everywhere(site),
        {
            "DEFAULT": {
                "host": host,
                "state_path": site.directory / f"compute-{host}",
                "compute_driver": "machines.MachineDriver",
            },
            "machine": {
                "vcpus": make.vcpus,
                "memory_mb": make.memory_mb,
                "local_gb": make.local_gb,
                "cpu_info": make.cpu_info,
            },
        },
    )


def _nova_everywhere(site: Site) -> Groups:
    return {
        "DEFAULT": {
            "my_ip": "127.0.0.1",
            "transport_url": site.transport_url,
            "report_interval": 5,
            "service_down_time": DOWN_AFTER_S,
            "reserved_host_memory_mb": 0,
            "periodic_fuzzy_delay": 0,  # else new computes are looked for a minute later
            "manager_shutdown_timeout": 0,
            "graceful_shutdown_timeout": 2,
        },
        "keystone_authtoken": site.checking_tokens("nova"),
        "service_user": {"send_service_user_token": True, **site.signing_in("nova")},
        "placement": site.signing_in("placement"),
        "neutron": site.signing_in("neutron"),
        "glance": {"region_name": "RegionOne"},
        "vnc": {"enabled": False},
        "oslo_concurrency": {"lock_path": site.directory / "locks"},
    }
