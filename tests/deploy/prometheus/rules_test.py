"""The alert rules: valid, tested each, and each with an entry in docs/operations.md; the queries of
the Grafana dashboard are PromQL that Prometheus accepts."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy" / "prometheus" / "kache.rules.yaml"
CONFIG = ROOT / "deploy" / "prometheus" / "prometheus.yaml"
SECURED = CONFIG.with_name("prometheus-secured.yaml")
COMPOSE_CONFIG = CONFIG.with_name("prometheus-compose.yaml")
COMPOSE = ROOT / "deploy" / "compose.yaml"
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
DASHBOARD = ROOT / "deploy" / "grafana" / "kache.json"
TESTS = pathlib.Path(__file__).with_name("rules_test.yaml")


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)


def alerts():
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels
            for target in panel.get("targets", [])]


class RulesTest(unittest.TestCase):
    def assert_passes(self, *arguments):
        run = promtool(*arguments)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_rules_and_configuration_are_valid(self):
        self.assert_passes("check", "config", CONFIG)
        self.assert_passes("check", "config", COMPOSE_CONFIG)
        self.assert_passes("check", "rules", RULES)
        # The files that it names are of another machine.
        self.assert_passes("check", "config", "--syntax-only", SECURED)

    def test_the_secured_configuration_watches_the_same(self):
        plain, secured = (yaml.safe_load(path.read_text()) for path in (CONFIG, SECURED))
        self.assertEqual([job["job_name"] for job in secured["scrape_configs"]],
                         [job["job_name"] for job in plain["scrape_configs"]])
        for job in secured["scrape_configs"]:
            self.assertTrue(job["authorization"]["credentials_file"], job["job_name"])
        del plain["scrape_configs"], secured["scrape_configs"]
        self.assertEqual(plain, secured)

    def test_the_configuration_of_compose_watches_the_same(self):
        plain, compose = (yaml.safe_load(path.read_text()) for path in (CONFIG, COMPOSE_CONFIG))
        services = yaml.safe_load(COMPOSE.read_text())["services"]
        for job in compose["scrape_configs"]:
            (target,) = job["static_configs"][0].pop("targets")
            service, port = target.split(":")
            self.assertIn(service, services)
            listens = services[service]["environment"].values()
            self.assertTrue(any(str(each).endswith(f":{port}") for each in listens), target)
        for job in plain["scrape_configs"]:
            del job["static_configs"][0]["targets"]
        self.assertEqual(compose, plain)

    def test_alerts_fire_when_they_should(self):
        self.assert_passes("test", "rules", TESTS)

    def test_every_alert_is_tested(self):
        fired = set(re.findall(r'alertname="(\w+)"', TESTS.read_text()))
        self.assertEqual(fired, {rule["alert"] for rule in alerts()})

    def test_every_alert_says_what_to_do(self):
        text = (ROOT / "docs" / "operations.md").read_text()
        headings = set(re.findall(r"(?m)^### (Kache\w+)$", text))
        self.assertEqual(headings, {rule["alert"] for rule in alerts()})
        for rule in alerts():
            self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
            self.assertTrue(rule["annotations"]["summary"])
            self.assertEqual(rule["annotations"]["runbook"],
                             f"docs/operations.md#{rule['alert'].lower()}")

    def test_queries_of_the_dashboard_are_valid(self):
        self.assertGreater(len(queries()), 20)
        rules = [{"record": f"q:{i}", "expr": query.replace("$__rate_interval", "1m")}
                 for i, (_, query) in enumerate(queries())]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            self.assert_passes("check", "rules", file.name)


class MonitoringProfileTest(unittest.TestCase):
    """The profile `monitoring` of deploy/compose.yaml."""

    def setUp(self):
        self.services = yaml.safe_load(COMPOSE.read_text())["services"]

    def mounts(self, service):
        """The path in the container of each file of the checkout."""
        pairs = [volume.split(":") for volume in self.services[service]["volumes"]]
        return {(COMPOSE.parent / source).resolve(): target
                for source, target, *_ in pairs if source.startswith("./")}

    def test_only_the_profile_starts_them(self):
        with_profile = {name for name, service in self.services.items() if "profiles" in service}
        self.assertEqual(with_profile, {"prometheus", "grafana"})
        for name in with_profile:
            self.assertEqual(self.services[name]["profiles"], ["monitoring"])
            self.assertRegex(self.services[name]["image"], r":v?\d+\.\d+\.\d+}$")
            self.assertTrue(all(port.startswith("127.0.0.1:")
                                for port in self.services[name]["ports"]))

    def test_what_is_mounted_is_there(self):
        for name in ("prometheus", "grafana"):
            for source in self.mounts(name):
                self.assertTrue(source.exists(), source)

    def test_prometheus_finds_its_rules(self):
        mounts = self.mounts("prometheus")
        config = pathlib.PurePath(mounts[COMPOSE_CONFIG])
        self.assertIn(f"--config.file={config}", self.services["prometheus"]["command"])
        rules = yaml.safe_load(COMPOSE_CONFIG.read_text())["rule_files"]
        self.assertEqual([str(config.parent / rule) for rule in rules], [mounts[RULES]])

    def test_grafana_finds_prometheus_and_the_dashboard(self):
        mounts = self.mounts("grafana")
        self.assertEqual(mounts[PROVISIONING], "/etc/grafana/provisioning")
        (source,) = yaml.safe_load(
            (PROVISIONING / "datasources" / "prometheus.yaml").read_text())["datasources"]
        self.assertEqual((source["type"], source["url"]), ("prometheus", "http://prometheus:9090"))
        (provider,) = yaml.safe_load(
            (PROVISIONING / "dashboards" / "kache.yaml").read_text())["providers"]
        dashboard = pathlib.PurePath(mounts[DASHBOARD])
        self.assertEqual(str(dashboard.parent), provider["options"]["path"])
        environment = self.services["grafana"]["environment"]
        self.assertEqual(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"], str(dashboard))
        # The dashboard takes whatever Prometheus is the default.
        variables = json.loads(DASHBOARD.read_text())["templating"]["list"]
        self.assertEqual([each["query"] for each in variables if each["name"] == "datasource"],
                         ["prometheus"])


class DashboardTest(unittest.TestCase):
    def test_panels_are_whole(self):
        panels = json.loads(DASHBOARD.read_text())["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        self.assertEqual(len({panel["title"] for panel in panels}), len(panels))
        for panel in panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            if panel["type"] != "row":
                self.assertTrue(panel["description"], panel["title"])

    def test_panels_do_not_overlap(self):
        taken = {}
        for panel in json.loads(DASHBOARD.read_text())["panels"]:
            place = panel["gridPos"]
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, panel["title"])
                    taken[x, y] = panel["title"]


if __name__ == "__main__":
    unittest.main()
