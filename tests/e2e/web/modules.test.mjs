// The page's modules that need no browser: the ring against the golden file of every other
// implementation, and rates out of counters.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { parseExposition } from "./assets/exposition.js";
import { bytes, duration, latency } from "./assets/format.js";
import { token } from "./assets/murmur3.js";
import { angleOfToken, arcsOf } from "./assets/ring.js";
import { quantile, readingOf, Traffic } from "./assets/traffic.js";

const GOLDEN = readFileSync(process.env.KACHE_GOLDEN, "utf8").split("\n");

function statusOf(names, vnodesPerNode, shares) {
  return { vnodesPerNode, nodes: names.map((name, i) => ({ name, share: shares[i] })) };
}

const holds = ([from, to], angle) => from < angle && angle <= to;
const owner = (arcs, angle) =>
  arcs.findIndex((list) => list.some((arc) => holds(arc, angle) || holds(arc, angle - 1)));

test("arcs belong to the first server of each key's preference list", () => {
  let arcs, names;
  let keys = 0;
  for (const line of GOLDEN) {
    const [kind, ...fields] = line.split(" ");
    if (kind === "ring") {
      names = fields[3].split(",");
      arcs = exactArcs(names, Number(fields[0]));
    } else if (kind === "key") {
      assert.equal(owner(arcs, angleOfToken(fields[1])), names.indexOf(fields[2].split(",")[0]));
      keys += 1;
    }
  }
  assert.ok(keys > 50);
});

// The shares are found by trying: those of an exact ring are what its own arcs add up to.
function exactArcs(names, vnodes) {
  const points = names.flatMap((name, node) => Array.from({ length: vnodes },
    (_, i) => [token(`${name}#${i}`), node])).sort(([a], [b]) => (a < b ? -1 : 1));
  const shares = names.map(() => 0);
  points.forEach(([at, node], i) => {
    const before = i > 0 ? points[i - 1][0] : points.at(-1)[0] - (1n << 64n);
    shares[node] += Number(at - before) / 2 ** 64;
  });
  const ring = arcsOf(statusOf(names, vnodes, shares));
  assert.equal(ring.exact, true);
  return ring.arcs;
}

test("tokens are those of the golden file", () => {
  const texts = GOLDEN.map((line) => line.split(" ")).filter(([kind]) => kind === "key")
    .map(([, hex, digits]) => [Buffer.from(hex, "hex").toString("utf8"), hex, digits])
    .filter(([text, hex]) => Buffer.from(text).toString("hex") === hex);
  assert.ok(texts.length > 20);
  for (const [text, , digits] of texts) assert.equal(token(text), BigInt(`0x${digits}`), text);
});

test("arcs are drawn by shares where the ring is another one", () => {
  const { arcs, exact } = arcsOf(statusOf(["a", "b"], 100, [0.9, 0.1]));
  assert.equal(exact, false);
  assert.deepEqual(arcs, [[[0, 0.9]], [[0.9, 1]]]);
});

function exposition({ start = 1, ok = 0, errors = 0, buckets = [0, 0, 0] }) {
  const route = 'route="/api/v1/keys/{key}"';
  return parseExposition([
    "# TYPE kache_gateway_requests_total counter",
    `kache_gateway_start_time_seconds ${start}`,
    `kache_gateway_requests_total{code="200",method="GET",${route}} ${ok}`,
    `kache_gateway_requests_total{code="503",method="GET",${route}} ${errors}`,
    'kache_gateway_requests_total{code="200",method="GET",route="/status"} 1000',
    `kache_gateway_request_seconds_bucket{${route},le="0.001"} ${buckets[0]}`,
    `kache_gateway_request_seconds_bucket{${route},le="0.01"} ${buckets[1]}`,
    `kache_gateway_request_seconds_bucket{${route},le="+Inf"} ${buckets[2]}`, "",
  ].join("\n"));
}

test("rates and latencies come from differences", () => {
  const traffic = new Traffic();
  traffic.add(readingOf(exposition({ ok: 100, buckets: [50, 100, 100] }), 0));
  assert.equal(traffic.now(), null);
  traffic.add(readingOf(exposition({ ok: 280, errors: 20, buckets: [150, 200, 200] }), 2));
  const now = traffic.now();
  assert.equal(now.requests, 100);
  assert.equal(now.errors, 10);
  assert.equal(now.p50, 0.0005);
  assert.equal(now.p99, 0.00099);
});

test("quantiles lie within their bucket, and never beyond the last bound", () => {
  const before = readingOf(exposition({}), 0);
  const after = readingOf(exposition({ ok: 4, buckets: [2, 3, 4] }), 1);
  assert.equal(quantile(0.5, before, after), 0.001);
  assert.ok(Math.abs(quantile(0.75, before, after) - 0.01) < 1e-12);
  assert.equal(quantile(0.99, before, after), 0.01);
  assert.equal(quantile(0.5, before, before), null);
});

test("another gateway's counters are not taken for the same", () => {
  const traffic = new Traffic();
  traffic.add(readingOf(exposition({ ok: 10 }), 0));
  traffic.add(readingOf(exposition({ start: 2, ok: 500 }), 2));
  assert.equal(traffic.now(), null);
  assert.equal(traffic.unsteady, false);
  traffic.add(readingOf(exposition({ start: 1, ok: 12 }), 4));
  assert.equal(traffic.unsteady, true);
  traffic.add(readingOf(exposition({ start: 1, ok: 14 }), 6));
  assert.equal(traffic.unsteady, false);
  assert.equal(traffic.now().requests, 1);
});

test("history is of the last two minutes", () => {
  const traffic = new Traffic();
  for (let at = 0; at < 400; at += 2) traffic.add(readingOf(exposition({ ok: at }), at));
  assert.equal(traffic.history.length, 61);
  assert.equal(traffic.now().requests, 1);
});

test("labels are unescaped", () => {
  const samples = parseExposition('a{b="x\\"y\\\\z,{}",c="2"} 1.5e3\n# a\nd NaN\ne +Inf\n');
  assert.deepEqual(samples.get("a"), [{ labels: { b: 'x"y\\z,{}', c: "2" }, value: 1500 }]);
  assert.ok(Number.isNaN(samples.get("d")[0].value));
  assert.equal(samples.get("e")[0].value, Infinity);
});

test("numbers are written for people", () => {
  assert.deepEqual([0, 59_000, 61_000, 7_300_000, 1e9].map(duration),
    ["0 s", "59 s", "1 min", "2 h", "11 d"]);
  assert.deepEqual([0.00012, 0.0042, 0.25, 1.5].map(latency),
    ["120 µs", "4.2 ms", "250 ms", "1.5 s"]);
  assert.deepEqual([5, 2048, 1 << 20].map(bytes), ["5 B", "2.0 KiB", "1.0 MiB"]);
});
