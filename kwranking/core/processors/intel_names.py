# SPDX-License-Identifier: Apache-2.0
"""Intel's model numbers: which generation has which. Source: ark.intel.com, and Intel's guide to processor numbers.

The first rule that fits decides.
"""

from __future__ import annotations

from kwranking.core.processors.rule import rules

_SCALABLE = r"\b(platinum|gold|silver|bronze|xeon-[pgsb]) ?(P-)?-?"

_ONE_UNIT = rules(
    (r"\b(silver|bronze|xeon-[sb]) ?[34]1\d\d", "Skylake-SP"),
    (r"\b(gold|xeon-g) ?51(?!22)\d\d", "Skylake-SP"),
    (r"\b(silver|bronze|xeon-[sb]) ?[34]2\d\d", "Cascade Lake-SP"),
    (r"\b(gold|xeon-g) ?52(?!22)\d\d", "Cascade Lake-SP"),
    (r"\bD-21\d\d", "Skylake-SP"),
    (r"\bD-[12][78]\d\d", "Ice Lake-SP"),
    (r"\bW-11\d{3}", "Ice Lake"),
    fma_units=1,
)
_TWO_UNITS = rules(
    (_SCALABLE + r"[3-9]1\d\d", "Skylake-SP"),
    (_SCALABLE + r"[3-9]2\d\d", "Cascade Lake-SP"),
    (_SCALABLE + r"[5-8]3\d\dHL?\b", "Cooper Lake"),
    (_SCALABLE + r"8321HC", "Cooper Lake"),
    (_SCALABLE + r"[3-9]3\d\d", "Ice Lake-SP"),
    (_SCALABLE + r"[3-9]4\d\d", "Sapphire Rapids"),
    (_SCALABLE + r"[3-9]5\d\d", "Emerald Rapids"),
    (r"\bmax 94\d\d", "Sapphire Rapids"),
    (r"\bW-[23]1\d\d", "Skylake-SP"),
    (r"\bW-[23]2\d\d", "Cascade Lake-SP"),
    (r"\bW-33\d\d", "Ice Lake-SP"),
    (r"\bW[3579]-[23][45]\d\d", "Sapphire Rapids"),
    (r"\b(i[79]-[79][89][0-9]{2}X|i9-10[9]\d0X)E?\b", "Skylake-SP"),
    fma_units=2,
)
_XEON_6 = rules(
    (r"\b6[3]\d\dP\b", "Golden Cove"),
    (r"\b6[57]\d\dP(-B)?\b", "Granite Rapids"),
    (r"\b69\d\dP\b", "Granite Rapids"),
    (r"\b69\d\dE\+", "Clearwater Forest"),
    (r"\b6[79]\d\dE\b", "Sierra Forest"),
)
_PHI = rules(
    (r"\b(xeon )?phi\b.*\b72[89]5", "Knights Mill"),
    (r"\b(xeon )?phi\b.*\b7235", "Knights Mill"),
    (r"\b(xeon )?phi\b.*\b72\d\d", "Knights Landing"),
    (r"\b(xeon )?phi\b", "Knights Corner"),
)
_XEON_E = rules(
    (r"\bE-2[12]\d\d", "Skylake"),
    (r"\bE-23\d\d", "Ice Lake"),
    (r"\bE-24\d\d", "Golden Cove"),
    (r"\bW-1[02]\d{2,3}", "Skylake"),
    (r"\bW-13\d\d", "Ice Lake"),
    (r"\bD-1[56]\d\d", "Broadwell"),
    (r"\bE3-15\d\d|\bE3-12\d\d[A-Z]* ?v5", "Skylake"),
    (r"\bE3-12\d\d[A-Z]* ?v6", "Skylake"),
    (r"\bE[357]-?\d{4}[A-Z]* ?v4", "Broadwell"),
    (r"\bE[357]-?\d{4}[A-Z]* ?v3", "Haswell"),
    (r"\bE[357]-?\d{4}[A-Z]* ?v2", "Ivy Bridge"),
    (r"\bE7-\d{4}", "Westmere"),
    (r"\bE5-\d{4}|\bE5-? ?(14|16|24|26|46)\d\d\b", "Sandy Bridge"),
    (r"\bE3-1[12]\d\d|\bE31[12]\d\d\b", "Sandy Bridge"),
)
_XEON_OLD = rules(
    (r"\bpentium\b.*\bE[56]\d{3}\b", "Penryn"),
    (r"\bpentium\b.*\bE2\d{3}\b", "Core"),
    (r"\b[ELWX]?50\d\d", "NetBurst"),
    (r"\b[ELX]?51\d\d", "Core"),
    (r"\b[ELX]?53\d\d", "Core"),
    (r"\b[ELX]?5[24]\d{2,3}", "Penryn"),
    (r"\b([ELWX]|[EL]C)?55\d\d", "Nehalem"),
    (r"\b[ELX]?56\d\d", "Westmere"),
    (r"\bL3014\b", "Penryn"),
    (r"\b30[4-8]\d\b", "Core"),
    (r"\b[ELX]31\d\d", "Penryn"),
    (r"\b[LX]?32\d\d", "Core"),
    (r"\b[LX]33\d\d", "Penryn"),
    (r"\bL3406\b", "Westmere"),
    (r"\b[LX]34\d\d", "Nehalem"),
    (r"\b(W|[EL]C)35\d\d", "Nehalem"),
    (r"\bW36\d\d", "Westmere"),
    (r"\b[ELX][67]5\d\d", "Nehalem"),
    (r"\b7[01]\d\d[A-Z]?\b", "NetBurst"),
    (r"\b[ELX]?7[23]\d\d", "Core"),
    (r"\b[ELX]?74\d\d", "Penryn"),
)
_CORE_I = rules(
    (r"\bi[3579]-?(1[234])\d{3}", "Golden Cove"),
    (r"\bcore ultra [3579] 2\d\d", "Lion Cove"),
    (r"\bcore ultra\b", "Golden Cove"),
    (r"\bi[3579]-?11\d{2,3}", "Ice Lake"),
    (r"\bi[357]-?10\d\dG", "Ice Lake"),
    (r"\bi[3579]-?(10\d{3}|[6789]\d{3})", "Skylake"),
    (r"\bi[357]-?5[89]\d\d[KX]", "Haswell"),
    (r"\bi7-?6[89]\d\dX?K?\b", "Broadwell"),
    (r"\bi[357]-?5\d{3}", "Broadwell"),
    (r"\bi7-?49[3-6]0[KX]", "Ivy Bridge"),
    (r"\bi[357]-?4\d{3}", "Haswell"),
    (r"\bi7-?39\d\d[KX]|\bi7-?3820\b", "Sandy Bridge"),
    (r"\bi[357]-?3\d{3}", "Ivy Bridge"),
    (r"\bi[357]-?2\d{3}", "Sandy Bridge"),
    (r"\bi7-?9[789]0X?\b", "Westmere"),
    (r"\bi[35]-?[3456]\d\d[A-Z]*\b(?<!i5-7\d\d)", "Westmere"),
    (r"\bi[57]-?[789]\d\d[A-Z]*\b", "Nehalem"),
)
_OTHERS = rules(
    (r"\bcore ?2\b|\b51xx|\b53xx|\bwoodcrest|\bclovertown|\btigerton", "Core"),
    (r"\bharpertown|\bwolfdale|\bdunnington|\byorkfield|\b5[24]xx", "Penryn"),
    (r"\bnehalem|\bgainestown|\b55xx", "Nehalem"),
    (r"\bwestmere|\b56xx", "Westmere"),
    (r"\bitanium|\bmontecito|\bmontvale|\bmadison|\btukwila", "Itanium"),
    (r"\batom.*\bC2\d\d\d|\bC2[3579]\d\d\b", "Silvermont"),
    (r"\batom.*\bC3\d\d\d|\bC3[3-9]\d\d\b", "Goldmont"),
    (r"\batom.*\b[CP]5\d\d\d|\bP5[39]\d\d", "Tremont"),
    (r"\batom\b.*\b([DNZS]?[2-6]\d\d|S1[12]\d\d|330|230)\b", "Bonnell"),
    (r"\bcore duo|\bpentium\W*m\b|\bsossaman", "Pentium M"),
    (r"\bpentium\W*(4|d)\b|\bdemps?e?y|\bpaxville|\btulsa|\bnocona|\birwindale|\bprestonia|\bgallatin", "NetBurst"),
    (r"\bpentium ?xeon|\bxeon ?em64t", "NetBurst"),
    (r"\bpentium ?-?(pro|iii?|[23])\b|\bpentiumpro", "P6"),
    (r"\b(pentium|celeron)\b.*\b(G1101|G69\d\d)", "Westmere"),
    (r"\b(pentium|celeron)\b.*\bG[4-8]\d\dT?\b", "Sandy Bridge"),
    (r"\b(pentium|celeron)\b.*\bG(16|2[01])\d\d", "Ivy Bridge"),
    (r"\b(pentium|celeron)\b.*\bG(18|3[2-4])\d\d", "Haswell"),
    (r"\b(pentium|celeron)\b.*\bG(39|[456]\d)\d\d", "Skylake"),
    (r"\bpentium\b.*\bD15\d\d", "Broadwell"),
    (r"\bi860", "i860"),
)
_WEAK = rules(
    (r"\bcore i[57]\b", "Nehalem"),
    (r"\bcore i3\b", "Westmere"),
    (r"\b(intel )?xeon(,? (mp|dp))?,? ?(processor |cpu )?(lv )?\d(\.\d+)? ?ghz", "NetBurst"),
    (r"\bem64t\b", "NetBurst"),
    (r"\bxeon ?(dual|2)[- ]?core|\bdual[- ]core.*xeon", "Core"),
    (r"\bxeon ?(quad|4)[- ]?core|\bquad[- ]core.*xeon", "Penryn"),
    weak=True,
)

RULES = (
    *(*_PHI, *_ONE_UNIT, *_TWO_UNITS, *_XEON_E, *_XEON_6),
    *(*_XEON_OLD, *_CORE_I, *_OTHERS, *_WEAK),
)
