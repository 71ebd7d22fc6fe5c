// The table of Redis servers. Its rows stay in place from one state to the next, so that neither
// the focus nor a screen reader's place is lost.

import { make, makeSvg, setText } from "./dom.js";
import { ago, count, percent } from "./format.js";
import { colourOf } from "./ring.js";

const text = (value) => (cell) => setText(cell, value);

function showState(node) {
  return (cell) => {
    cell.firstElementChild ?? cell.append(make("span"));
    cell.firstElementChild.className = `state ${node.state.toLowerCase()}`;
    setText(cell.firstElementChild, node.state);
  };
}

const DOUBTS = { BEHIND: " (behind)", AMNESIC: " (amnesic)" };

const reason = (node) => node.reason + (DOUBTS[node.doubt] ?? "");

function showShare(node) {
  return (cell) => {
    if (!cell.firstElementChild) {
      const bar = makeSvg("rect", { height: 8, width: 0 });
      cell.append(makeSvg("svg", {
        class: "share", viewBox: "0 0 56 8", preserveAspectRatio: "none", "aria-hidden": "true",
      }, bar), make("span"));
    }
    cell.querySelector("rect").setAttribute("width", (node.share * 56).toFixed(1));
    setText(cell.lastElementChild, percent(node.share));
  };
}

const roundTrip = (micros) =>
  (micros >= 1000 ? `${(micros / 1000).toFixed(1)} ms` : `${micros} µs`);

function lastPing(node, now) {
  return node.lastPing ? `${ago(node.lastPing, now)}, ${roundTrip(node.pingRttMicros)}` : "never";
}

// Of a server that is being refilled.
function resync({ resync: progress }) {
  if (progress === undefined) return "";
  if (progress.waitingFor) return `waits for ${progress.waitingFor}`;
  const total = progress.keysDone + progress.keysLeft;
  const done = total > 0 ? percent(progress.keysDone / total) : "begins";
  return progress.keysPerSecond > 0 ? `${done}, ${count(progress.keysPerSecond)} keys/s` : done;
}

// `has` tells of a column that is shown only where a server says something for it.
const COLUMNS = [
  { head: "State", show: showState },
  { head: "Reason", show: (node) => text(reason(node)) },
  { head: "Since", show: (node, now) => text(ago(node.since, now)) },
  { head: "Last ping", show: (node, now) => text(lastPing(node, now)) },
  { head: "Share", show: showShare },
  { head: "Keys", show: (node) => text(node.keys === undefined ? "" : count(node.keys)),
    has: (nodes) => nodes.some((node) => node.keys !== undefined) },
  { head: "Resync", show: (node) => text(resync(node)),
    has: (nodes) => nodes.some((node) => node.resync !== undefined) },
  { head: "Redis", show: (node) => text(node.redisVersion || "unknown") },
  { head: "Run id", show: (node) => text(node.runId ? node.runId.slice(0, 8) : "unknown"),
    mono: true },
];

export class NodesView {
  // `onChoose` gets the index of the server that is chosen, or null.
  constructor(head, body, onChoose) {
    this.head = head;
    this.body = body;
    this.onChoose = onChoose;
    this.chosen = null;
    this.shape = "";
  }

  show(nodes, now) {
    const columns = COLUMNS.filter((column) => !column.has || column.has(nodes));
    const shape = JSON.stringify([columns.map((column) => column.head),
      nodes.map((node) => node.name)]);
    if (shape !== this.shape) this.#build(columns, nodes);
    this.shape = shape;
    nodes.forEach((node, i) => {
      const row = this.body.rows[i];
      row.className = `${colourOf(i)} ${node.state.toLowerCase()}`;
      columns.forEach((column, c) => column.show(node, now)(row.cells[c + 1]));
      row.cells[0].firstElementChild.title = node.address;
    });
  }

  #build(columns, nodes) {
    const heads = ["Server", ...columns.map((column) => column.head)];
    this.head.replaceChildren(...heads.map((head) =>
      make("th", { scope: "col", role: "columnheader" }, head)));
    this.body.replaceChildren(...nodes.map((node, i) => this.#row(columns, node, i)));
  }

  #row(columns, node, i) {
    const choose = make("button", { class: "choose", type: "button", "aria-pressed": "false" },
      node.name);
    choose.addEventListener("click", () => this.#choose(this.chosen === i ? null : i));
    return make("tr", { role: "row" },
      make("th", { scope: "row", role: "rowheader" }, choose),
      columns.map((column) => make("td", {
        role: "cell", "data-label": column.head, class: column.mono ? "mono" : null,
      })));
  }

  #choose(index) {
    this.chosen = index;
    for (const [i, row] of [...this.body.rows].entries()) {
      row.cells[0].firstElementChild.setAttribute("aria-pressed", String(i === index));
    }
    this.onChoose(index);
  }
}
