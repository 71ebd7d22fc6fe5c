// Rates and latencies out of the gateway's counters: pure, fed with one reading after another.

export const HISTORY_SECONDS = 120;
const WINDOW_SECONDS = 10;
const KEY_ROUTES = "/api/v1/keys";

const isKeyRoute = ({ labels }) => labels.route.startsWith(KEY_ROUTES);
const isError = ({ labels }) => labels.code === "429" || labels.code >= "500";
const sum = (samples) => samples.reduce((total, { value }) => total + value, 0);

// What one reading of /metrics says, at `at` (seconds of any steady clock).
export function readingOf(samples, at) {
  const named = (name) => samples.get(name) ?? [];
  const requests = named("kache_gateway_requests_total").filter(isKeyRoute);
  const buckets = new Map();
  for (const sample of named("kache_gateway_request_seconds_bucket").filter(isKeyRoute)) {
    const bound = Number(sample.labels.le === "+Inf" ? Infinity : sample.labels.le);
    buckets.set(bound, (buckets.get(bound) ?? 0) + sample.value);
  }
  return {
    at,
    process: sum(named("kache_gateway_start_time_seconds")),
    requests: sum(requests),
    errors: sum(requests.filter(isError)),
    buckets: [...buckets].sort(([a], [b]) => a - b),
  };
}

// The latency in seconds below which `part` of the requests between two readings stayed, as
// Prometheus estimates it; null without requests. Beyond the last bound it is that bound.
export function quantile(part, before, after) {
  const counts = after.buckets.map(([bound, count], i) => [bound, count - before.buckets[i][1]]);
  const total = counts.at(-1)?.[1] ?? 0;
  if (!(total > 0)) return null;
  const rank = part * total;
  const at = counts.findIndex(([, count]) => count >= rank);
  const [bound, count] = counts[at];
  const [lower, below] = at > 0 ? counts[at - 1] : [0, 0];
  if (bound === Infinity) return lower;
  return lower + (bound - lower) * ((rank - below) / (count - below));
}

const comparable = (a, b) =>
  a.process === b.process && a.requests <= b.requests && a.buckets.length === b.buckets.length;

function between(before, after) {
  const seconds = after.at - before.at;
  return {
    at: after.at,
    requests: (after.requests - before.requests) / seconds,
    errors: (after.errors - before.errors) / seconds,
    p50: quantile(0.5, before, after),
    p95: quantile(0.95, before, after),
    p99: quantile(0.99, before, after),
  };
}

export class Traffic {
  constructor() {
    this.readings = [];
    this.history = [];  // one entry for each pair of neighbouring readings
    this.restarts = 0;  // readings in a row that another process gave
  }

  add(reading) {
    const last = this.readings.at(-1);
    if (last && !comparable(last, reading)) {
      // Another gateway answered, or this one was restarted: the counters do not go on.
      this.readings = [];
      this.history = [];
      this.restarts += 1;
    } else if (last) {
      this.history.push(between(last, reading));
      this.restarts = 0;
    }
    this.readings.push(reading);
    const oldest = reading.at - HISTORY_SECONDS;
    this.readings = this.readings.filter(({ at }) => at >= oldest);
    this.history = this.history.filter(({ at }) => at >= oldest);
  }

  // The last ten seconds; null as long as there is nothing to compare.
  now() {
    const last = this.readings.at(-1);
    const before = this.readings.find(({ at }) => at >= last.at - WINDOW_SECONDS - 0.5);
    return before === last ? null : between(before, last);
  }

  // True where every reading comes from another gateway, behind one address.
  get unsteady() {
    return this.restarts > 1;
  }
}
