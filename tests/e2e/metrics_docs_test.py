"""docs/metrics.md is what the registries of both programs say, and has every metric of the code. With
KACHE_WRITE_DOCS=1 this writes the page instead:

    KACHE_WRITE_DOCS=1 ctest --preset release -R metrics_docs
"""

import os
import re
import unittest

import yaml
from harness import exposition, paths
from harness.case import SystemCase
from harness.waiting import wait_until

PAGE = paths.ROOT / "docs" / "metrics.md"
RULES = paths.ROOT / "deploy" / "prometheus" / "kache.rules.yaml"
# Their values depend on the nodes, the traffic or the bucket, or are explained at the head.
OPEN_LABELS = {"node", "shard", "le", "code", "route", "method"}

HEAD = """# Metrics

All metrics of both programs, as their registries describe them. A test compares this page with the real
`/metrics` ([how to write it anew](../tests/e2e/metrics_docs_test.py)). [operations.md](operations.md#watching)
says where to scrape, and [compatibility.md](compatibility.md#metrics) what a release may change.

| label | value |
|---|---|
| `instance`, `job` | given by Prometheus. The [alerts](operations.md#alerts) need the jobs `kache-server` and `kache-gateway` |
| `node` | the node's name on the ring |
| `shard` | the number of the coordinator's thread that talks to the nodes |
| `rpc`, `via` | the rpc (`Get`, `BatchPut`, ...), and the way: `unary` is a call of its own; `pipeline` an operation of a `Pipeline` stream, by which gateways and the C++ client send requests for one key; `none` an operation that names nothing to do |
| `code` | of coordinators: the gRPC code (`OK`, `UNAVAILABLE`, ...); of gateways: the HTTP status |
| `route`, `method` | the pattern of the path, or `none`; the HTTP method |

A histogram `NAME` has the series `NAME_bucket`, `NAME_sum` and `NAME_count`. Times are in seconds.
"""


def alerts_by_metric():
    found = {}
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            for name in set(re.findall(r"\bkache_[a-z_]+", rule["expr"])):
                found.setdefault(name.removesuffix("_bucket"), []).append(rule["alert"])
    return found


def helps(text):
    return dict(re.findall(r"(?m)^# HELP (\S+) (.*)$", text))


def label_text(label, values):
    if label in OPEN_LABELS or values is None:
        return f"`{label}`"
    return f"`{label}` = " + ", ".join(f"`{value}`" for value in sorted(values))


def table(text, fresh_text):
    """The rows of one program. Values of labels are those that a program has that was not asked yet."""
    metrics, fresh = exposition.parse(text), exposition.parse(fresh_text)
    alerts = alerts_by_metric()
    yield "| metric | type | labels | meaning | alerts |\n|---|---|---|---|---|\n"
    for name in sorted(metrics.types):
        kind = metrics.types[name]
        sample = name + "_count" if kind == "histogram" else name
        labels = sorted({label for each, pairs in metrics.samples if each == sample
                         for label, _ in pairs})
        known = [label_text(label, fresh.label_values(sample, label) if fresh.has(sample) else None)
                 for label in labels]
        links = ", ".join(f"[{alert}](operations.md#{alert.lower()})"
                          for alert in alerts.get(name, []))
        meaning = helps(text)[name].rstrip(".")
        yield f"| `{name}` | {kind} | {'; '.join(known)} | {meaning} | {links} |\n"


class MetricsDocsTest(SystemCase):
    SYSTEM = {"redis": 3}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fresh = cls.read()
        cls.rest.put_raw("k", b"v")
        cls.rest.get("k")
        wait_until(lambda: "kache_gateway_upstream_requests_total" in cls.read()[1]
                   and "kache_gateway_requests_total" in cls.read()[1], "requests are counted")
        cls.texts = cls.read()

    @classmethod
    def read(cls):
        return cls.system.server.metrics(), cls.system.gateway.metrics()

    def test_the_page_is_what_the_registries_say(self):
        server, gateway = (
            "".join(table(text, fresh)) for text, fresh in zip(self.texts, self.fresh))
        page = f"{HEAD}\n## kache-server\n\n{server}\n## kache-gateway\n\n{gateway}"
        if os.environ.get("KACHE_WRITE_DOCS"):
            PAGE.write_text(page)
        self.maxDiff = None
        self.assertEqual(PAGE.read_text(), page, "run it with KACHE_WRITE_DOCS=1")

    def test_the_page_has_every_metric_of_the_code(self):
        named = set()
        for folder in ("base", "gateway", "http", "security", "server"):
            for path in (paths.ROOT / folder).rglob("*.cc"):
                named |= set(re.findall(r'"(kache_[a-z_]+)"', path.read_text()))
            for path in (paths.ROOT / folder).rglob("*.h"):
                named |= set(re.findall(r'"(kache_[a-z_]+)"', path.read_text()))
        self.assertGreater(len(named), 80)
        registered = {name for text in self.texts for name in exposition.parse(text).types}
        self.assertEqual(named, registered)

    def test_each_has_a_meaning_and_a_unit(self):
        for text in self.texts:
            for name, kind in exposition.parse(text).types.items():
                self.assertTrue(helps(text).get(name), name)
                self.assertEqual(name.endswith("_total"), kind == "counter", name)


if __name__ == "__main__":
    unittest.main()
