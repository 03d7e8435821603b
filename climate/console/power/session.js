// SPDX-License-Identifier: Apache-2.0
// Who is signed in, and until when: the forms, what is said when somebody is refused, and the way out.

import { Refused } from "./api.js";

// What browsers can count.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const $ = (id) => document.getElementById(id);

export class Session {
  #inside = false;
  #ending = 0;
  #ways = null;

  // `entered()` and `left()` are called when somebody comes in and goes, `forgotten()` when they want nothing to stay.
  constructor(api, { entered, left, forgotten }) {
    this.api = api;
    this.entered = entered;
    this.left = left;
    this.#listen($("by-password"), (fields) => api.signIn(fields));
    this.#listen($("by-token"), ({ token }) => api.bring(token.trim()));
    $("sign-out").addEventListener("click", () => {
      forgotten();
      this.#leave();
      this.#ask("");
    });
  }

  async begin() {
    if (this.api.token === null) {
      await this.#ask("");
      return;
    }
    try {
      await this.api.json("v1/probe-ids/?limit=1");
    } catch (error) {
      await this.refuse(error);
      return;
    }
    $("sign-in").hidden = true;
    $("sign-out").hidden = false;
    this.#inside = true;
    if (this.api.endsAt) this.#endAt(this.api.endsAt);
    this.entered();
  }

  // The service does not let them in, or no longer.
  async refuse(error) {
    let said = error.message;
    if (error instanceof Refused && error.status === 401) {
      said = this.#inside ? "Your session has ended; sign in again." : "This token is not known, or it has expired.";
    }
    this.#leave();
    await this.#ask(said);
  }

  // Before the service has to refuse what the token no longer opens.
  #endAt(seconds) {
    const left = 1000 * seconds - Date.now();
    this.#ending = setTimeout(() => this.refuse(new Refused(401, "")), Math.min(LONGEST_TIMER_MS, left));
  }

  #leave() {
    clearTimeout(this.#ending);
    this.#inside = false;
    this.api.signOut();
    $("sign-out").hidden = true;
    this.left();
  }

  async #ask(said) {
    $("sign-in-error").textContent = said;
    $("sign-in").hidden = false;
    this.#ways ??= await this.api.ways().catch(() => null);
    const password = Boolean(this.#ways?.password);
    $("by-password").hidden = !password;
    (password ? $("by-password").elements.user : $("by-token").elements.token).focus();
  }

  #listen(form, act) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const [button, secret] = [form.querySelector("button"), form.querySelector("[type=password]")];
      const fields = Object.fromEntries(new FormData(form));
      button.disabled = true;
      secret.value = "";
      $("sign-in-error").textContent = "";
      try {
        await act(fields);
        await this.begin();
        if (this.#inside) form.reset();
        else secret.focus();
      } catch (error) {
        $("sign-in-error").textContent = error.message;
        secret.focus();
      }
      button.disabled = false;
    });
  }
}
