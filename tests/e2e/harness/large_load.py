"""Requests whose body or answer is over 1 MiB, or nearly, through the gateway; and what a process
holds in memory for them."""

import collections
import concurrent.futures
import http.client
import json
import re
import time

from harness.rest import key_path

MIB = 2**20
WARM_UP_REQUESTS = 64  # each kind by 16 clients and by one, and each key written
MAX_GROWTH = 0.1
MIN_GROWTH = 4 * MIB  # what the fragments of an idle heap may differ by; a leak is far beyond it
IDLE_SECONDS = 4  # in which jemalloc gives back what is not used
CLIENTS = (16, 1)  # those with 1 last, so that what others left behind is seen
_KEYS = 16  # of the values of 1 MiB
_TIMEOUT_MS = 60_000  # a pause of a busy machine is not what the load is to show
_SMALL_KEYS = [f"large-load-small-{i}" for i in range(1000)]


def anonymous_bytes(status):
    """What a process holds besides its files, by the text of its /proc/PID/status."""
    return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) * 1024


class _Request(collections.namedtuple("_Request", "method target body headers")):
    def send(self, connection):
        """Again when the answer is that it may be tried again: 16 batches of 1,000 keys are over
        MAX_IN_FLIGHT."""
        deadline = time.monotonic() + _TIMEOUT_MS / 1000
        while True:
            connection.request(self.method, self.target, self.body, self.headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status not in (429, 503) or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        if answer.status != 200:
            raise AssertionError(f"{self.method} {self.target}: {answer.status} {body[:300]}")


def _raw(method, key, body=None):
    raw = "application/octet-stream"
    return _Request(method, key_path(key), body,
                    {"Accept": raw, "Content-Type": raw, "Kache-Timeout-Ms": _TIMEOUT_MS})


def _batch(action, document):
    return _Request("POST", f"/api/v1/keys:{action}", json.dumps(document).encode(),
                    {"Content-Type": "application/json", "Kache-Timeout-Ms": _TIMEOUT_MS})


def _batch_put(keys, size):
    return _batch("batchPut", {"entries": [{"key": key, "value": "v" * size} for key in keys]})


# What is sent in turn, by its kind.
_REQUESTS = {
    "put": [_raw("PUT", f"large-load-{i}", b"v" * MIB) for i in range(_KEYS)],
    "get": [_raw("GET", f"large-load-{i}") for i in range(_KEYS)],
    "batchPut": [_batch_put([f"large-load-medium-{i}" for i in range(16)], 100_000)],
    "batchGet": [_batch("batchGet", {"keys": _SMALL_KEYS})],
}
KINDS = tuple(_REQUESTS)


class LargeLoad:
    """Raises AssertionError on any answer but 200, 429 and 503, which it takes as advised."""

    def __init__(self, host, port):
        self._address = host, port
        self._send([_batch_put(_SMALL_KEYS, 1_100)])

    def run(self, kind, clients, requests):
        """So many requests of a kind by `clients` at once, each on a connection of its own."""
        cycle = _REQUESTS[kind]
        all_of_them = [cycle[i % len(cycle)] for i in range(requests)]
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            for _ in pool.map(self._send, (all_of_them[i::clients] for i in range(clients))):
                pass

    def run_all(self, requests):
        """So many requests of each kind, half of them by 16 clients and half by one."""
        for clients in CLIENTS:
            for kind in KINDS:
                self.run(kind, clients, requests // len(CLIENTS))

    def _send(self, requests):
        connection = http.client.HTTPConnection(*self._address, timeout=_TIMEOUT_MS / 1000)
        try:
            for request in requests:
                request.send(connection)
        finally:
            connection.close()


def held_when_idle(processes):
    """By the names of `processes`, the fewest bytes that each holds within IDLE_SECONDS."""
    fewest = {}
    deadline = time.monotonic() + IDLE_SECONDS
    while time.monotonic() < deadline:
        for name, read in processes.items():
            held = anonymous_bytes(read())
            fewest[name] = min(held, fewest.get(name, held))
        time.sleep(0.1)
    return fewest


def check_growth(load, processes, requests):
    """AssertionError when a process holds more after so many requests of each kind than after the
    WARM_UP_REQUESTS before them, by over MAX_GROWTH and MIN_GROWTH. `processes`: by its name, what
    reads the text of its /proc/PID/status."""
    load.run_all(WARM_UP_REQUESTS)
    before = held_when_idle(processes)
    load.run_all(requests)
    after = held_when_idle(processes)
    shown = ", ".join(
        f"{name} {before[name] / MIB:.1f} to {after[name] / MIB:.1f} MiB" for name in processes)
    print(f"{requests} requests of each kind: {shown}")
    for name in processes:
        bound = before[name] + max(MIN_GROWTH, MAX_GROWTH * before[name])
        assert after[name] <= bound, f"{name} has grown: {shown}"
