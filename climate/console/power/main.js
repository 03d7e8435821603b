// SPDX-License-Identifier: Apache-2.0
// The page: what the address says is shown, and what somebody does goes into the address.

import { Api, Refused } from "./api.js";
import { Chart } from "./chart.js";
import { period, RANGES, read, SHORTEST_S, write } from "./state.js";
import { Wall, watts } from "./wall.js";

const MOST_STACKED = 10;
const MOST_TILES = 1000;
const LONGEST_S = 10 * 366 * 86400;
const $ = (id) => document.getElementById(id);

const api = new Api();
let state = read(location.search);
let listening = null;
let asking = null;
let timer = 0;

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

async function begin() {
  if (api.token === null) {
    await askWho(new Refused(401, ""));
    return;
  }
  try {
    await api.json("v1/probe-ids/?limit=1");
    $("sign-in").hidden = true;
    $("view").hidden = false;
    $("sign-out").hidden = false;
    show(true);
  } catch (error) {
    await askWho(error);
  }
}

async function askWho(error) {
  stop();
  clear();
  $("sign-in").hidden = false;
  const refused = error instanceof Refused && error.status === 401;
  $("sign-in-error").textContent = refused ? (api.token ? "This token is not known, or it has expired." : "") : error.message;
  api.token = null;
  const ways = await api.ways().catch(() => ({ password: false }));
  $("by-password").hidden = !ways.password;
  (ways.password ? $("sign-in").elements.user : $("sign-in").elements.token).focus();
}

$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData($("sign-in")));
  $("sign-in-error").textContent = "";
  try {
    if (fields.token) api.token = fields.token.trim();
    else await api.signIn(fields);
    $("sign-in").reset();
    await begin();
  } catch (error) {
    $("sign-in-error").textContent = error.message;
  }
});

$("sign-out").addEventListener("click", () => {
  api.token = null;
  state = read("");
  history.replaceState(null, "", write(state));
  askWho(new Refused(401, ""));
});

// Nothing of what was shown stays for whoever comes next.
function clear() {
  wall.clear();
  chart.clear();
  for (const id of ["path", "total", "large-title", "marks", "facts", "nothing"]) $(id).replaceChildren();
  for (const id of ["view", "large", "sign-out"]) $(id).hidden = true;
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
  try {
    let first = true;
    for await (const { probes, gone } of api.events(prefix, mine.signal, (text) => { $("state").textContent = text; })) {
      if (mine.signal.aborted) return;
      // The names of others may begin with that of a probe.
      const meant = Object.entries(probes).filter(([name]) => !wanted.probes || name === wanted.probes);
      wall.take(Object.fromEntries(meant.slice(0, MOST_TILES)), gone);
      filter();
      if (first) before(wanted, mine.signal);
      first = false;
    }
  } catch (error) {
    if (!mine.signal.aborted) askWho(error);
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
  const shown = wall.show((name) => words.every((word) => name.toLowerCase().includes(word)), state.probes);
  $("nothing").hidden = shown > 0;
  $("nothing").textContent = wall.tiles.size ? "No probe's name has this in it." : "No probe has said anything yet.";
  $("total").textContent = shown ? `${shown} ${shown === 1 ? "probe" : "probes"}, ${watts(wall.watts())}` : "";
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
    const found = await api.history(query, mine.signal);
    if (mine.signal.aborted) return;
    $("large").hidden = false;
    $("large-title").textContent = stacked ? `${state.probes.length} probes stacked` : state.at || "All probes";
    chart.show(found, stacked, state.marks, [start, end], state.from === null);
    showFacts(found);
    await showMarks(query, mine.signal);
    if (state.from === null) timer = setTimeout(refresh, Math.max(1000, found.step_s * 500));
  } catch (error) {
    if (mine.signal.aborted || error.name === "AbortError") return;
    if ([400, 404].includes(error.status)) $("large").hidden = true;
    if (error.status === 404) return;
    if (error.status === 401) askWho(error);
    else {
      $("state").textContent = error.message;
      if (state.from === null) timer = setTimeout(refresh, 5000);
    }
  }
}

function showFacts(found) {
  const whole = (name) => found.series.reduce((sum, series) => sum + series[name], 0);
  const known = found.series.flatMap((series) => series.max_w.filter((value) => value !== null));
  const probes = whole("probes");
  const coverage = probes ? found.series.reduce((sum, series) => sum + series.coverage * series.probes, 0) / probes : 0;
  const facts = [
    ["Energy", kwh(whole("kwh"))],
    ["Measured", `${coverage.toFixed(1)} %`],
    ["Peak", known.length ? watts(known.reduce((most, value) => Math.max(most, value))) : "\u2013"],
    ["Steps of", `${found.step_s} s`],
    ["Probes", String(probes)],
  ];
  $("facts").replaceChildren(...facts.map(([name, value]) => {
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
  const energy = found.series.reduce((sum, series) => sum + series.kwh, 0);
  const coverage = found.series.reduce((sum, series) => sum + series.coverage, 0) / Math.max(1, found.series.length);
  $("marks").textContent = `${moment(found.start)} to ${moment(found.end)}: ${kwh(energy)}, ${coverage.toFixed(1)} % measured`;
}

function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString();
}

function kwh(value) {
  return value < 1 ? `${(value * 1000).toFixed(value < 0.01 ? 3 : 1)} Wh` : `${value.toFixed(3)} kWh`;
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
begin();
