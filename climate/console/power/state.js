// SPDX-License-Identifier: Apache-2.0
// What is looked at, as it stands in the address: at (a prefix), probes, span or from and to, marks, find.

export const RANGES = [
  ["1 min", 60], ["5 min", 300], ["1 h", 3600], ["6 h", 21600], ["1 d", 86400], ["7 d", 604800], ["30 d", 2592000],
  ["1 y", 31536000],
];
export const SHORTEST_S = 10;

export function read(search) {
  const query = new URLSearchParams(search);
  const number = (name) => (query.has(name) && Number.isFinite(+query.get(name)) ? +query.get(name) : null);
  const from = number("from");
  const to = number("to");
  const fixed = from !== null && to !== null && from < to;
  return {
    at: query.get("at") || "",
    probes: (query.get("probes") || "").split(",").filter(Boolean),
    span: Math.max(SHORTEST_S, number("span") || 300),
    from: fixed ? from : null,
    to: fixed ? to : null,
    marks: (query.get("marks") || "").split(",").filter(Boolean).map(Number).filter(Number.isFinite).slice(0, 2),
    find: query.get("find") || "",
  };
}

export function write(state) {
  const query = new URLSearchParams();
  if (state.at) query.set("at", state.at);
  if (state.probes.length) query.set("probes", state.probes.join(","));
  if (state.from !== null) {
    query.set("from", Math.round(state.from));
    query.set("to", Math.round(state.to));
  } else if (state.span !== 300) query.set("span", state.span);
  if (state.marks.length) query.set("marks", state.marks.map(Math.round).join(","));
  if (state.find) query.set("find", state.find);
  return `?${query}`;
}

export function period(state, now) {
  return state.from === null ? [now - state.span, now] : [state.from, state.to];
}
