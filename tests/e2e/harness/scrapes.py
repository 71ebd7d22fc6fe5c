"""What Prometheus would have scraped of real processes, a second apart, and which alerts that raises:
promtool plays the scrapes to the rules of deploy/prometheus.

A fault that a test shows for some seconds lasts on in the play: gauges stay, counters go on at the mean
pace of the scrapes.
"""

import re
import subprocess
import tempfile
import time

import yaml
from harness import exposition, paths
from harness.kache import KacheServer, fetch

RULES = paths.ROOT / "deploy" / "prometheus" / "kache.rules.yaml"
CONFIG = paths.ROOT / "deploy" / "prometheus" / "prometheus.yaml"
# Gauges that grow with time, as long as nothing happens.
_AGES = re.compile(r"_age_seconds$")


def metrics_in_rules():
    return set(re.findall(r"\bkache_[a-z_]+", RULES.read_text()))


def job_of(process):
    """As the configuration for deploy/local/up calls it: by the port."""
    port = "9464" if isinstance(process, KacheServer) else "8080"
    for job in yaml.safe_load(CONFIG.read_text())["scrape_configs"]:
        if job["static_configs"][0]["targets"] == [f"localhost:{port}"]:
            return job["job_name"]
    raise AssertionError(f"no job for port {port}")


def _series(name, labels):
    return name + "{" + ", ".join(f'{label}="{value}"' for label, value in labels) + "}"


class Scrapes:
    CALM = 400  # seconds that the first scrape is played for

    def __init__(self, targets, token=None):
        """`targets`: KacheServers and KacheGateways; taken out, Prometheus knows them no more."""
        self.targets = list(targets)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._names = metrics_in_rules()
        self._kinds = {}
        self._taken = []  # {series: value} of each scrape
        self._next = time.monotonic()
        self.take()

    def take(self):
        """Once a second has passed since the last."""
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + 1
        values = {}
        for target in self.targets:
            own = (("instance", target.name), ("job", job_of(target)))
            text = self._scrape(target)
            values[_series("up", own)] = 0 if text is None else 1
            if text is None:
                continue
            metrics = exposition.parse(text)
            for (name, labels), value in metrics.samples.items():
                if name in self._names:
                    series = _series(name, (*labels, *own))
                    values[series] = value
                    self._kinds[series] = metrics.types.get(name, "histogram")
        self._taken.append(values)

    def _scrape(self, target):
        port = target.metrics_port if isinstance(target, KacheServer) else target.port
        try:
            status, body = fetch(f"http://127.0.0.1:{port}/metrics", headers=self._headers)
        except OSError:
            return None
        return body.decode() if status == 200 else None

    def firing(self, minutes):
        """The alerts that fire after the calm, and when the fault has lasted for so long."""
        return self._play(self.CALM - 1), self._play(self.CALM + len(self._taken) + minutes * 60 - 1,
                                                     minutes)

    def _values(self, series, minutes):
        """In promtool's notation, a sample a second."""
        taken = [values.get(series) for values in self._taken]
        parts = ["_x%d" % (self.CALM - 1) if taken[0] is None else f"{taken[0]}x{self.CALM - 1}"]
        for before, value in zip(taken, taken[1:]):
            if value is None:
                parts.append("_" if before is None else "stale")
            else:
                parts.append(f"{value}")
        if taken[-1] is not None:
            known = [value for value in taken[1:] if value is not None]
            pace = (known[-1] - known[0]) / (len(known) - 1) if len(known) > 1 else 0
            if self._kinds.get(series, "gauge") == "gauge" and not _AGES.search(series.split("{")[0]):
                pace = 0
            parts.append(f"{taken[-1] + max(pace, 0)}+{max(pace, 0)}x{minutes * 60}")
        return " ".join(parts)

    def _stands_still(self, series):
        """A counter that never moved makes the play slow, and changes no rate and no increase."""
        values = {values.get(series) for values in self._taken}
        return self._kinds.get(series, "gauge") != "gauge" and len(values) == 1

    def _play(self, at, minutes=0):
        every = sorted({series for values in self._taken for series in values
                        if not self._stands_still(series)})
        played = {
            "rule_files": [str(RULES)],
            "evaluation_interval": "5s",
            "tests": [{
                "interval": "1s",
                "input_series": [{"series": series, "values": self._values(series, minutes)}
                                 for series in every],
                "promql_expr_test": [{
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing"}) or vector(0)',
                    "eval_time": f"{at}s", "exp_samples": []}],
            }],
        }
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(played, file)
            file.flush()
            run = subprocess.run(["promtool", "test", "rules", file.name],
                                 capture_output=True, text=True)
        # The test expects nothing, so it fails and says what there is.
        text = run.stdout + run.stderr
        found = re.search(r"got:(.*)", text, re.DOTALL)
        assert found, text
        return set(re.findall(r'alertname=\\?"(\w+)\\?"', found.group(1)))
