// SPDX-License-Identifier: Apache-2.0
// The ways down: what comes next in the names of probes, such as the racks of a room, each with its power.

import { watts } from "./words.js";

const ORDER = new Intl.Collator("en", { numeric: true });

// Below a prefix, the next prefixes and what is under each; none where there is but one way, or none.
export function below(probes, at) {
  if (at !== "" && !at.endsWith("/")) return new Map();
  for (let prefix = at; ;) {
    const found = new Map();
    let alone = false;
    for (const [name, power] of probes) {
      if (!name.startsWith(prefix)) continue;
      const end = name.indexOf("/", prefix.length);
      if (end < 0) alone = true;
      else {
        const next = name.slice(0, end + 1);
        const group = found.get(next) || { label: name.slice(prefix.length, end), count: 0, power: null };
        group.count += 1;
        if (power !== null) group.power += power;
        found.set(next, group);
      }
    }
    if (found.size !== 1 || alone) return new Map([...found].sort(([, one], [, two]) => ORDER.compare(one.label, two.label)));
    [prefix] = found.keys();
  }
}

export class Groups {
  constructor(place, link) {
    this.place = place;
    this.link = link;
    this.anchors = new Map();
  }

  clear() {
    this.anchors.clear();
    this.place.replaceChildren();
    this.place.hidden = true;
  }

  // Those that stay keep their elements, and with them the focus.
  show(groups) {
    if ([...groups.keys()].join() !== [...this.anchors.keys()].join()) {
      this.anchors = new Map([...groups].map(([prefix, group]) => [prefix, this.#made(prefix, group)]));
      this.place.replaceChildren(...this.anchors.values());
    }
    for (const [prefix, group] of groups) {
      const [, count, power] = this.anchors.get(prefix).children;
      count.textContent = `${group.count}`;
      count.title = `${group.count} ${group.count === 1 ? "probe" : "probes"}`;
      power.textContent = watts(group.power);
    }
    this.place.hidden = groups.size === 0;
  }

  #made(prefix, group) {
    const anchor = document.createElement("a");
    anchor.href = this.link(prefix);
    anchor.dataset.inside = "";
    const parts = ["label", "count", "power"].map((name) => Object.assign(document.createElement("span"), { className: name }));
    parts[0].textContent = group.label;
    anchor.append(...parts);
    return anchor;
  }
}
