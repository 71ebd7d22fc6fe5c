"""The load generators, each as a function that loads a subject for some seconds and returns a
Sample. CPU time is taken before and after from /proc, for every process that takes part."""

import csv
import dataclasses
import json
import pathlib
import subprocess

from comparison import machine
from comparison.subjects import KEYS, paths
from harness.process import cpu_seconds

HERE = pathlib.Path(__file__).resolve().parent
# The same for all: a load generator that needs a CPU of its own would starve the servers.
CONNECTIONS = 4


@dataclasses.dataclass
class Sample:
    operations: int
    per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float = 0        # of the subject's own processes, for each operation
    redis_cpu_us: float = 0  # of all its Redis servers
    load_cpu_us: float = 0   # of the load generator


def measured(subject, load):
    own, redis, children = _cpu(subject)
    sample = load()
    own_after, redis_after, children_after = _cpu(subject)
    per_operation = 1e6 / max(sample.operations, 1)
    sample.cpu_us = (own_after - own) * per_operation
    sample.redis_cpu_us = (redis_after - redis) * per_operation
    sample.load_cpu_us = (children_after - children) * per_operation
    return sample


def _cpu(subject):
    return (sum(cpu_seconds(process.pid) for process in subject.own),
            sum(cpu_seconds(process.pid) for process in subject.redis),
            machine.children_cpu_seconds())


def output(command):
    """What it printed; ends everything where it fails."""
    command = [str(part) for part in command]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode != 0:
        raise SystemExit(f"{' '.join(command[:8])} ...: exit code {ended.returncode}\n"
                         f"{ended.stdout}{ended.stderr}")
    return ended.stdout


def bench_command(subject, seconds, *options):
    """`options` may give --keys anew."""
    keys = () if "--keys" in options else ("--keys", KEYS)
    return [paths.BENCH, "--server", subject.address, "--no-fill", *keys, "--warmup", "0s",
            "--duration", f"{seconds}s", "--connections", CONNECTIONS, "--json", *options]


def bench_sample(text):
    """Of kache-bench's JSON. Operations are keys, latencies those of requests."""
    report = json.loads(text)
    if report["errors"] or len(report["operations"]) != 1:
        raise SystemExit(f"kache-bench: {report['errors']} errors: {text}")
    latency = report["operations"][0]["latencyMicros"]
    return Sample(report["operations"][0]["keys"], report["keysPerSecond"], latency["p50"],
                  latency["p99"])


def kache_bench(subject, seconds, *options):
    return measured(subject, lambda: bench_sample(
        output(bench_command(subject, seconds, *options))))


def redis_benchmark(subject, seconds, clients, pipeline, *command, keys_each=1):
    """Runs a tenth of the time to learn the rate, then about as long as asked."""
    def run(requests):
        text = output(["redis-benchmark", "-p", subject.port, "-c", clients, "-P", pipeline,
                        "-r", KEYS, "-n", requests, "--csv", *command])
        lines = [line for line in text.splitlines() if line.startswith('"')]
        row = next(csv.DictReader(lines))
        rate = float(row["rps"])
        return Sample(requests * keys_each, rate * keys_each, 1000 * float(row["p50_latency_ms"]),
                      1000 * float(row["p99_latency_ms"]))

    rate = run(200 * clients).per_second / keys_each
    requests = max(int(rate * seconds), 200 * clients)
    return measured(subject, lambda: run(requests))


def wrk(subject, seconds, clients, method, prefix, kind):
    def run():
        text = output(["wrk", "-t1", f"-c{clients}", f"-d{max(round(seconds), 1)}s", "--timeout",
                        "5s", "-s", HERE / "requests.lua", f"http://{subject.address}", "--",
                        method, prefix, kind])
        line = next(line for line in text.splitlines() if line.startswith("JSON "))
        result = json.loads(line[5:])
        if result["errors"]:
            raise SystemExit(f"wrk {method} {subject.name}: {result['errors']} errors\n{text}")
        return Sample(result["requests"], result["requests"] / result["seconds"], result["p50"],
                      result["p99"])
    return measured(subject, run)
