// SPDX-License-Identifier: Apache-2.0
// Many small charts: each a canvas with the last minutes, drawn when it is seen and has something new.

const KEPT_S = 300;
const REDRAWN_MS = 5000;
const FRAME_MS = 8; // of a frame's 16, so that the page goes on scrolling

export class Wall {
  constructor(list, link, choose) {
    this.list = list;
    this.link = link;
    this.choose = choose;
    this.tiles = new Map();
    this.due = new Set();
    this.seen = new IntersectionObserver((entries) => entries.forEach((entry) => this.#seen(entry)));
    this.asked = false;
    // Time goes on for those that say nothing, too.
    setInterval(() => this.redraw(), REDRAWN_MS);
  }

  clear() {
    this.seen.disconnect();
    this.tiles.clear();
    this.due.clear();
    this.list.replaceChildren();
  }

  // Readings that came: {probe: {timestamp, w, stale, flags}}; and the names of those that are gone.
  take(probes, gone) {
    const known = this.tiles.size;
    for (const [name, probe] of Object.entries(probes)) {
      const tile = this.tiles.get(name) || this.#made(name);
      tile.told(probe);
      this.#draw(tile);
    }
    for (const name of gone) {
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
    let shown = 0;
    for (const tile of this.tiles.values()) {
      const fits = wanted(tile.name);
      tile.item.hidden = !fits;
      shown += fits;
      tile.choice(chosen.includes(tile.name));
    }
    return shown;
  }

  watts() {
    let sum = 0;
    for (const tile of this.tiles.values()) if (!tile.item.hidden && tile.live && tile.last !== null) sum += tile.last;
    return sum;
  }

  redraw() {
    for (const tile of this.tiles.values()) this.#draw(tile);
  }

  #made(name) {
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
    this.at = [];
    this.watts = [];
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
    if (!probe.stale && probe.timestamp > (this.at.at(-1) ?? 0)) {
      this.at.push(probe.timestamp);
      this.watts.push(probe.w);
    } else if (probe.stale && this.watts.length && this.watts.at(-1) !== null) {
      // The line ends here, and begins anew after the silence.
      this.at.push(this.at.at(-1));
      this.watts.push(null);
    }
    const since = new Date(probe.timestamp * 1000).toLocaleTimeString();
    this.#say(flags.includes("implausible") ? "implausible" : probe.stale ? `silent since ${since}` : "");
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
    const first = this.at[0] ?? Infinity;
    const older = at.map((instant, place) => [instant, values[place]]).filter(([instant]) => instant < first);
    this.at.unshift(...older.map(([instant]) => instant));
    this.watts.unshift(...older.map(([, value]) => value));
  }

  choice(chosen) {
    this.box.checked = chosen;
    this.item.classList.toggle("chosen", chosen);
  }

  draw() {
    const now = Date.now() / 1000;
    let old = 0;
    while (old < this.at.length && this.at[old] < now - KEPT_S) old += 1;
    if (old) {
      this.at.splice(0, old);
      this.watts.splice(0, old);
    }
    const ratio = devicePixelRatio;
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const known = this.watts.filter((value) => value !== null);
    if (!known.length) return;
    const top = Math.max(...known) * 1.1 || 1;
    const style = getComputedStyle(document.documentElement);
    pen.strokeStyle = style.getPropertyValue("--power");
    pen.lineWidth = 1.5 * ratio;
    pen.beginPath();
    let before = null;
    this.at.forEach((instant, place) => {
      const value = this.watts[place];
      if (value === null) {
        before = null;
        return;
      }
      const x = width * (1 - (now - instant) / KEPT_S);
      const y = height * (1 - value / top);
      if (before !== null && instant - before <= 15) pen.lineTo(x, y);
      else pen.moveTo(x, y);
      before = instant;
    });
    pen.stroke();
  }

  #say(word) {
    if (this.word.textContent !== word) this.word.textContent = word;
  }
}

export function watts(value) {
  if (value === null || value === undefined) return "\u2013 W";
  if (Math.abs(value) >= 10000) return `${(value / 1000).toFixed(1)} kW`;
  return `${value.toFixed(Math.abs(value) < 100 ? 1 : 0)} W`;
}
