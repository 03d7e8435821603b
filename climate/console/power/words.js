// SPDX-License-Identifier: Apache-2.0
// Numbers and instants as people read them.

const NOTHING = "\u2013";

export function watts(value) {
  if (value === null || value === undefined) return `${NOTHING} W`;
  if (Math.abs(value) >= 10000) return `${(value / 1000).toFixed(1)} kW`;
  return `${value.toFixed(Math.abs(value) < 100 ? 1 : 0)} W`;
}

export function kwh(value) {
  return value < 1 ? `${(value * 1000).toFixed(value < 0.01 ? 3 : 1)} Wh` : `${value.toFixed(3)} kWh`;
}

export function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString();
}

// Of how much of the time something was measured, rounded down: what lacks something is not whole.
export function percent(value) {
  return `${(Math.floor(value * 10) / 10).toFixed(1)} %`;
}

export function probes(count) {
  return `${count} ${count === 1 ? "probe" : "probes"}`;
}

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

// A duration in its two largest units.
export function duration(seconds) {
  const parts = [];
  let left = seconds;
  for (const [size, name] of UNITS) {
    if (left >= size) parts.push(`${Math.floor(left / size)} ${name}`);
    left %= size;
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

// What stands below the large chart, in pairs. Of several probes the peak is what all of them together drew at most.
export function facts(found) {
  const whole = (name) => found.series.reduce((sum, series) => sum + series[name], 0);
  const sums = found.at.map((_, place) => found.series.reduce((sum, { max_w: { [place]: most } }) => (most === null ? sum : (sum ?? 0) + most), null));
  const known = sums.filter((value) => value !== null);
  const count = whole("probes");
  const coverage = count ? found.series.reduce((sum, series) => sum + series.coverage * series.probes, 0) / count : 0;
  return [
    ["Energy", kwh(whole("kwh"))],
    ["Measured", percent(coverage)],
    ["Peak", known.length ? watts(known.reduce((most, value) => Math.max(most, value))) : NOTHING],
    ["Steps of", duration(found.step_s)],
    ["Probes", String(count)],
  ];
}

// What lies between two marks.
export function between(found) {
  const energy = found.series.reduce((sum, series) => sum + series.kwh, 0);
  const coverage = found.series.reduce((sum, series) => sum + series.coverage, 0) / Math.max(1, found.series.length);
  return `${moment(found.start)} to ${moment(found.end)}: ${kwh(energy)}, ${percent(coverage)} measured`;
}
