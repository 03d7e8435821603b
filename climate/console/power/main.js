// SPDX-License-Identifier: Apache-2.0
// The page: what the address says is shown, and what somebody does goes into the address.

import { Api, Refused } from "./api.js";
import { Chart } from "./chart.js";
import { below, Groups } from "./groups.js";
import { Session } from "./session.js";
import { period, RANGES, read, SHORTEST_S, write } from "./state.js";
import { Wall } from "./wall.js";
import { between, facts, moment, probes as probesInWords, watts } from "./words.js";

const MOST_STACKED = 10;
const MOST_SUMMED = 1000; // that the service sums over time
const PATIENCE_MS = 3000;
const LONGEST_S = 10 * 366 * 86400;
const $ = (id) => document.getElementById(id);

// A page that asks each second for days has no use for a list of what it asked.
performance.setResourceTimingBufferSize(0);

const api = new Api();
let state = read(location.search);
let listening = null;
let asking = null;
let timer = 0;
let heard = Promise.resolve(); // until it is known who is there

const groups = new Groups($("groups"), (prefix) => write({ ...read(""), at: prefix, span: state.span }));
const wall = new Wall($("wall"), (name) => write({ ...read(""), at: name, span: state.span }), choose);
const chart = new Chart($("large-chart"), { zoom, turn, mark });
let turned = -Infinity;

function go(change, push = true) {
  const moved = "at" in change && change.at !== state.at;
  state = { ...state, ...change };
  history[push ? "pushState" : "replaceState"](null, "", write(state));
  show(moved);
}

function now() {
  return Date.now() / 1000;
}

// --- signing in and out ---------------------------------------------------------------------------------------------

const session = new Session(api, {
  entered() {
    $("view").hidden = false;
    show(true);
  },
  left,
  forgotten() {
    state = read("");
    history.replaceState(null, "", write(state));
  },
});

// Nothing of what was shown stays for whoever comes next.
function left() {
  stop();
  wall.clear();
  groups.clear();
  chart.clear();
  for (const id of ["path", "total", "large-title", "marks", "facts", "nothing", "problem"]) $(id).replaceChildren();
  for (const id of ["view", "large"]) $(id).hidden = true;
  $("find").value = "";
  $("state").textContent = "Not connected.";
  document.title = "Power";
}

// --- what is shown --------------------------------------------------------------------------------------------------

function stop() {
  listening?.abort();
  asking?.abort();
  clearTimeout(timer);
}

function show(moved) {
  if ($("view").hidden) return;
  showPath();
  showRanges();
  $("find").value = state.find;
  if (moved) listen();
  filter();
  refresh();
}

function showPath() {
  const parts = state.at.split("/").filter(Boolean);
  const links = parts.map((part, place) => {
    const anchor = document.createElement("a");
    const whole = parts.slice(0, place + 1).join("/");
    anchor.href = write({ ...read(""), at: place === parts.length - 1 && !state.at.endsWith("/") ? whole : `${whole}/`, span: state.span });
    anchor.dataset.inside = "";
    anchor.textContent = part;
    return anchor;
  });
  $("path").replaceChildren(...links.flatMap((link, place) => (place ? ["/", link] : [link])));
  document.title = state.at ? `${state.at} \u2013 Power` : "Power";
}

function showRanges() {
  RANGES.forEach(([, span], place) => {
    $("ranges").children[place].setAttribute("aria-pressed", String(state.from === null && state.span === span));
  });
  $("live").setAttribute("aria-pressed", String(state.from === null));
}

// What is under a name that ends in a slash, all, or one probe.
function asked() {
  return state.at === "" || state.at.endsWith("/") ? { prefix: state.at } : { probes: state.at };
}

