// SPDX-License-Identifier: Apache-2.0
// What kwapi-api is asked. The token is kept here, in memory, and goes with the page.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const LEAST_WAIT_MS = 500;
const MOST_WAIT_MS = 15000;

export class Api {
  constructor() {
    this.signOut();
  }

  signOut() {
    this.bring(null);
  }

  // A token, and when it ends in seconds since 1970, if anybody said so.
  bring(token, endsAt = null) {
    this.token = token;
    this.endsAt = endsAt;
  }

  async ask(path, options = {}) {
    const headers = { Accept: "application/json", ...(options.headers || {}) };
    if (this.token) headers["X-Auth-Token"] = this.token;
    let answer;
    try {
      answer = await fetch(path, { ...options, headers, credentials: "omit" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, "The service does not answer.");
    }
    if (!answer.ok) {
      const body = await answer.json().catch(() => ({}));
      throw new Refused(answer.status, body.error?.message || `The service answered ${answer.status}.`);
    }
    return answer;
  }

  async json(path, options) {
    return (await this.ask(path, options)).json();
  }

  ways() {
    return this.json("sign-in");
  }

  async signIn(names) {
    const body = JSON.stringify(names);
    const headers = { "Content-Type": "application/json" };
    const answer = await this.json("sign-in", { method: "POST", body, headers });
    this.bring(answer.token, answer.expires_at);
  }

  // The history of probes, of those under a prefix, or of their sum.
  history(query, signal) {
    return this.json(`v1/history?${new URLSearchParams(query)}`, { signal });
  }

  // Readings as they come, for ever: {probes, gone, whole}. Begins anew, with the whole, after a loss; `state` is told.
  async *events(prefix, signal, state) {
    for (let wait = LEAST_WAIT_MS; !signal.aborted; wait = Math.min(2 * wait, MOST_WAIT_MS)) {
      let ended = false;
      try {
        const answer = await this.ask(`v1/events?${new URLSearchParams({ prefix })}`, { signal });
        state("Connected.");
        wait = LEAST_WAIT_MS;
        let whole = true;
        for await (const event of parts(answer.body)) {
          yield { ...event, whole };
          whole = false;
        }
        ended = true; // from time to time the service asks for the token again
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && [401, 403].includes(error.status)) throw error;
      }
      if (!ended) state("The connection is lost; trying again.");
      await pause(wait, signal);
    }
  }
}

async function* parts(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    waiting += value;
    const events = waiting.split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const data = event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      if (data.length) yield JSON.parse(data.join("\n"));
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
