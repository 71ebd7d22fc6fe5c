// Reads Prometheus's text format, as far as this page needs it: samples by name.

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { n: "\n" };

function labelsOf(text = "") {
  const labels = {};
  for (const [, name, value] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, c) => ESCAPES[c] ?? c);
  }
  return labels;
}

const numberOf = (text) => (text.endsWith("Inf") ? Number(`${text}inity`) : Number(text));

// A map from a name to its samples, {labels, value}.
export function parseExposition(text) {
  const samples = new Map();
  for (const line of text.split("\n")) {
    const found = line.startsWith("#") ? null : SAMPLE.exec(line);
    if (!found) continue;
    const [, name, labels, value] = found;
    if (!samples.has(name)) samples.set(name, []);
    samples.get(name).push({ labels: labelsOf(labels), value: numberOf(value) });
  }
  return samples;
}
