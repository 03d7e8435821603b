// SPDX-License-Identifier: Apache-2.0
// The last readings of one probe, as many as have room: the oldest leave, seen or not, and nothing is allocated.

const ROOM = 320;

export class Past {
  #at = new Float64Array(ROOM);
  #watts = new Float32Array(ROOM); // NaN: the line ends
  #first = 0;
  length = 0;

  get oldest() {
    return this.length ? this.#at[this.#first] : Infinity;
  }

  get newest() {
    return this.length ? this.#at[this.#place(this.length - 1)] : -Infinity;
  }

  get ended() {
    return this.length === 0 || Number.isNaN(this.#watts[this.#place(this.length - 1)]);
  }

  push(at, watts) {
    if (this.length === ROOM) this.#first = this.#place(1);
    else this.length += 1;
    this.#set(this.length - 1, at, watts);
  }

  // What was before all that is known, in its order, as far as there is room.
  before(at, watts) {
    const oldest = this.oldest;
    for (let index = at.length - 1; index >= 0 && this.length < ROOM; index -= 1) {
      if (at[index] >= oldest) continue;
      this.#first = this.#place(ROOM - 1);
      this.length += 1;
      this.#set(0, at[index], watts[index]);
    }
  }

  // Calls see(at, watts) for each since then, the oldest first.
  each(since, see) {
    for (let index = 0; index < this.length; index += 1) {
      const place = this.#place(index);
      if (this.#at[place] >= since) see(this.#at[place], this.#watts[place]);
    }
  }

  #set(index, at, watts) {
    const place = this.#place(index);
    this.#at[place] = at;
    this.#watts[place] = watts ?? NaN;
  }

  #place(index) {
    return (this.#first + index) % ROOM;
  }
}
