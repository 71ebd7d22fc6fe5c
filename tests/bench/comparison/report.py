"""Bars from medians, and both tables and JSON."""

import dataclasses
import json
import statistics

from comparison import machine


@dataclasses.dataclass
class Bar:
    """`bar` None = to be reported only. `higher`: more is better."""

    name: str
    ratio: float
    bar: float
    aim: float
    higher: bool = False

    @property
    def met(self):
        return self.bar is None or self._reaches(self.bar)

    @property
    def aim_met(self):
        return self._reaches(self.aim)

    def _reaches(self, goal):
        return self.ratio >= goal if self.higher else self.ratio <= goal


class Results:
    """Samples by case and contestant."""

    def __init__(self):
        self.samples = {}

    def add(self, case, contestant, sample):
        self.samples.setdefault((case, contestant), []).append(sample)

    def median(self, case, contestant, field):
        return statistics.median(getattr(sample, field)
                                 for sample in self.samples[case, contestant])

    def ratio(self, case, contestant, yardstick, field, yardstick_case=None):
        return (self.median(case, contestant, field) /
                self.median(yardstick_case or case, yardstick, field))


def bars_of_rounds(results):
    cpu, rate = "cpu_us", "per_second"
    get, put, many, pipeline, rest_get, rest_put, single, growth = dict.fromkeys(
        case for case, _ in results.samples)
    one = results.median
    return [
        Bar("unary GET: server CPU / bare echo's", results.ratio(get, "kache", "echo", cpu),
            1.5, 1.25),
        Bar("unary PUT: server CPU / bare echo's", results.ratio(put, "kache", "echo", cpu),
            1.65, 1.4),
        Bar("BatchGet of 100: server CPU a key / twemproxy's a GET pipelined by 16",
            results.ratio(many, "kache BatchGet of 100", "twemproxy GET by 16", cpu), 0.5, 0.35),
        Bar("BatchGet of 100: server CPU a key / twemproxy's a key of an MGET of 100",
            results.ratio(many, "kache BatchGet of 100", "twemproxy MGET of 100", cpu), None, 1),
        Bar("Pipeline GET, 16 operations x 16 messages: server CPU / bare unary echo's",
            results.ratio(pipeline, "kache 16 x 16", "echo", cpu, get), 0.25, 0.15),
        Bar("Pipeline GET, 1 operation x 256 messages: server CPU / bare unary echo's",
            results.ratio(pipeline, "kache 1 x 256", "echo", cpu, get), None, 0.6),
        Bar("REST GET: throughput / webdis's", results.ratio(rest_get, "kache", "webdis", rate),
            0.8, 1.0, higher=True),
        Bar("REST GET: CPU of gateway and server / webdis's",
            results.ratio(rest_get, "kache", "webdis", cpu), 1.3, 1.1),
        Bar("REST PUT to 3 replicas: throughput / webdis's SET to one server",
            results.ratio(rest_put, "kache", "webdis", rate), 0.55, 0.8, higher=True),
        Bar("one GET at a time: p50 / (bare echo's + a direct Redis GET's)",
            one(single, "kache", "p50_us") /
            (one(single, "echo", "p50_us") + one(single, "redis", "p50_us")), 1.25, 1.1),
        Bar("growth: CPU a GET at 32 servers / at 4",
            results.ratio(growth, "32 servers", "4 servers", cpu), 1.1, 1.05),
    ]


def bars_of_single(single):
    without, with_large = single["small_p99_us"]
    return [
        Bar("growth: ring look-up at 1,000 virtual nodes / at 100", single["ring"], 2, 1.5),
        Bar("memory of an idle gRPC connection / bare echo's",
            single["connection_bytes"]["kache"] / single["connection_bytes"]["echo"], 1.2, 1.1),
        Bar(f"growth of memory after warm-up, {single['growth_seconds']:.0f} s at full load",
            single["growth"], 0.02, 0.0),
        Bar("small GET's p99 with 1 % of 1 MiB values / without", with_large / without, 3, 2),
    ]


_COLUMNS = (("ops/s", "per_second", 0), ("p50 us", "p50_us", 0), ("p99 us", "p99_us", 0),
            ("CPU us/op", "cpu_us", 2), ("redis", "redis_cpu_us", 2), ("load", "load_cpu_us", 2))


def table(results):
    lines = [f"{'':46}" + "".join(f"{title:>10}" for title, _, _ in _COLUMNS) +
             f"{'CPU min .. max':>18}"]
    for (case, contestant), samples in results.samples.items():
        row = f"{case + ': ' if contestant == _first(results, case) else '':46}".rstrip()
        if row:
            lines.append(row)
        cells = "".join(f"{results.median(case, contestant, field):10.{digits}f}"
                        for _, field, digits in _COLUMNS)
        cpu = [sample.cpu_us for sample in samples]
        lines.append(f"  {contestant:44}{cells}{min(cpu):9.2f} .. {max(cpu):.2f}")
    return "\n".join(lines)


def _first(results, case):
    return next(contestant for each, contestant in results.samples if each == case)


def bar_table(bars):
    lines = [f"{'':82}{'ratio':>8}{'bar':>8}{'aim':>8}"]
    for bar in bars:
        sign = ">=" if bar.higher else "<="
        goal = f"{sign} {bar.bar:g}" if bar.bar is not None else "report"
        state = "aim met" if bar.aim_met else "met" if bar.met else "NOT MET"
        lines.append(f"{bar.name:82}{bar.ratio:8.3f}{goal:>8}{bar.aim:8g}  {state}")
    return "\n".join(lines)


def as_json(date, options, results, single, bars):
    return json.dumps({
        "date": date, "machine": machine.description(), "options": options,
        "bars": [{"name": bar.name, "ratio": round(bar.ratio, 4), "bar": bar.bar, "aim": bar.aim,
                  "better": "higher" if bar.higher else "lower", "met": bar.met,
                  "aim_met": bar.aim_met} for bar in bars],
        "samples": [{"case": case, "contestant": contestant,
                     "rounds": [dataclasses.asdict(sample) for sample in samples]}
                    for (case, contestant), samples in results.samples.items()],
        "single": single}, indent=1)
