"""Puts, gets and deletes a key through REST, with Python's standard library alone.
Usage: rest.py http://HOST:PORT"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

RETRIED = (429, 503, 504)
ATTEMPTS = 4


def ask(method, key, document=None):
    """The answer as a dict; None for a key that is not there. Every operation is idempotent, so
    what a server could not take is sent again."""
    url = f"{sys.argv[1]}/api/v1/keys/{urllib.parse.quote(key, safe='')}"
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            if error.code not in RETRIED or attempt == ATTEMPTS:
                raise
            time.sleep(float(error.headers.get("Retry-After", 0.1)))


put = ask("PUT", "user/1", {"value": "Ada", "ttl": 60})
print(f"stored on {put['acknowledged']} or more replicas, version {put['version']}")

got = ask("GET", "user/1")
assert got["value"] == "Ada"
print(f"read back {got['value']!r}, {got['ttl']} seconds left")

ask("DELETE", "user/1")
assert ask("GET", "user/1") is None
print("deleted")
