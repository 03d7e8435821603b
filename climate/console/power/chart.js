// SPDX-License-Identifier: Apache-2.0
// The large chart: mean power with the band between the least and the greatest, or a stack of several probes.

import { labels } from "./axis.js";
import { moment, percent } from "./words.js";
import uPlot from "../vendor/uplot/uPlot.esm.js";

const HEIGHT = 320;
const LACK_PX = 4;
const WHOLE = 95; // per cent: a step that lacks a reading in twenty is as good as whole
const NOTHING = "\u2013";
const LONE = { filter: (plot, place, all) => (all ? null : lone(plot.data[place])) };
const HUES = [174, 32, 265, 210, 340, 90, 20, 300, 130, 55];

export class Chart {
  // `zoom(from, to)`, `turn(from, to)` of the wheel and `mark(instant)` are called when somebody asks for them with the
  // pointer. What is drawn can be looked at from outside: `place.plot` is uPlot's object.
  constructor(place, { zoom, turn, mark }) {
    this.place = place;
    this.zoom = zoom;
    this.turn = turn;
    this.mark = mark;
    this.marks = [];
    this.plot = null;
    this.kind = "";
    new ResizeObserver(() => this.#fit()).observe(place);
  }

  show(history, stacked, marks, period, live) {
    if (live) history = whole(history);
    this.marks = marks;
    this.period = period;
    const data = stacked ? stack(history) : band(history);
    const kind = JSON.stringify([stacked, history.series.map((series) => series.probe_id), theme()]);
    if (this.plot && kind === this.kind) {
      this.plot.setData(data, false);
      this.plot.setScale("x", { min: period[0], max: period[1] });
      return;
    }
    this.clear();
    this.kind = kind;
    this.plot = new uPlot(this.#options(history, stacked), data, this.place);
    this.place.plot = this.plot;
    this.#listen(this.plot);
  }

  clear() {
    this.plot?.destroy();
    this.plot = null;
    this.place.plot = null;
    this.kind = "";
  }

  // Where the pointer or the middle is, in seconds since 1970.
  instant() {
    if (!this.plot) return null;
    const { left } = this.plot.cursor;
    return this.plot.posToVal(left >= 0 ? left : this.plot.over.clientWidth / 2, "x");
  }

  #fit() {
    if (this.plot) this.plot.setSize({ width: this.place.clientWidth, height: this.#height() });
  }

  #height() {
    return Math.min(HEIGHT, Math.max(180, innerHeight * 0.45));
  }

  #options(history, stacked) {
    const ink = colour("--ink");
    const axis = { stroke: ink, grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid"), width: 1 } };
    return {
      width: this.place.clientWidth,
      height: this.#height(),
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      select: { show: true },
      scales: { x: { time: true, range: () => this.period }, y: { range: (_, least, most) => [Math.min(0, least || 0), (most || 1) * 1.1] }, "%": { range: [0, 100] } },
      axes: [{ ...axis, values: (plot, splits, _, __, step) => labels(splits, step, apart(plot, splits)) }, { ...axis, size: 70, values: (_, values) => values.map((value) => `${value} W`) }],
      series: [{ label: "Time", value: (_, at) => (at === null ? NOTHING : moment(at)) }, ...(stacked ? stackSeries(history) : bandSeries())],
      bands: stacked ? stackBands(history) : [{ series: [3, 2], fill: colour("--band") }],
      hooks: { draw: [(plot) => drawLack(plot, stacked), (plot) => this.#drawMarks(plot)], setSelect: [(plot) => this.#selected(plot)] },
    };
  }

  #selected(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  #listen(plot) {
    let pressed = null;
    plot.over.addEventListener("pointerdown", (event) => { pressed = event.clientX; });
    plot.over.addEventListener("pointerup", (event) => {
      if (pressed !== null && Math.abs(event.clientX - pressed) < 4) this.mark(plot.posToVal(plot.cursor.left, "x"));
      pressed = null;
    });
    plot.over.addEventListener("wheel", (event) => {
      event.preventDefault();
      const at = plot.posToVal(plot.cursor.left, "x");
      const factor = event.deltaY > 0 ? 1.5 : 1 / 1.5;
      this.turn(at - (at - this.period[0]) * factor, at + (this.period[1] - at) * factor);
    }, { passive: false });
  }

  #drawMarks(plot) {
    const pen = plot.ctx;
    const { top, height } = plot.bbox;
    pen.save();
    pen.strokeStyle = colour("--focus");
    pen.fillStyle = colour("--focus");
    pen.lineWidth = 2 * devicePixelRatio;
    pen.textAlign = "left";
    pen.font = `${12 * devicePixelRatio}px system-ui`;
    this.marks.forEach((instant, place) => {
      const x = plot.valToPos(instant, "x", true);
      pen.beginPath();
      pen.moveTo(x, top);
      pen.lineTo(x, top + height);
      pen.stroke();
      pen.fillText(place ? "B" : "A", x + 4, top + 14 * devicePixelRatio);
    });
    pen.restore();
  }
}

// Without the last steps while they are still being filled: a sum that lacks half of its probes is no fall.
function whole(history) {
  const end = history.at.length;
  let kept = end;
  for (const series of history.series) {
    const usual = Math.max(...series.covered.slice(Math.max(0, end - 12)));
    let last = end;
    while (last > Math.max(0, end - 4) && series.covered[last - 1] < 0.98 * usual) last -= 1;
    kept = Math.min(kept, last);
  }
  const cut = (column) => column.slice(0, kept);
  const columns = ["min_w", "average_w", "max_w", "covered"];
  return {
    ...history,
    at: cut(history.at),
    series: history.series.map((series) => ({
      ...series, ...Object.fromEntries(columns.map((name) => [name, cut(series[name])])),
    })),
  };
}

function band(history) {
  const [series] = history.series;
  if (!series) return [[], [], [], [], []];
  const covered = series.covered.map((value, place) => (series.max_w[place] === null ? null : value));
  return [history.at, series.average_w, series.min_w, series.max_w, covered];
}

function bandSeries() {
  const value = (_, watts) => (watts === null || watts === undefined ? NOTHING : `${watts.toFixed(1)} W`);
  const share = (_, part) => (part === null || part === undefined ? NOTHING : percent(part));
  const edge = { stroke: "transparent", points: { show: false }, value };
  return [
    { label: "mean", stroke: colour("--power"), width: 2, value, spanGaps: false, points: LONE },
    { ...edge, label: "least" },
    { ...edge, label: "greatest" },
    { ...edge, label: "measured", scale: "%", value: share },
  ];
}

function stack(history) {
  let below = history.at.map(() => 0);
  const sums = history.series.map((series) => {
    below = below.map((sum, place) => sum + (series.average_w[place] ?? 0));
    return below.map((sum, place) => (history.series.every((each) => each.average_w[place] === null) ? null : sum));
  });
  return [history.at, ...sums];
}

function stackSeries(history) {
  return history.series.map((series, place) => ({
    label: series.probe_id,
    stroke: shade(place, 1),
    fill: place ? undefined : shade(place, 0.35),
    points: LONE,
    value: (plot, _, index, at) => ((series.average_w[at] ?? null) === null ? NOTHING : `${series.average_w[at].toFixed(1)} W`),
  }));
}

function stackBands(history) {
  return history.series.slice(1).map((_, place) => ({ series: [place + 2, place + 1], fill: shade(place + 1, 0.35) }));
}

// A value between two gaps has no line, and would not be seen where points are left out.
function lone(values) {
  const known = (place) => (values[place] ?? null) !== null;
  return Object.keys(values).map(Number).filter((place) => known(place) && !known(place - 1) && !known(place + 1));
}

// At the foot, where a part of the steps was not measured: there the line may lie too low.
function drawLack(plot, stacked) {
  if (stacked) return;
  const [at, , , , covered] = plot.data;
  const { left, top, width, height } = plot.bbox;
  const thick = LACK_PX * devicePixelRatio;
  const step = at.length > 1 ? at[1] - at[0] : 1;
  plot.ctx.save();
  plot.ctx.beginPath();
  plot.ctx.rect(left, top, width, height);
  plot.ctx.clip();
  plot.ctx.fillStyle = colour("--warn");
  covered.forEach((part, place) => {
    if (part === null || part >= WHOLE) return;
    const from = plot.valToPos(at[place] - step / 2, "x", true);
    plot.ctx.fillRect(from, top + height - thick, Math.max(1, plot.valToPos(at[place] + step / 2, "x", true) - from), thick);
  });
  plot.ctx.restore();
}

// How far two ticks are from each other, in pixels of the page.
function apart(plot, splits) {
  return splits.length > 1 ? Math.abs(plot.valToPos(splits[1], "x") - plot.valToPos(splits[0], "x")) : Infinity;
}

function shade(place, alpha) {
  return `hsla(${HUES[place % HUES.length]}, 65%, ${theme() === "dark" ? 65 : 38}%, ${alpha})`;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function theme() {
  return document.documentElement.dataset.theme;
}
