"""What is measured once: ring look-ups, memory, and small reads beside large ones."""

import json
import socket
import statistics
import subprocess
import time

from comparison import loads, machine
from comparison.subjects import paths

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # and empty SETTINGS
_SETTINGS_ACK = b"\0\0\0\4\1\0\0\0\0"
_SMALL_RATE = 2000  # requests a second


def ring_lookup_ratio():
    """CPU time of a look-up at 1,000 virtual nodes over that at 100; 64 servers."""
    text = subprocess.run(
        [str(paths.BUILD / "tests/ring_bench"), "--benchmark_filter=BM_PreferenceOf3/nodes:64",
         "--benchmark_format=json", "--benchmark_repetitions=3", "--benchmark_min_time=0.3"],
        check=True, capture_output=True, text=True).stdout
    times = {}
    for run in json.loads(text)["benchmarks"]:
        if run.get("run_type") == "iteration":
            times.setdefault(run["run_name"], []).append(run["cpu_time"])
    few, many = (statistics.median(times[f"BM_PreferenceOf3/nodes:64/vnodes:{vnodes}"])
                 for vnodes in (100, 1000))
    return many / few


def connection_bytes(subject, count=500):
    """Resident memory of the server for each idle gRPC connection."""
    pid = subject.own[0].pid
    _hold_connections(subject, 50)  # what the first ones bring along is not theirs
    before = machine.resident_bytes(pid)
    connections = _hold_connections(subject, count, close=False)
    after = machine.resident_bytes(pid)
    for connection in connections:
        connection.close()
    return (after - before) / count


def _hold_connections(subject, count, close=True):
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", subject.port), 10)
        connection.sendall(_PREFACE)
        connection.recv(4096)  # its SETTINGS
        connection.sendall(_SETTINGS_ACK)
        connections.append(connection)
    time.sleep(0.5)
    if close:
        for connection in connections:
            connection.close()
        time.sleep(0.5)
    return connections


def growth_at_full_load(subject, warmup_seconds, seconds):
    """By how much the server's resident memory grew, as a part of what it was after the warm-up."""
    pid = subject.own[0].pid
    options = ("--workload", "a", "--concurrency", 128)

    def load(duration):
        subprocess.run([str(part) for part in loads.bench_command(subject, duration, *options)],
                       check=True, capture_output=True)

    load(warmup_seconds)
    before = machine.resident_bytes(pid)
    load(seconds)
    return machine.resident_bytes(pid) / before - 1


def small_beside_large(subject, seconds, rounds):
    """p99 in microseconds of small Gets at a fixed rate: [without, with] 1 % of 1 MiB values on
    other connections. Each the median of the rounds, taken in turn."""
    large = ["--server", subject.address, "--keys", 20, "--value-size", "1MiB", "--key-prefix",
             "large:", "--rate", _SMALL_RATE // 100, "--concurrency", 8]
    subprocess.run([str(part) for part in [paths.BENCH, *large, "--workload", "get", "--duration",
                                           "100ms", "--warmup", "0s"]],
                   check=True, capture_output=True)  # puts them
    small = loads.bench_command(subject, seconds, "--workload", "get", "--rate", _SMALL_RATE,
                                "--concurrency", 256)
    found = ([], [])
    for _ in range(rounds):
        for with_large in (0, 1):
            beside = None
            if with_large:
                beside = subprocess.Popen(
                    [str(part) for part in [paths.BENCH, *large, "--workload", "get", "--no-fill",
                                            "--duration", f"{seconds + 1}s", "--warmup", "0s"]],
                    stdout=subprocess.DEVNULL)
            text = subprocess.run([str(part) for part in small], check=True, capture_output=True,
                                  text=True).stdout
            found[with_large].append(loads.bench_sample(text).p99_us)
            if beside is not None and beside.wait() != 0:
                raise SystemExit("the large reads failed")
    return [statistics.median(each) for each in found]
