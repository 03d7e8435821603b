# SPDX-License-Identifier: Apache-2.0
"""The estimators against lists that others measured; run with ``-rP`` to see the figures."""

from __future__ import annotations

import csv
import io
import json
import lzma
import sys
from pathlib import Path

import pytest

from kwranking.cmd import estimate
from kwranking.core import gpus, microarchitectures
from kwranking.core.processors import naming
from tools import ranking_accuracy
from tools.ranking_plot import draw

CLONE = Path(__file__).parents[3]
DATA = CLONE.parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the lists are not beside the clone (../shared/data)")

NODES = DATA / "hosts" / "g5k_nodes.csv"
SYSTEMS = DATA / "hosts" / "top500_june_2008on.csv.xz"
RESULTS = DATA / "power" / "specpower_ssj2008.csv.xz"


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


EXPLAINED = {
    # Neoverse N1 has two units of 128 bits (Arm's optimization guide): 8, where Grid'5000 has 16.
    ("Neoverse-N1", 0.5): 2,
    # Neoverse V2 has four such units: 16 (7.1 Tflop/s of 144 cores by NVIDIA), where Grid'5000 has the default of 8.
    ("Neoverse-V2", 2.0): 4,
}


@needs_data
def test_grid5000_says_the_same_of_its_hosts() -> None:
    """98 % within 1 %; the others are explained one by one."""
    nodes = ranking_accuracy.grid5000(ranking_accuracy.rows(NODES))
    tell(f"Grid'5000: {nodes.exact} of {nodes.hosts} hosts within 1 %; the others: {nodes.others}")
    assert nodes.hosts == 494
    assert nodes.exact / nodes.hosts >= 0.98
    assert nodes.others == EXPLAINED


@needs_data
def test_top500_says_the_same_of_its_processors() -> None:
    systems = ranking_accuracy.top500(ranking_accuracy.rows(SYSTEMS))
    tell(
        f"TOP500: {systems.understood:.2%} of {systems.rows} rows understood; {systems.names_near:.1%} of "
        f"{systems.names} names within 5 %; {systems.old_near:.1%} of {systems.old_rows} rows to 2011 within 5 %; "
        f"far (theirs, ours): {systems.far}"
    )
    assert systems.understood >= 0.97
    assert systems.names_near >= 0.92
    assert systems.old_near >= 0.94


@needs_data
def test_work_a_watt_ranks_as_specpower_measured_it() -> None:
    """Peaks rank the whole list, since everything grew; among newer machines they misrank general work."""
    results = ranking_accuracy.rows(RESULTS)
    whole, newer = ranking_accuracy.specpower(results), ranking_accuracy.specpower(results, since=2017)
    for name, part in (("all", whole), ("since 2017", newer)):
        tell(
            f"SPECpower, {name}: {part.machines} machines, Spearman's rho of ssj_ops a watt: "
            f"theoretical {part.theoretical:.3f}, throughput {part.throughput:.3f}"
        )
    assert len(results) == whole.machines
    assert whole.theoretical >= 0.95
    assert newer.throughput >= 0.90
    assert newer.throughput > newer.theoretical


@needs_data
def test_the_manuals_plot_is_that_of_the_tool() -> None:
    drawn = draw(ranking_accuracy.specpower(ranking_accuracy.rows(RESULTS)).points)
    assert (CLONE / "docs" / "admin" / "ranking-specpower.svg").read_text() == drawn


@needs_data
@pytest.mark.parametrize(("name", "records", "unknown"), [("nova_hypervisors.json", 4, 1), ("cpuinfo/*", 14, 1)])
def test_every_record_gets_an_index_or_a_reason(name: str, records: int, unknown: int) -> None:
    """Without an index stay an emulator's processor and a telephone's: nothing tells the clock of either."""
    files = sorted((DATA / "hosts").glob(name))
    out = io.StringIO()
    assert estimate.run([*map(str, files), "--json"], out, io.StringIO()) == 0
    told = json.loads(out.getvalue())
    known = sum(one["cpu_flops"] is not None and one["throughput"] is not None for one in told)
    tell(f"{name}: {known} of {len(told)} records have an index")
    assert (len(told), known) == (records, records - unknown)
    assert all((one["cpu_flops"] is not None) or "unknown because" in one["note"] for one in told)


@needs_data
def test_intels_own_list_has_the_same_units_cores_and_clocks() -> None:
    """481 Xeons of ark.intel.com: AVX-512 units by model number, and the table of models."""
    models = 0
    for row in csv.DictReader(
        io.StringIO(lzma.decompress((DATA / "hosts" / "intel_xeon_ark.csv.xz").read_bytes()).decode())
    ):
        told = naming.read(row["CpuName"])
        if row["AVX512FusedMultiplyAddUnits"] in ("1", "2"):
            assert told.microarchitecture is not None
            units = told.fma_units or told.microarchitecture.fma_units[0]
            assert units == int(row["AVX512FusedMultiplyAddUnits"]), row["CpuName"]
        if told.model is not None:
            models += 1
            assert told.model.cores == int(row["CoreCount"]), row["CpuName"]
            assert told.model.clock_hz == pytest.approx(float(row["ClockSpeed"].split()[0]) * 1e9, rel=0.01)
    tell(f"Intel: {models} models of the table as in Intel's list")
    assert models > 100


@needs_data
def test_emulators_models_of_real_processors_are_known() -> None:
    names = json.loads((DATA / "hosts" / "libvirt_cpu_models.json").read_text())["models"]
    unknown = {name for name in names if microarchitectures.libvirt_model(name) is None}
    assert unknown == {"486", "pentium", "qemu32", "qemu64", "kvm32", "kvm64", "cpu64-rhel5", "cpu64-rhel6"}


@needs_data
def test_peaks_of_gpus_are_those_of_a_public_list() -> None:
    """Boards for data centres, by their exact names, within 10 %: lists count boost clocks a little differently."""
    text = lzma.decompress((DATA / "hosts" / "gpus_fp64_tdp.csv.xz").read_bytes()).decode()
    listed = {row["name"]: row["double_float_performance_gflop_s"] for row in csv.DictReader(io.StringIO(text))}
    compared = 0
    for name in (
        *("H100 PCIe 80 GB", "H100 NVL 94 GB", "H100 SXM5 80 GB", "L40", "Radeon Instinct MI210"),
        *("Radeon Instinct MI250X", "Radeon Instinct MI350X", "Tesla K20X", "Tesla K20m", "Tesla P100 PCIe 12 GB"),
        *("Tesla T4G", "Tesla V100 PCIe 32 GB"),
    ):
        if listed.get(name):
            compared += 1
            assert gpus.read(name).flops / 1e9 == pytest.approx(float(listed[name]), rel=0.1), name
    assert compared >= 10
