// Numbers and instants for people.

const UNITS = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];

// "3 min", of milliseconds.
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [size, unit] = UNITS.find(([least]) => seconds >= least) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

export const ago = (instant, now) => (instant ? `${duration(now - instant)} ago` : "never");

export const clock = (instant) => new Date(instant).toLocaleTimeString();

export const percent = (part) => `${(part * 100).toFixed(1)} %`;

export const count = (number) => number.toLocaleString("en");

export function bytes(size) {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(1)} KiB`;
  return `${(size / 1024 / 1024).toFixed(1)} MiB`;
}

export function rate(perSecond) {
  if (perSecond >= 1000) return count(Math.round(perSecond));
  return perSecond >= 10 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}

// Of seconds.
export function latency(seconds) {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1e3).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  return `${seconds.toFixed(1)} s`;
}
