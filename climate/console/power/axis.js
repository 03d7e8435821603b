// SPDX-License-Identifier: Apache-2.0
// What stands at the ticks of time: the finer part of each, and below it the coarser one where it is new, as this person's
// language writes them.

const MINUTE_S = 60;
const DAY_S = 86400;
const LETTER_PX = 7;

const written = (form) => {
  const format = new Intl.DateTimeFormat(undefined, form);
  return (seconds) => format.format(seconds * 1000);
};
const second = (seconds) => `:${String(new Date(seconds * 1000).getSeconds()).padStart(2, "0")}`;
const minute = written({ hour: "2-digit", minute: "2-digit" });
const day = written({ day: "numeric", month: "short" });
const date = written({ day: "numeric", month: "short", year: "numeric" });
const month = written({ month: "short" });
const year = written({ year: "numeric" });

// By the distance of two ticks: the finer part, the coarser one, and how the coarser one is written at first.
function forms(step_s) {
  if (step_s < MINUTE_S) return [second, minute, (seconds) => `${day(seconds)}, ${minute(seconds)}`];
  if (step_s < DAY_S) return [minute, day, date];
  if (step_s < 28 * DAY_S) return [day, year, year];
  return step_s < 365 * DAY_S ? [month, year, year] : [year, () => "", () => ""];
}

// The texts at instants in seconds that are `apart_px` from one to the next. What has no room before the next is left out.
export function labels(instants, step_s, apart_px) {
  const [fine, coarse, first] = forms(step_s);
  const below = instants.map((at, place) => (place && coarse(at) === coarse(instants[place - 1]) ? "" : coarse(at)));
  let begun = false;
  return instants.map((at, place) => {
    if (!below[place]) return fine(at);
    const next = below.findIndex((text, later) => later > place && text);
    const room = next < 0 ? Infinity : (next - place) * apart_px;
    const text = begun ? below[place] : first(at);
    const wide = next < 0 ? text.length : (text.length + first(instants[next]).length) / 2;
    if (wide * LETTER_PX > room) return fine(at);
    begun = true;
    return `${fine(at)}\n${text}`;
  });
}
