"""Every metric, and every label, that deploy/prometheus and deploy/grafana use is there in the real
/metrics of the two programs."""

import json
import re
import unittest

import yaml
from harness import exposition, paths
from harness.case import SystemCase
from harness.waiting import wait_until

NAME = re.compile(r"\bkache_[a-z_]+")
SELECTOR = re.compile(r"\b(kache_[a-z_]+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
# Prometheus adds these itself.
TARGET_LABELS = {"instance", "job"}


def rules():
    file = paths.ROOT / "deploy" / "prometheus" / "kache.rules.yaml"
    for group in yaml.safe_load(file.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def panels():
    dashboard = json.loads((paths.ROOT / "deploy" / "grafana" / "kache.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        yield variable["name"], variable.get("definition", "")


class MetricsInUseTest(SystemCase):
    def labels_by_name(self):
        """{name: {label: values}} of both programs."""
        found = {}
        for process in (self.system.server, self.system.gateway):
            for name, labels in exposition.parse(process.metrics()).samples:
                known = found.setdefault(name, {})
                for label, value in labels:
                    known.setdefault(label, set()).add(value)
        return found

    def setUp(self):
        self.rest.put_raw(self.key(), b"v")
        self.rest.get(self.key())
        wait_until(lambda: "kache_gateway_requests_total" in self.labels_by_name(), "requests")
        self.known = self.labels_by_name()

    def check(self, queries):
        names = 0
        for title, query in queries:
            for name in NAME.findall(query):
                self.assertIn(name, self.known, f"{title}: {query}")
                names += 1
            for name, selector in SELECTOR.findall(query):
                for label, comparison, value in MATCHER.findall(selector):
                    if label in TARGET_LABELS:
                        continue
                    self.assertIn(label, self.known[name], f"{title}: {query}")
                    if comparison == "=":
                        self.assertIn(value, self.known[name][label], f"{title}: {query}")
        self.assertGreater(names, 10)

    def test_alert_rules(self):
        self.check(rules())

    def test_dashboard(self):
        self.check(panels())

    def test_values_that_the_queries_name(self):
        self.assertEqual(self.known["kache_node_state"]["state"], {"up", "syncing", "down"})
        self.assertLessEqual({"Get", "Put", "Delete"}, self.known["kache_requests_total"]["rpc"])
        self.assertEqual({"unary", "pipeline"}, self.known["kache_requests_total"]["via"])
        self.assertLessEqual({"OK", "UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "INTERNAL"},
                             self.known["kache_requests_total"]["code"])
        self.assertLessEqual({"too_many_connections", "memory"},
                             self.known["kache_gateway_rejected_total"]["reason"])


if __name__ == "__main__":
    unittest.main()