async function listen() {
  listening?.abort();
  const mine = (listening = new AbortController());
  wall.clear();
  const wanted = asked();
  const prefix = state.at;
  let hear;
  heard = Promise.race([new Promise((resolve) => { hear = resolve; }), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  try {
    let first = true;
    for await (const { probes, gone, whole } of api.events(prefix, mine.signal, (text) => { $("state").textContent = text; })) {
      if (mine.signal.aborted) return;
      // The names of others may begin with that of a probe.
      const meant = Object.entries(probes).filter(([name]) => !wanted.probes || name === wanted.probes);
      // Who left while nobody listened is not named.
      const absent = whole ? [...wall.power()].map(([name]) => name).filter((name) => !(name in probes)) : [];
      wall.take(Object.fromEntries(meant), [...gone, ...absent]);
      filter();
      hear();
      if (first && !tooMany()) before(wanted, mine.signal);
      first = false;
    }
  } catch (error) {
    if (!mine.signal.aborted) session.refuse(error);
  }
}

// The tiles' last minutes.
async function before(wanted, signal) {
  try {
    wall.past(await api.history({ ...wanted, start: now() - 300, end: now(), step: 5 }, signal));
  } catch (error) {
    if (error instanceof Refused && error.status !== 404 && error.status !== 400) $("state").textContent = error.message;
  }
}

function filter() {
  const words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = (name) => words.every((word) => name.toLowerCase().includes(word));
  wall.show(wanted, state.probes);
  const power = [...wall.power()];
  const found = power.filter(([name]) => wanted(name));
  $("total").textContent = found.length ? `${probesInWords(found.length)}, ${watts(found.reduce((sum, [, one]) => sum + (one ?? 0), 0))}` : "";
  $("nothing").textContent = found.length ? beyond() : power.length ? "No probe's name has this in it." : silence();
  $("nothing").hidden = $("nothing").textContent === "";
  groups.show(below(power, state.at));
}

function silence() {
  return state.at ? `Nothing of the name ${state.at} says anything now.` : "No probe has said anything yet.";
}

function beyond() {
  const { size } = wall.beyond;
  return size ? `The first ${wall.tiles.size} are shown; ${size} more are counted above.` : "";
}

async function refresh() {
  clearTimeout(timer);
  asking?.abort();
  const mine = (asking = new AbortController());
  const stacked = state.probes.length > 0;
  const [start, end] = period(state, now());
  const width = Math.max(100, $("large-chart").clientWidth || innerWidth);
  const query = { start, end, step: Math.max(1, (end - start) / width) };
  if (stacked) query.probes = state.probes.slice(0, MOST_STACKED).join(",");
  else Object.assign(query, asked(), { sum: true });
  try {
    if (!stacked) {
      await heard;
      if (mine.signal.aborted) return;
      if (tooMany()) {
        $("large").hidden = true;
        tell(tooMany());
        return;
      }
    }
    const found = await api.history(query, mine.signal);
    if (mine.signal.aborted) return;
    tell("");
    $("large").hidden = found.series.every((series) => series.probes === 0);
    $("large-title").textContent = stacked ? `${state.probes.length} probes stacked` : state.at || "All probes";
    chart.show(found, stacked, state.marks, [start, end], state.from === null);
    showFacts(found);
    await showMarks(query, mine.signal);
    if (state.from === null) timer = setTimeout(refresh, Math.max(1000, found.step_s * 500));
  } catch (error) {
    if (mine.signal.aborted || error.name === "AbortError") return;
    if ([400, 404].includes(error.status)) $("large").hidden = true;
    // Without a history the service has no such address: there is nothing to mend for whoever looks.
    if (error.status === 404) return;
    if (error.status === 401) session.refuse(error);
    else if (error.status === 400) tell(stacked ? `${error.message} Press Escape to leave the stack.` : error.message);
    else {
      $("state").textContent = error.message;
      if (state.from === null) timer = setTimeout(refresh, 5000);
    }
  }
}

function tooMany() {
  const count = wall.tiles.size + wall.beyond.size;
  return count > MOST_SUMMED ? `These are ${count} probes; their sum over time is drawn of ${MOST_SUMMED} at most. Open a part of them.` : "";
}

// Why there is no large chart.
function tell(problem) {
  $("problem").textContent = problem;
}

function showFacts(found) {
  $("facts").replaceChildren(...facts(found).map(([name, value]) => {
    const row = document.createElement("div");
    row.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
    return row;
  }));
}

async function showMarks(query, signal) {
  const [first, second] = [...state.marks].sort((one, two) => one - two);
  if (second === undefined) {
    $("marks").textContent = first === undefined ? "Click twice to measure between two marks." : `A: ${moment(first)}`;
    return;
  }
  const found = await api.history({ ...query, start: first, end: Math.max(second, first + 1), step: 1 }, signal);
  $("marks").textContent = between(found);
}

// --- what somebody does ---------------------------------------------------------------------------------------------

function zoom(from, to, push = true) {
  const middle = (from + to) / 2;
  const half = Math.min(LONGEST_S, Math.max(SHORTEST_S, to - from)) / 2;
  const end = Math.min(middle + half, now());
  go(fixed(end - 2 * half, end), push);
}

// In whole seconds, as the address has them.
function fixed(from, to) {
  return { from: Math.max(0, Math.round(from)), to: Math.round(to) };
}

// A wheel turns in many steps, of which the browser's history needs no more than the first.
function turn(from, to) {
  const goesOn = performance.now() - turned < 1000;
  turned = performance.now();
  zoom(from, to, !goesOn);
}

function move(part) {
  const [from, to] = period(state, now());
  zoom(from + (to - from) * part, to + (to - from) * part);
}

function scale(factor) {
  const [from, to] = period(state, now());
  const half = ((to - from) * factor) / 2;
  zoom((from + to) / 2 - half, (from + to) / 2 + half);
}

function mark(instant) {
  const at = Math.round(instant);
  go({ marks: state.marks.length === 1 ? [...state.marks, at] : [at] }, false);
}

function setMark(placed) {
  const instant = chart.instant();
  if (instant !== null) go({ marks: placed(Math.round(instant)) }, false);
}

function choose(name) {
  const probes = state.probes.includes(name) ? state.probes.filter((each) => each !== name) : [...state.probes, name];
  go({ probes: probes.slice(-MOST_STACKED) });
}

function theme(value) {
  document.documentElement.dataset.theme = value;
  try { localStorage.setItem("theme", value); } catch { /* a browser may forbid it */ }
  wall.redraw();
  if (!$("view").hidden) refresh();
}

function remembered() {
  try { return localStorage.getItem("theme"); } catch { return null; }
}

$("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
$("live").addEventListener("click", () => go(state.from === null ? fixed(now() - state.span, now()) : { from: null, to: null }));
$("in").addEventListener("click", () => scale(0.5));
$("back").addEventListener("click", () => scale(2));
$("find").addEventListener("input", () => go({ find: $("find").value }, false));
// A page that nobody sees holds no connection: a browser has six to a server, and keeps those of a page that was left.
addEventListener("pagehide", stop);
addEventListener("pageshow", (event) => { if (event.persisted) show(true); });
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : show(true)));
addEventListener("popstate", () => {
  const before = state.at;
  state = read(location.search);
  show(before !== state.at);
});
document.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[data-inside]");
  if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const wanted = read(new URL(anchor.href).search);
  go({ ...wanted, span: state.span, from: state.from, to: state.to, find: "" });
  $("main").scrollIntoView();
});
const KEYS = {
  "/": () => $("find").focus(),
  l: () => $("live").click(),
  o: () => scale(2),
  "-": () => scale(2),
  "+": () => scale(0.5),
  "=": () => scale(0.5),
  ArrowLeft: () => move(-0.25),
  ArrowRight: () => move(0.25),
  ",": () => setMark((at) => [at, ...state.marks.slice(1)]),
  ".": () => setMark((at) => [...state.marks.slice(0, 1), at]),
  Escape: () => go({ marks: [], probes: [] }),
};
document.addEventListener("keydown", (event) => {
  const inField = event.target.closest("input:not([type=checkbox]), textarea");
  if (inField || event.ctrlKey || event.metaKey || event.altKey || $("view").hidden) return;
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

$("ranges").append(...RANGES.map(([text, span]) => {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  button.addEventListener("click", () => go({ span, from: null, to: null }));
  return button;
}));
document.documentElement.dataset.theme = remembered() || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
session.begin();
