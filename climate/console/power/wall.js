// SPDX-License-Identifier: Apache-2.0
// Many small charts: each a canvas with the last minutes, drawn when it is seen and has something new.

import { Past } from "./past.js";
import { watts } from "./words.js";

const SHOWN_S = 300;
const GAP_S = 15;
const MOST_TILES = 1000;
const REDRAWN_MS = 5000;
const FRAME_MS = 8; // of a frame's 16, so that the page goes on scrolling

export class Wall {
  constructor(list, link, choose) {
    this.list = list;
    this.link = link;
    this.choose = choose;
    this.tiles = new Map();
    this.beyond = new Map(); // power by the names for which there is no room
    this.due = new Set();
    this.seen = new IntersectionObserver((entries) => entries.forEach((entry) => this.#seen(entry)));
    this.asked = false;
    // Time goes on for those that say nothing, too.
    setInterval(() => this.redraw(), REDRAWN_MS);
  }

  clear() {
    this.seen.disconnect();
    this.tiles.clear();
    this.beyond.clear();
    this.due.clear();
    this.list.replaceChildren();
  }

  // Readings that came: {probe: {timestamp, w, stale, flags}}; and the names of those that are gone.
  take(probes, gone) {
    const known = this.tiles.size;
    for (const [name, probe] of Object.entries(probes)) {
      const tile = this.tiles.get(name) || this.#made(name);
      if (!tile) {
        this.beyond.set(name, probe.stale ? null : probe.w);
        continue;
      }
      tile.told(probe);
      this.#draw(tile);
    }
    for (const name of gone) {
      this.beyond.delete(name);
      const tile = this.tiles.get(name);
      if (tile) {
        tile.gone();
        this.#draw(tile);
      }
    }
    if (this.tiles.size !== known) this.#sort();
  }

  // What was before: {at, series} of the API.
  past(history) {
    for (const series of history.series) {
      const tile = this.tiles.get(series.probe_id);
      if (tile) {
        tile.before(history.at, series.average_w);
        this.#draw(tile);
      }
    }
  }

  show(wanted, chosen) {
    for (const tile of this.tiles.values()) {
      tile.item.hidden = !wanted(tile.name);
      tile.choice(chosen.includes(tile.name));
    }
  }

  // The power of all that is known by name, in watts; null of those that say nothing.
  *power() {
    for (const tile of this.tiles.values()) yield [tile.name, tile.live ? tile.last : null];
    yield* this.beyond;
  }

  redraw() {
    for (const tile of this.tiles.values()) this.#draw(tile);
  }

  #made(name) {
    if (this.tiles.size >= MOST_TILES) return null;
    const tile = new Tile(name, this.link(name), () => this.choose(name));
    this.tiles.set(name, tile);
    this.list.append(tile.item);
    this.seen.observe(tile.item);
    return tile;
  }

  #sort() {
    const order = new Intl.Collator("en", { numeric: true });
    const tiles = [...this.tiles.values()].sort((one, two) => order.compare(one.name, two.name));
    this.tiles = new Map(tiles.map((tile) => [tile.name, tile]));
    this.list.append(...tiles.map((tile) => tile.item));
  }

  #seen(entry) {
    for (const tile of this.tiles.values()) {
      if (tile.item === entry.target) {
        tile.visible = entry.isIntersecting;
        this.#draw(tile);
      }
    }
  }

  #draw(tile) {
    this.due.add(tile);
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => this.#frame());
  }

  #frame() {
    const begun = performance.now();
    for (const tile of this.due) {
      if (performance.now() - begun > FRAME_MS) break;
      this.due.delete(tile);
      if (tile.visible) tile.draw();
    }
    this.asked = this.due.size > 0;
    if (this.asked) requestAnimationFrame(() => this.#frame());
  }
}

class Tile {
  constructor(name, href, chosen) {
    this.name = name;
    this.past = new Past();
    this.last = null;
    this.live = true;
    this.visible = false;
    this.item = document.createElement("li");
    this.item.className = "tile";
    const anchor = document.createElement("a");
    anchor.href = href;
    anchor.dataset.inside = "";
    this.label = Object.assign(document.createElement("span"), { className: "name", textContent: name });
    this.value = Object.assign(document.createElement("span"), { className: "watts" });
    this.word = Object.assign(document.createElement("span"), { className: "word" });
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    const line = document.createElement("div");
    line.append(this.value, this.word);
    anchor.append(this.label, line, this.canvas);
    this.box = Object.assign(document.createElement("input"), { type: "checkbox", title: "Stack" });
    this.box.setAttribute("aria-label", `Stack ${name}`);
    this.box.addEventListener("change", chosen);
    this.item.append(anchor, this.box);
  }

  told(probe) {
    const flags = probe.flags || [];
    this.live = !probe.stale;
    this.last = probe.w;
    if (!probe.stale && probe.timestamp > this.past.newest) this.past.push(probe.timestamp, probe.w);
    // The line ends here, and begins anew after the silence.
    else if (probe.stale && !this.past.ended) this.past.push(this.past.newest, null);
    if (flags.includes("implausible")) this.#say("implausible");
    else this.#say(probe.stale ? `silent since ${new Date(probe.timestamp * 1000).toLocaleTimeString()}` : "");
    this.item.classList.toggle("stale", probe.stale);
    this.item.classList.toggle("implausible", flags.includes("implausible"));
    this.item.classList.remove("gone");
    this.value.textContent = watts(probe.w);
  }

  gone() {
    this.live = false;
    this.last = null;
    this.#say("gone");
    this.item.classList.add("gone");
    this.value.textContent = watts(null);
  }

  before(at, values) {
    this.past.before(at, values);
  }

  choice(chosen) {
    this.box.checked = chosen;
    this.item.classList.toggle("chosen", chosen);
  }

  draw() {
    const now = Date.now() / 1000;
    const ratio = devicePixelRatio;
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    let least = 0;
    let most = 0;
    this.past.each(now - SHOWN_S, (_, value) => {
      if (value < least) least = value;
      if (value > most) most = value;
    });
    const scale = height / ((most - least) * 1.1 || 1);
    pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--power");
    pen.lineWidth = 1.5 * ratio;
    pen.beginPath();
    let before = -Infinity;
    this.past.each(now - SHOWN_S, (instant, value) => {
      if (Number.isNaN(value)) {
        before = -Infinity;
        return;
      }
      const x = width * (1 - (now - instant) / SHOWN_S);
      const y = height - (value - least) * scale;
      if (instant - before <= GAP_S) pen.lineTo(x, y);
      else pen.moveTo(x, y);
      before = instant;
    });
    pen.stroke();
  }

  #say(word) {
    if (this.word.textContent !== word) this.word.textContent = word;
  }
}
