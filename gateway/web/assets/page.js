// The status page: asks the gateway for /status and /metrics every two seconds and shows both. What
// it shows while the gateway or the servers do not answer is marked as old.

import { byId, setText } from "./dom.js";
import { parseExposition } from "./exposition.js";
import { clock, duration } from "./format.js";
import { LocateView } from "./locate.js";
import { NodesView } from "./nodes.js";
import { RingView } from "./ring.js";
import { readingOf, Traffic } from "./traffic.js";
import { TrafficView } from "./traffic_view.js";

const INTERVAL_MS = 2000;
const TIMEOUT_MS = 4000;

const ring = new RingView(byId("ring"));
const nodes = new NodesView(byId("nodes-head"), byId("nodes-body"), (index) => ring.choose(index));
const locate = new LocateView({
  form: byId("locate"), input: byId("key"), note: byId("located"), table: byId("replicas"),
  head: byId("replicas-head"), body: byId("replicas-body"), ring,
});
const trafficView = new TrafficView({
  tiles: byId("tiles"), rates: byId("rates"), ratesTop: byId("rates-top"),
  latencies: byId("latencies"), latenciesTop: byId("latencies-top"), note: byId("traffic-note"),
});
const traffic = new Traffic();

let lastStatusAt = null;  // when /status last answered, by this machine's clock

function ask(path) {
  return fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
}

const MOST_NAMED = 3;

// "a (connection_refused), b (unresponsive)"; the table names those that are too many here.
function named(some) {
  const names = some.slice(0, MOST_NAMED).map((node) => `${node.name} (${node.reason})`);
  if (some.length > MOST_NAMED) names.push(`${some.length - MOST_NAMED} more`);
  return names.join(", ");
}

function summaryOf(all) {
  const down = all.filter((node) => node.state === "DOWN");
  const syncing = all.filter((node) => node.state === "SYNCING");
  const parts = [];
  if (down.length > 0) parts.push(`${down.length} of ${all.length} DOWN: ${named(down)}.`);
  if (syncing.length > 0) {
    parts.push(`${syncing.length} of ${all.length} SYNCING: ${named(syncing)}.`);
  }
  if (parts.length === 0) {
    return ["up", all.length === 1
      ? "The Redis server is UP." : `All ${all.length} Redis servers are UP.`];
  }
  parts.push("kachectl doctor says what to do.");
  return [down.length > 0 ? "down" : "syncing", parts.join(" ")];
}

// The servers stand in the order of their names: that of the answer is another one with every
// coordinator.
function showStatus(status, now) {
  status.nodes.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const exact = ring.show(status);
  nodes.show(status.nodes, now);
  const [state, text] = summaryOf(status.nodes);
  byId("summary").className = `banner ${state}`;
  setText(byId("summary"), text);
  const drawn = exact ? `${status.vnodesPerNode} virtual nodes of each server.`
    : "One arc for each server, as long as its share.";
  setText(byId("ring-note"), `${drawn} Outlined parts are DOWN, pale ones SYNCING.`);
  setText(byId("about"), `Kache ${status.serverVersion}, as coordinator ${status.coordinator} ` +
    `sees it (running for ${duration(now - status.startedAt)}). Ring ${status.ringFingerprint}.`);
}

// What is wrong, or nothing.
async function refreshStatus() {
  let answer;
  try {
    answer = await ask("status");
  } catch {
    return "The gateway does not answer.";
  }
  const document = await answer.json().catch(() => null);
  if (!answer.ok || !document) {
    const why = document?.error?.message ?? `status ${answer.status}`;
    return `The gateway answers, but no Kache server does: ${why}.`;
  }
  lastStatusAt = Date.now();
  // By the server's clock, which the instants in the answer are of.
  showStatus(document, Date.parse(answer.headers.get("date")) || Date.now());
  return null;
}

async function refreshTraffic() {
  try {
    const answer = await ask("metrics");
    if (!answer.ok) return;
    traffic.add(readingOf(parseExposition(await answer.text()), performance.now() / 1000));
    trafficView.show(traffic);
  } catch {
    // /status says what is wrong.
  }
}

function showProblem(problem) {
  const old = lastStatusAt === null ? "Nothing is known yet."
    : `What is shown below is as it was at ${clock(lastStatusAt)}.`;
  setText(byId("problem"), problem ? `${problem} ${old}` : "");
  byId("problem").hidden = !problem;
  byId("summary").hidden = Boolean(problem);
  document.body.classList.toggle("stale", Boolean(problem));
  byId("freshness").className = `freshness ${problem ? "lost" : "live"}`;
  setText(byId("freshness"), problem ? "Not connected" : "Live");
}

// Rests while nobody looks.
async function visible() {
  while (document.hidden) {
    await new Promise((resume) => {
      document.addEventListener("visibilitychange", resume, { once: true });
    });
  }
}

for (;;) {
  await visible();
  const [problem] = await Promise.all([refreshStatus(), refreshTraffic()]);
  showProblem(problem);
  await new Promise((resume) => setTimeout(resume, INTERVAL_MS));
}
