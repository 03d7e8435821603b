# SPDX-License-Identifier: Apache-2.0
"""Small trees of Redfish resources, made up after DMTF's schemas: a BMC of any age, and a rack PDU."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Resource = dict[str, Any]
Tree = dict[str, Resource]

ENABLED = {"State": "Enabled", "Health": "OK"}
CHASSIS = "/redfish/v1/Chassis/1"
PDU = "/redfish/v1/PowerEquipment/RackPDUs/1"


def linked(uri: str) -> Resource:
    return {"@odata.id": uri}


def collection(uri: str, names: Iterable[str]) -> Resource:
    return {"Members": [linked(f"{uri}/{name}") for name in names]}


def whole(tree: Tree) -> Tree:
    """Each resource with its own address in it."""
    return {uri: {"@odata.id": uri, "Id": uri.rpartition("/")[2], **resource} for uri, resource in tree.items()}


def root(expand: bool = False, **links: str) -> Resource:
    can = {"ExpandQuery": {"NoLinks": True, "ExpandAll": True, "Levels": True, "MaxLevels": 2}} if expand else {}
    return {
        "ProtocolFeaturesSupported": can,
        "Links": {"Sessions": linked("/redfish/v1/SessionService/Sessions")},
        **{name: linked(uri) for name, uri in links.items()},
    }


def bmc(**resources: Resource) -> Tree:
    """A BMC with one chassis, and of that what is given: ``Power``, ``EnvironmentMetrics`` and so on."""
    return whole(
        {
            "/redfish/v1": root(Chassis="/redfish/v1/Chassis"),
            "/redfish/v1/Chassis": collection("/redfish/v1/Chassis", ["1"]),
            CHASSIS: {name: linked(f"{CHASSIS}/{name}") for name in resources},
            **{f"{CHASSIS}/{name}": resource for name, resource in resources.items()},
        }
    )


def old_bmc(watts: float | None = 217.0) -> Tree:
    """One that knows the resource Power only, with parts of the machine behind the whole."""
    supplies = [
        {"PowerInputWatts": 110.0, "LastPowerOutputWatts": 99.0, "LineInputVoltage": 231.0, "Status": ENABLED},
        {"PowerInputWatts": None, "LineInputVoltage": None, "Status": {"State": "Absent"}},
        {"PowerInputWatts": 108.0, "LastPowerOutputWatts": 97.0, "LineInputVoltage": 229.0, "Status": ENABLED},
    ]
    controls = [{"PowerConsumedWatts": watts, "Status": ENABLED}, {"PowerConsumedWatts": 61.0, "Name": "CPU"}]
    return bmc(Power={"PowerControl": controls, "PowerSupplies": supplies})


def new_bmc(watts: float | None = 374.0, kwh: float = 12.3456) -> Tree:
    """One with sensors, two supplies and an empty bay; it keeps Power beside for old clients."""
    tree = bmc(
        EnvironmentMetrics={
            "PowerWatts": {"Reading": watts, "DataSourceUri": f"{CHASSIS}/Sensors/TotalPower"},
            "EnergykWh": {"Reading": kwh, "DataSourceUri": f"{CHASSIS}/Sensors/TotalEnergy"},
            "TemperatureCelsius": {"Reading": 24.5},
        },
        Sensors=collection(f"{CHASSIS}/Sensors", ["Fan1", "TotalPower", "TotalEnergy"]),
        PowerSubsystem={"PowerSupplies": linked(f"{CHASSIS}/PowerSubsystem/PowerSupplies"), "CapacityWatts": 2000},
        Power={"PowerControl": [{"PowerConsumedWatts": 344}], "PowerSupplies": []},
    )
    bays = f"{CHASSIS}/PowerSubsystem/PowerSupplies"
    more: Tree = {
        f"{CHASSIS}/Sensors/Fan1": {"ReadingType": "Rotational", "Reading": 4000, "Status": ENABLED},
        f"{CHASSIS}/Sensors/TotalPower": sensor("Power", watts, "W", ApparentVA=390.0, PowerFactor=0.96),
        f"{CHASSIS}/Sensors/TotalEnergy": sensor("EnergykWh", kwh, "kW.h"),
        bays: collection(bays, ["Bay1", "Bay2", "Bay3"]),
        f"{bays}/Bay1": {"Metrics": linked(f"{bays}/Bay1/Metrics"), "Status": ENABLED},
        f"{bays}/Bay2": {"Status": {"State": "Absent"}},
        f"{bays}/Bay3": {"Metrics": linked(f"{bays}/Bay3/Metrics"), "Status": ENABLED},
        f"{bays}/Bay1/Metrics": supply_metrics(201.0, 6.1234),
        f"{bays}/Bay3/Metrics": supply_metrics(181.0, 5.4321),
    }
    return tree | whole(more)


def sensor(kind: str, reading: float | None, units: str, **more: Any) -> Resource:
    known = {"ReadingType": kind, "Reading": reading, "ReadingUnits": units}
    return {**known, "PhysicalContext": "Chassis", "Status": ENABLED, **more}


def supply_metrics(watts: float | None, kwh: float | None = None) -> Resource:
    return {
        "InputPowerWatts": {"Reading": watts},
        "InputVoltage": {"Reading": 230.5},
        "InputCurrentAmps": {"Reading": 0.9},
        "OutputPowerWatts": {"Reading": 180.0},
        "EnergykWh": {"Reading": kwh},
        "FrequencyHz": {"Reading": 50.0},
        "Status": ENABLED,
    }


def outlet(watts: float | None, kwh: float | None) -> Resource:
    return {
        "PowerWatts": {"Reading": watts, "ApparentVA": None if watts is None else watts + 10, "PowerFactor": 0.95},
        "EnergykWh": {"Reading": kwh},
        "CurrentAmps": {"Reading": None if watts is None else watts / 230},
        "Voltage": {"Reading": 230.0},
        "PowerState": "On",
        "Status": ENABLED,
    }


def rack_pdu(outlets: int = 24, expand: bool = True) -> Tree:
    """A PDU; its outlet A7 draws 107 W. It has one group, one inlet and two branches."""
    kinds = {"Outlets": [f"A{number}" for number in range(1, outlets + 1)], "Mains": ["AC1"]}
    kinds |= {"Branches": ["A", "B"], "OutletGroups": ["Rack-3"]}
    equipment = "/redfish/v1/PowerEquipment"
    tree: Tree = {
        "/redfish/v1": root(expand, PowerEquipment=equipment, Chassis="/redfish/v1/Chassis"),
        "/redfish/v1/Chassis": {"Members": []},
        equipment: {"RackPDUs": linked(f"{equipment}/RackPDUs")},
        f"{equipment}/RackPDUs": collection(f"{equipment}/RackPDUs", ["1"]),
        PDU: {name: linked(f"{PDU}/{name}") for name in [*kinds, "Metrics"]},
        f"{PDU}/Metrics": outlet(2748.0, 1234.5678) | {"TemperatureCelsius": {"Reading": 31.0}},
        **{f"{PDU}/{kind}": collection(f"{PDU}/{kind}", names) for kind, names in kinds.items()},
    }
    for number, name in enumerate(kinds["Outlets"], 1):
        tree[f"{PDU}/Outlets/{name}"] = outlet(100.0 + number, number + 0.1234)
    tree[f"{PDU}/Mains/AC1"] = outlet(2748.0, 1234.5678)
    tree[f"{PDU}/Branches/A"], tree[f"{PDU}/Branches/B"] = outlet(1374.0, None), outlet(1374.0, None)
    tree[f"{PDU}/OutletGroups/Rack-3"] = outlet(210.0, None)
    return whole(tree)
