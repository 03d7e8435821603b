# SPDX-License-Identifier: Apache-2.0
"""The directive ``climate-lifecycle``: the picture of a lease's life, drawn from ``climate.core.lifecycle``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from climate.core.lifecycle import TRANSITIONS, Event, State

Table = Mapping[tuple[State, Event], State]
Point = tuple[float, float]

_STEP_X, _STEP_Y = 190.0, 110.0
_WIDTH, _HEIGHT = 110.0, 40.0
_STYLE = (
    "rect{fill:none;stroke:currentColor;stroke-width:1.5}.over{stroke-dasharray:4 3}"
    "path{fill:none;stroke:currentColor;stroke-width:1.2;marker-end:url(#tip)}"
    "text{fill:currentColor;font:14px sans-serif;text-anchor:middle}.event{font-size:12px;font-style:italic;"
    "stroke:var(--color-background-primary,white);stroke-width:5px;paint-order:stroke}"
)


def longest_walk(table: Table, start: State) -> list[State]:
    """The longest way through the states from ``start``: what happens where nothing gets in between."""
    onward = [longest_walk(table, then) for (state, _), then in table.items() if state is start]
    return [start, *max(onward, key=len, default=[])]


def places(table: Table) -> dict[State, Point]:
    """Where each state stands: the longest walk in one row, every other end above or below those who lead to it."""
    walk = longest_walk(table, State.PROPOSED)
    placed = {state: (column * _STEP_X, 0.0) for column, state in enumerate(walk)}
    sources = {
        state: [before for (before, _), then in table.items() if then is state] for state in State if state not in walk
    }
    side = -1.0
    for state in sorted(sources, key=lambda state: -len(sources[state])):
        column = sum(placed[before][0] for before in sources[state]) / len(sources[state])
        placed[state] = (column, side * _STEP_Y)
        side = -side
    left, top = (min(point[axis] for point in placed.values()) for axis in (0, 1))
    return {state: (x - left + _WIDTH / 2 + 10, y - top + _HEIGHT / 2 + 10) for state, (x, y) in placed.items()}


def picture(table: Table = TRANSITIONS) -> str:
    """The whole table as an SVG document that takes its colour from the page."""
    placed = places(table)
    width = max(x for x, _ in placed.values()) + _WIDTH / 2 + 10
    height = max(y for _, y in placed.values()) + _HEIGHT / 2 + 10
    over = {state for state in State if not any(state is before for before, _ in table)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="The life of a lease" style="max-width:{width:.0f}px">',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" style="fill:currentColor;stroke:none;marker-end:none"/></marker></defs>',
    ]
    for state, (x, y) in placed.items():
        style = ' class="over"' if state in over else ""
        parts.append(
            f'<rect{style} x="{x - _WIDTH / 2:.1f}" y="{y - _HEIGHT / 2:.1f}" width="{_WIDTH}" height="{_HEIGHT}" '
            f'rx="8"/><text x="{x:.1f}" y="{y + 5:.1f}">{state}</text>'
        )
    for (before, event), then in table.items():
        parts += _arrow(placed[before], placed[then], event)
    return "".join([*parts, "</svg>"])


def _arrow(tail: Point, head: Point, event: Event) -> Iterator[str]:
    start, end = _edge(tail, head), _edge(head, tail)
    yield f'<path d="M{start[0]:.1f} {start[1]:.1f} {end[0]:.1f} {end[1]:.1f}"/>'
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    shift = 0.0 if math.isclose(start[1], end[1]) else 26.0
    yield f'<text class="event" x="{x + shift:.1f}" y="{y - 6 + shift / 4:.1f}">{event}</text>'


def _edge(box: Point, towards: Point) -> Point:
    """Where the line from a box's middle towards a point leaves the box."""
    dx, dy = towards[0] - box[0], towards[1] - box[1]
    part = min(_WIDTH / 2 / abs(dx) if dx else math.inf, _HEIGHT / 2 / abs(dy) if dy else math.inf)
    return box[0] + dx * part, box[1] + dy * part


def as_list(table: Table = TRANSITIONS) -> str:
    """The same as a table of words (reStructuredText)."""
    rows = [f"   * - {before}\n     - {event}\n     - {then}" for (before, event), then in table.items()]
    return "\n".join([".. list-table::", "   :header-rows: 1", "", "   * - From", "     - Event", "     - To", *rows])


class Lifecycle(SphinxDirective):
    """Puts the picture and, below it, the table on the page."""

    def run(self) -> list[nodes.Node]:
        """The picture for HTML, the table for every format."""
        return [nodes.raw("", picture(), format="html"), *self.parse_text_to_nodes(as_list())]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("climate-lifecycle", Lifecycle)
    return {"parallel_read_safe": True}
