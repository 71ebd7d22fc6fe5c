"""Reads the Prometheus text format 0.0.4, and refuses what Prometheus would refuse or misread."""

import re

_TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)(?: (-?\d+))?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)')


class Malformed(Exception):
    pass


class Metrics:
    def __init__(self):
        self.types = {}
        self.samples = {}  # (name, ((label, value), ...)) -> number

    def total(self, name, **labels):
        """The sum of the samples of that name with these labels among theirs."""
        wanted = set(labels.items())
        return sum(
            value for (sample, have), value in self.samples.items()
            if sample == name and wanted <= set(have)
        )

    def has(self, name):
        return any(sample == name for sample, _ in self.samples)

    def label_values(self, name, label):
        return {dict(labels).get(label) for sample, labels in self.samples if sample == name}


def _labels(text):
    labels, at = [], 0
    while at < len(text):
        match = _LABEL.match(text, at)
        if not match:
            raise Malformed(f"labels {text!r}")
        labels.append(match.groups())
        at = match.end()
    if len({name for name, _ in labels}) != len(labels):
        raise Malformed(f"a label twice in {text!r}")
    return tuple(sorted(labels))


def _number(text):
    try:
        return float(text)  # also +Inf and NaN
    except ValueError:
        raise Malformed(f"number {text!r}") from None


def _family(types, name):
    if name in types:
        return name
    for suffix in ("_bucket", "_sum", "_count"):
        base = name[: -len(suffix)]
        if name.endswith(suffix) and types.get(base) in ("histogram", "summary"):
            return base
    raise Malformed(f"{name} has no TYPE")


def _check_histogram(metrics, family):
    series = {}
    for (name, labels), value in metrics.samples.items():
        if name == family + "_bucket":
            rest = tuple(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((_number(dict(labels)["le"]), value))
    for labels, buckets in series.items():
        buckets.sort()
        counts = [count for _, count in buckets]
        if buckets[-1][0] != float("inf") or counts != sorted(counts):
            raise Malformed(f"buckets of {family}{labels}")
        if metrics.samples.get((family + "_count", labels)) != counts[-1]:
            raise Malformed(f"count of {family}{labels}")
        if (family + "_sum", labels) not in metrics.samples:
            raise Malformed(f"sum of {family}{labels}")


def parse(text):
    if not text.endswith("\n"):
        raise Malformed("no line end at the end")
    metrics = Metrics()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ", 3)
            if name in metrics.types or kind not in _TYPES:
                raise Malformed(line)
            metrics.types[name] = kind
        elif line and not line.startswith("#"):
            match = _SAMPLE.fullmatch(line)
            if not match:
                raise Malformed(line)
            name, labels, value = match.group(1), _labels(match.group(2) or ""), match.group(3)
            family = _family(metrics.types, name)
            if (name, labels) in metrics.samples:
                raise Malformed(f"twice: {line}")
            if metrics.types[family] == "counter" and not _number(value) >= 0:
                raise Malformed(f"a counter below zero: {line}")
            metrics.samples[name, labels] = _number(value)
    for name, kind in metrics.types.items():
        if kind == "histogram":
            _check_histogram(metrics, name)
    return metrics
