# SPDX-License-Identifier: Apache-2.0
"""The estimators, and the chain that says which of them answered and how sure it is."""

from __future__ import annotations

import pytest

from climate.errors import ConfigError
from kwranking.cmd import loading
from kwranking.core.estimators.chain import DEFAULT, Index, index
from kwranking.core.estimators.declared import Declared as DeclaredEstimator
from kwranking.core.estimators.theoretical import Theoretical
from kwranking.core.estimators.throughput import Throughput
from kwranking.core.facts import CpuFacts, Declared, HostFacts
from kwranking.core.identify import Confidence

MILAN = CpuFacts(name="AMD EPYC 7513 32-Core Processor", sockets=2, cores=64, threads=128)
CHAIN = [DeclaredEstimator(), Theoretical()]


def throughput(**changes: object) -> float:
    """General work of two EPYC 7513, changed so."""
    facts = {"name": MILAN.name, "sockets": 2, "cores": 64, "threads": 128, **changes}
    value = index(HostFacts(cpus=(CpuFacts(**facts),)), [Throughput()]).value  # type: ignore[arg-type]
    assert value is not None
    return value


def of(**facts: object) -> Index:
    return index(HostFacts(**facts), CHAIN)  # type: ignore[arg-type]


def test_the_peak_is_cores_times_clock_times_flop_a_cycle() -> None:
    one = of(cpus=(MILAN,))
    assert one.cpu_flops == pytest.approx(64 * 2.6e9 * 16)
    assert (one.gpu_flops, one.flops, one.value) == (0.0, one.cpu_flops, one.cpu_flops)
    assert (one.estimator, one.confidence, one.unit) == ("theoretical", Confidence.HIGH, "flop/s")
    assert "2.6 GHz from the table of models" in one.note


def test_gpus_stand_apart_and_count_together() -> None:
    one = of(cpus=(MILAN,), gpus="2x Nvidia A100 80GB PCIe")
    assert one.gpu_flops == pytest.approx(19.4e12)
    assert one.flops == pytest.approx(64 * 2.6e9 * 16 + 19.4e12)


def test_an_unknown_gpu_is_no_zero() -> None:
    one = of(cpus=(MILAN,), gpus="2x Voodoo 2")
    assert one.gpu_flops is None
    assert one.flops == one.cpu_flops
    assert one.confidence is Confidence.MEDIUM
    assert "GPU not in the table: Voodoo 2" in one.note


def test_a_declared_figure_goes_first_and_names_its_origin() -> None:
    figure = Declared(value=2.1e12, unit="flop/s", at="2026-05-01", origin="HPL 2.3")
    one = of(cpus=(MILAN,), declared=(figure,))
    assert (one.flops, one.value, one.estimator) == (2.1e12, 2.1e12, "declared")
    assert one.cpu_flops == pytest.approx(64 * 2.6e9 * 16)
    assert "declared by HPL 2.3, 2026-05-01" in one.note


def test_a_figure_in_another_unit_is_no_flops() -> None:
    """A SPECrate beside flop/s would rank nonsense; whoever has one of every host ranks by its unit."""
    figure = Declared(value=424, unit="SPECrate2017_int_base")
    assert of(cpus=(MILAN,), declared=(figure,)).estimator == "theoretical"
    one = index(HostFacts(declared=(figure,)), [DeclaredEstimator("SPECrate2017_int_base")])
    assert (one.value, one.unit, one.flops) == (424, "SPECrate2017_int_base", None)


def test_the_last_declared_figure_counts() -> None:
    figures = (Declared(value=1e12, unit="flop/s"), Declared(value=2e12, unit="FLOP/s"))
    assert of(declared=figures).value == 2e12


def test_what_nobody_knows_says_why() -> None:
    one = of(cpus=(CpuFacts(name="BCM2835", cores=4),))
    assert (one.cpu_flops, one.flops, one.throughput, one.value) == (None, None, None, None)
    assert (one.estimator, one.confidence) == ("none", Confidence.NONE)
    assert "unknown because no row of the table fits (BCM2835)" in one.note
    assert "unknown because the record names no processor" in of().note


def test_a_peak_that_the_record_tells_counts_where_nothing_else_does() -> None:
    """The property peak_gflops of an operator whose processor is in no table."""
    one = of(cpus=(CpuFacts(name="Novel 9000"),), gpus="1x Nvidia A100", peak_flops=3e12)
    assert (one.cpu_flops, one.flops, one.confidence) == (3e12, pytest.approx(12.7e12), Confidence.MEDIUM)
    assert "peak as the record says, for no row of the table fits (Novel 9000)" in one.note
    assert of(cpus=(MILAN,), peak_flops=3e12).cpu_flops == pytest.approx(64 * 2.6e9 * 16)


def test_kinds_of_cores_add_up_and_one_unknown_spoils_the_sum() -> None:
    little = CpuFacts(name="Cortex-A53", cores=4, clock_hz=1.5e9)
    big = CpuFacts(name="Cortex-A72", cores=2, clock_hz=2e9)
    assert of(cpus=(little, big)).cpu_flops == pytest.approx(4 * 1.5e9 * 2 + 2 * 2e9 * 4)
    assert of(cpus=(little, CpuFacts(name="BCM2835"))).cpu_flops is None


def test_general_work_counts_cores_clock_threads_cache_and_family() -> None:
    """Twice the cores do twice the work; everything else does less than its share."""
    all_of = throughput()
    assert throughput(cores=32, threads=64) == pytest.approx(all_of / 2)
    assert throughput(clock_hz=4 * 2.6e9) == pytest.approx(2 * all_of)
    assert throughput(threads=64) == pytest.approx(all_of / 1.25)
    assert throughput(cache_mb=10 * 64 * 4) == pytest.approx(all_of * 10**0.1)
    assert throughput(cache_mb=64 * 4) == pytest.approx(all_of)
    older = throughput(name="AMD EPYC 7502 32-Core Processor", clock_hz=2.6e9)
    assert older < throughput(clock_hz=2.6e9) < 1.19 * older


def test_avx_512_does_no_general_work() -> None:
    """One unit or two: half the peak, the same work."""
    one, two = (CpuFacts(name=f"Xeon Gold {number}", cores=20, clock_hz=2.4e9) for number in (5120, 6130))
    first, second = (of(cpus=(cpu,)) for cpu in (one, two))
    assert first.throughput == second.throughput
    assert (first.cpu_flops or 0) * 2 == second.cpu_flops


def test_the_formula_of_general_work_is_never_sure() -> None:
    one = index(HostFacts(cpus=(MILAN,)), [Throughput()])
    assert (one.estimator, one.unit, one.confidence) == ("throughput", "reference cores", Confidence.MEDIUM)


def test_estimators_are_found_by_their_entry_points() -> None:
    assert [estimator.name for estimator in loading.load(DEFAULT)] == list(DEFAULT)
    assert loading.load(["throughput"])[0].unit == "reference cores"


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ([], "names no estimator"),
        (["bogomips"], "bogomips, which is not installed; there are: declared, theoretical, throughput"),
        (["declared", "throughput"], "cannot be compared: declared in flop/s, throughput in reference cores"),
    ],
)
def test_a_chain_that_cannot_rank_is_refused(names: list[str], why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loading.load(names)
    assert why in caught.value.message
