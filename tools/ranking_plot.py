# SPDX-License-Identifier: Apache-2.0
"""Draws measured work per watt against what the estimators say, as an SVG."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A machine: ssj_ops a watt at full load, and both indices a watt."""

    year: int
    ops: float
    theoretical: float
    throughput: float
    name: str


_SIDE, _LEFT, _TOP, _GAP, _BOTTOM = 360, 64, 40, 84, 64
_RADIUS = 2.6
_NEW_SINCE = 2017
_OLD, _NEW = "#888888", "#0b6fb8"
_TEXT = {"font-family": "sans-serif", "font-size": "12", "fill": "#666666"}


def draw(points: Sequence[Point]) -> str:
    """Two pictures side by side, both axes logarithmic, machines since 2017 in colour; the SVG's text."""
    width, height = 2 * (_LEFT + _SIDE) + _GAP - _LEFT + 24, _TOP + _SIDE + _BOTTOM
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", "role": "img"})
    ET.SubElement(svg, "title").text = "SPECpower: ssj_ops per watt against theoretical and throughput"
    panels: Sequence[tuple[str, str, Callable[[Point], float]]] = (
        ("theoretical", "flop/s a watt", lambda point: point.theoretical),
        ("throughput", "reference cores a watt", lambda point: point.throughput),
    )
    for number, (title, unit, value) in enumerate(panels):
        group = ET.SubElement(svg, "g", transform=f"translate({_LEFT + number * (_SIDE + _GAP)} {_TOP})")
        _panel(group, title, unit, [(value(point), point) for point in points])
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _panel(group: ET.Element, title: str, unit: str, points: Sequence[tuple[float, Point]]) -> None:
    across = _Axis([value for value, _point in points])
    up = _Axis([point.ops for _value, point in points])
    ET.SubElement(group, "rect", {"width": str(_SIDE), "height": str(_SIDE), "fill": "none", "stroke": "#999999"})
    for place, label in across.marks():
        _line(group, place, _SIDE, place, _SIDE + 5)
        _text(group, place, _SIDE + 18, label)
    for place, label in up.marks():
        _line(group, -5, _SIDE - place, 0, _SIDE - place)
        _text(group, -8, _SIDE - place + 4, label, "end")
    _text(group, _SIDE / 2, _SIDE + 40, f"{title}, {unit} at full load")
    _text(group, _SIDE / 2, -12, f"ssj_ops a watt by {title}; in colour: since {_NEW_SINCE}")
    for value, point in sorted(points, key=lambda each: (each[1].year, each[1].name, each[0])):
        dot = ET.SubElement(group, "circle", r=str(_RADIUS), fill=_NEW if point.year >= _NEW_SINCE else _OLD)
        dot.set("cx", f"{across.place(value):.1f}")
        dot.set("cy", f"{_SIDE - up.place(point.ops):.1f}")
        dot.set("fill-opacity", "0.7")
        ET.SubElement(dot, "title").text = f"{point.name} ({point.year})"


class _Axis:
    """A logarithmic axis of whole decades' fractions that has room for all values."""

    def __init__(self, values: Sequence[float]) -> None:
        self._low = math.log10(min(values)) - 0.1
        self._high = math.log10(max(values)) + 0.1

    def place(self, value: float) -> float:
        return _SIDE * (math.log10(value) - self._low) / (self._high - self._low)

    def marks(self) -> list[tuple[float, str]]:
        decades = range(math.ceil(self._low), math.floor(self._high) + 1)
        return [(self.place(10.0**decade), f"1e{decade}") for decade in decades]


def _line(group: ET.Element, *ends: float) -> None:
    line = ET.SubElement(group, "line", stroke="#999999")
    for name, end in zip(("x1", "y1", "x2", "y2"), ends, strict=True):
        line.set(name, f"{end:.1f}")


def _text(group: ET.Element, across: float, down: float, text: str, anchor: str = "middle") -> None:
    place = {"x": f"{across:.1f}", "y": f"{down:.1f}", "text-anchor": anchor}
    ET.SubElement(group, "text", {**place, **_TEXT}).text = text
