// Shows what traffic.js computes: five numbers and two charts.

import { make, makeSvg, setText } from "./dom.js";
import { latency, rate } from "./format.js";
import { HISTORY_SECONDS } from "./traffic.js";

const WIDTH = 600;
const HEIGHT = 90;
const NOTHING = "–";
const SOURCE = "Requests for keys, as this gateway counts them; the numbers are of the last ten " +
  "seconds.";

const TILES = [
  ["Requests / s", (now) => rate(now.requests)],
  ["Errors / s", (now) => rate(now.errors)],
  ["Latency p50", (now) => (now.p50 === null ? NOTHING : latency(now.p50))],
  ["Latency p95", (now) => (now.p95 === null ? NOTHING : latency(now.p95))],
  ["Latency p99", (now) => (now.p99 === null ? NOTHING : latency(now.p99))],
];

// A line through the values that are there; gaps stay gaps.
function line(history, member, top) {
  const end = history.at(-1)?.at ?? 0;
  let path = "";
  let drawing = false;
  for (const entry of history) {
    const value = entry[member];
    if (value === null) {
      drawing = false;
      continue;
    }
    const x = WIDTH * (1 - (end - entry.at) / HISTORY_SECONDS);
    const y = HEIGHT - 2 - (HEIGHT - 6) * (value / top);
    path += `${drawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    drawing = true;
  }
  return path;
}

// The same, closed along the bottom; the requests have no gaps.
function area(path) {
  const first = /^M([\d.]+)/.exec(path)?.[1];
  return first === undefined ? "" : `${path}V${HEIGHT}H${first}Z`;
}

const highest = (history, ...members) =>
  Math.max(0, ...history.flatMap((entry) => members.map((member) => entry[member] ?? 0)));

export class TrafficView {
  constructor({ tiles, rates, ratesTop, latencies, latenciesTop, note }) {
    Object.assign(this, { rates, ratesTop, latencies, latenciesTop, note });
    this.values = TILES.map(([name]) => {
      const value = make("dd", {}, NOTHING);
      tiles.append(make("div", {}, make("dt", {}, name), value));
      return value;
    });
  }

  show(traffic) {
    const now = traffic.now();
    this.values.forEach((value, i) => setText(value, now ? TILES[i][1](now) : NOTHING));
    this.values[1].classList.toggle("down", now !== null && now.errors > 0);
    this.#showRates(traffic.history, now);
    this.#showLatencies(traffic.history, now);
    setText(this.note, traffic.unsteady
      ? "Several gateways answer here in turn, so no rates can be told. Open one of them directly."
      : SOURCE);
  }

  #showRates(history, now) {
    const top = highest(history, "requests", "errors");
    const requests = line(history, "requests", top || 1);
    this.rates.replaceChildren(
      makeSvg("path", { d: area(requests), class: "area" }),
      makeSvg("path", { d: requests }),
      makeSvg("path", { d: line(history, "errors", top || 1), class: "down" }));
    setText(this.ratesTop, top > 0 ? `Highest: ${rate(top)}.` : "");
    this.rates.setAttribute("aria-label", now
      ? `${rate(now.requests)} requests and ${rate(now.errors)} errors each second; ` +
        `at most ${rate(top)} in the last two minutes`
      : "No requests were seen yet");
  }

  #showLatencies(history, now) {
    const top = highest(history, "p50", "p95", "p99");
    this.latencies.replaceChildren(...["p50", "p95", "p99"].map((member) =>
      makeSvg("path", { d: line(history, member, top || 1), class: member })));
    setText(this.latenciesTop, top > 0 ? `Highest: ${latency(top)}.` : "");
    this.latencies.setAttribute("aria-label", now && now.p50 !== null
      ? `Latency: half of the requests within ${latency(now.p50)}, 95 % within ` +
        `${latency(now.p95)}, 99 % within ${latency(now.p99)}`
      : "No latencies were seen yet");
  }
}
