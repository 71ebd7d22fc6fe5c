"""Puts, gets and deletes a key through REST, with Python's standard library alone.
Usage: rest.py http://HOST:PORT"""

import http.client
import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

RETRIED = (429, 503, 504)
ATTEMPTS = 4
RESTAMPS = 5
FOLLOWED_MS = 2500  # half of MAX_CLOCK_SKEW_MS


class Clock:
    """Makes stamps (docs/rest.md, "Safe retries"). One thread; a process that forks makes a new one."""

    def __init__(self):
        self.id = secrets.randbelow(2**48 - 1) + 1
        self.last = 0  # as in a stamp: milliseconds << 16 | counter
        self.offset = None  # cluster time minus the monotonic clock, in milliseconds

    def follow(self, cluster_time):
        if cluster_time:
            self.offset = int(cluster_time) - time.monotonic() * 1000

    def correct(self, cluster_time):
        """After a stamp was out of range: it, and those before it, came from a wrong clock."""
        self.follow(cluster_time)
        self.last = 0

    def now(self):
        return int(time.time() * 1000 if self.offset is None
                   else time.monotonic() * 1000 + self.offset)

    def stamp(self):
        self.last = max(self.now() << 16, self.last + 1)
        return f"{self.last:016x}-{self.id:012x}"

    def stamp_above(self, held, made_at):
        """A stamp for a write that lost to the version `held`."""
        above = int(held[:16], 16) + 1
        if (above >> 16) < self.now() + FOLLOWED_MS:
            self.last = max(self.last, above)
        return f"{above:016x}-{self.id:012x};made-at={made_at};above={held}"


CLOCK = Clock()


def send(method, key, document, stamp):
    """One request: answer or error, as (status, document, headers)."""
    url = f"{sys.argv[1]}/api/v1/keys/{urllib.parse.quote(key, safe='')}"
    headers = {"Content-Type": "application/json"} | ({"Kache-Stamp": stamp} if stamp else {})
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def ask(method, key, document=None, stamp=None):
    """Sends what a server could not take, or did not answer, again: a read, or a write whose stamp
    makes all attempts one write."""
    for attempt in range(1, ATTEMPTS + 1):
        wait = 0.1
        try:
            status, answer, headers = send(method, key, document, stamp)
            CLOCK.follow(headers.get("Kache-Cluster-Time"))
            if status not in RETRIED or attempt == ATTEMPTS:
                return status, answer
            wait = float(headers.get("Retry-After", wait))
        except (OSError, http.client.HTTPException):  # no connection, a broken one, or no answer in time
            if attempt == ATTEMPTS:
                raise
        time.sleep(wait)


def read(key):
    """The answer as a dict; None for a key that is not there."""
    status, answer = ask("GET", key)
    if status not in (200, 404):
        raise RuntimeError(answer["error"])
    return answer if status == 200 else None


def write(method, key, document=None):
    stamp = CLOCK.stamp()
    made_at = int(stamp[:12], 16)
    for restamps in range(RESTAMPS + 1):
        status, answer = ask(method, key, document, stamp)
        if status == 200:
            return answer
        error = answer["error"]
        if restamps == RESTAMPS:
            break
        if error["code"] == "SUPERSEDED":  # this write is to win: put it above what is held
            stamp = CLOCK.stamp_above(error["held"], made_at)
        elif error["code"] == "STAMP_OUT_OF_RANGE" and restamps == 0:
            CLOCK.correct(error["clusterTime"])
            stamp = CLOCK.stamp()
            made_at = int(stamp[:12], 16)
        else:
            break
    raise RuntimeError(error)


put = write("PUT", "user/1", {"value": "Ada", "ttl": 60})
print(f"stored on {put['acknowledged']} or more replicas, version {put['version']}")

got = read("user/1")
assert got["value"] == "Ada"
print(f"read back {got['value']!r}, {got['ttl']} seconds left")

write("DELETE", "user/1")
assert read("user/1") is None
print("deleted")
