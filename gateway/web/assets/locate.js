// The box that asks where a key lives, and the table of what each server holds for it.

import { make, setText } from "./dom.js";
import { bytes, clock } from "./format.js";
import { angleOfToken } from "./ring.js";

const HEADS = ["Place", "Server", "State", "Holds", "Version", "Expires", "Size"];
const HELD = {
  NONE: "nothing",
  VALUE: "a value",
  TOMBSTONE: "a delete",
  EXPIRED: "an expired value",
  FOREIGN: "something that Kache did not write",
  NEWER_FORMAT: "a record of a newer Kache",
  UNKNOWN: "not known",
};
const TIMEOUT_MS = 5000;

// A browser takes these for parts of the path, however they are written.
const isDots = (key) => key === "." || key === "..";

async function ask(key) {
  const answer = await fetch(`api/v1/locate/${encodeURIComponent(key)}`, {
    signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store",
  });
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.error.message);
  return document;
}

function place(i, homes) {
  return i < homes ? `home ${i + 1}` : "stand-in";
}

function agreement(location) {
  const homes = location.replicas.slice(0, location.homeReplicas);
  const answered = homes.filter((replica) => replica.content !== "UNKNOWN");
  const versions = new Set(answered.map((replica) => replica.version ?? ""));
  if (answered.length < homes.length) {
    return `${answered.length} of its ${homes.length} home replicas answered.`;
  }
  if (versions.size > 1) return "Its home replicas hold different versions.";
  return versions.has("") ? "None of its home replicas holds it." : "Its home replicas agree.";
}

function holds(replica) {
  const held = HELD[replica.content] ?? replica.content;
  return replica.error ? `${held}: ${replica.error}` : held;
}

export class LocateView {
  constructor({ form, input, note, table, head, body, ring }) {
    Object.assign(this, { form, input, note, table, body, ring });
    this.asked = 0;
    head.append(...HEADS.map((name) =>
      make("th", { scope: "col", role: "columnheader" }, name)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#look(input.value);
    });
  }

  async #look(key) {
    const turn = ++this.asked;
    if (isDots(key)) {
      this.#fail(`A browser cannot ask for the key "${key}".`);
      return;
    }
    try {
      const location = await ask(key);
      if (turn === this.asked) this.#show(location);
    } catch (error) {
      if (turn === this.asked) this.#fail(`It could not be looked up: ${error.message}`);
    }
  }

  #fail(message) {
    this.table.hidden = true;
    this.ring.pin(null);
    setText(this.note, message);
  }

  #show(location) {
    const asked = location.servedBy === undefined
      ? "No server could answer a read of it." : `A read asks ${location.servedBy}.`;
    setText(this.note, `${JSON.stringify(location.key)} stands at ${location.token} on the ring. ` +
      `${asked} ${agreement(location)}`);
    this.body.replaceChildren(...location.replicas.map((replica, i) =>
      this.#row(replica, place(i, location.homeReplicas))));
    this.table.hidden = false;
    this.ring.pin(angleOfToken(location.token));
  }

  #row(replica, where) {
    const cell = (i, content, kind = null) =>
      make("td", { role: "cell", "data-label": HEADS[i], class: kind }, content);
    const held = replica.version !== undefined;
    return make("tr", { role: "row", class: replica.state.toLowerCase() },
      make("th", { scope: "row", role: "rowheader" }, where),
      cell(1, replica.node ?? "a server of unknown name"),
      cell(2, make("span", { class: `state ${replica.state.toLowerCase()}` }, replica.state)),
      cell(3, holds(replica)),
      cell(4, replica.version ?? "", "mono"),
      cell(5, !held ? "" : replica.expiresAt ? clock(replica.expiresAt) : "never"),
      cell(6, replica.content === "VALUE" ? bytes(replica.valueBytes) : ""));
  }
}
