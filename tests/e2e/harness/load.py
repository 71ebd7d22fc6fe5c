"""Load through the gateway: `hey` on one key, or threads over many keys that remember every
answer which is not 2xx."""

import collections
import http.client
import re
import subprocess
import threading
import time
import typing

from harness.rest import key_path


class Outcome(typing.NamedTuple):
    statuses: collections.Counter
    errors: collections.Counter  # requests without an answer, by their message

    @property
    def failures(self):
        """Answers that are not 2xx, and requests without one."""
        return sum(n for status, n in self.statuses.items() if not 200 <= status < 300) + sum(
            self.errors.values())

    def __add__(self, other):
        return Outcome(self.statuses + other.statuses, self.errors + other.errors)


class Hey:
    """`hey -z SECONDS` on one key; finish() waits for its end."""

    def __init__(self, method, gateway, key, seconds, body="v", workers=4):
        options = ["-m", method, "-z", f"{seconds}s", "-c", str(workers)]
        if method == "PUT":
            options += ["-T", "application/octet-stream", "-d", body]
        self._run = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "hey", *options, gateway.url + key_path(key)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, seconds=120):
        text, _ = self._run.communicate(timeout=seconds)
        assert self._run.returncode == 0, text
        return parse_hey(text)


def parse_hey(text):
    statuses = collections.Counter(
        {int(status): int(n) for status, n in re.findall(r"\[(\d{3})\]\s+(\d+) responses", text)})
    errors = collections.Counter()
    if "Error distribution:" in text:
        for n, message in re.findall(r"\[(\d+)\]\s+(.*)", text.split("Error distribution:")[1]):
            errors[message] += int(n)
    assert statuses or errors, text
    return Outcome(statuses, errors)


class KeyLoad:
    """Threads that write and read their own keys until stop(). With `retry_seconds`, a 503 is
    asked again for that long, as a client is advised to; what counts is the last answer.

    Every key is written once before anything is counted. A read must show the value written last.
    """

    def __init__(self, gateway, threads=4, keys_per_thread=25, retry_seconds=0, prefix="load"):
        self.failures = []  # (when it began, method, key, status or error)
        self.stale = []
        self.requests = 0
        self.retries = 0
        self._port = gateway.port
        self._retry_seconds = retry_seconds
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        keys = [[f"{prefix}-{t}-{k}" for k in range(keys_per_thread)] for t in range(threads)]
        self._threads = [threading.Thread(target=self._run, args=(own,)) for own in keys]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, requests):
        """Until that many more requests were answered."""
        target = self.requests + requests
        deadline = time.monotonic() + 30
        while self.requests < target:
            assert time.monotonic() < deadline, "the load stands still"
            time.sleep(0.01)

    def _run(self, keys):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        count = 0
        while not self._stopping.is_set():
            for key in keys:
                count += 1
                value = b"%d" % count
                if self._ask(connection, "PUT", key, value) is None:
                    continue
                got = self._ask(connection, "GET", key)
                if got is not None and got != value:
                    self.stale.append((time.time(), key, got, value))
                if self._stopping.is_set():
                    break
        connection.close()

    def _ask(self, connection, method, key, body=None):
        """The body of a 2xx answer, else None."""
        deadline = time.monotonic() + self._retry_seconds
        while True:
            began = time.time()
            status, answer = self._once(connection, method, key, body)
            if status == 503 and time.monotonic() < deadline:
                with self._lock:
                    self.retries += 1
                time.sleep(0.02)
                continue
            with self._lock:
                self.requests += 1
                if not (isinstance(status, int) and 200 <= status < 300):
                    self.failures.append((began, method, key, status))
                    return None
            return answer

    @staticmethod
    def _once(connection, method, key, body):
        try:
            connection.request(method, key_path(key), body,
                               {"Accept": "application/octet-stream"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return repr(error), b""
