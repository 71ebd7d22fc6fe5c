"""A plain HTTP client of the gateway, as the tests of the deployment use it."""
import json
import time
import urllib.request

# Longer than the gateway's own deadline, so that an answer is always the gateway's.
REQUEST_SECONDS = 5


class RestClient:
    """Raises urllib.error.HTTPError on any answer that is not 2xx."""

    def __init__(self, address):
        self.url = f"http://{address}"

    def put(self, key, value):
        body = json.dumps({"value": value}).encode()
        headers = {"Content-Type": "application/json"}
        return self._send(f"/api/v1/keys/{key}", method="PUT", data=body, headers=headers)

    def get(self, key):
        return self._send(f"/api/v1/keys/{key}")["value"]

    def node_states(self):
        """The state of each Redis server by its name."""
        return {node["name"]: node["state"] for node in self._send("/status")["nodes"]}

    def _send(self, path, **options):
        request = urllib.request.Request(self.url + path, **options)
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
            return json.load(answer)


def put_and_get_many(client, label, count=60):
    """Stores and reads `count` keys, enough that every server is a home replica of some."""
    for i in range(count):
        client.put(f"{label}-{i}", f"value {i}")
        stored = client.get(f"{label}-{i}")
        assert stored == f"value {i}", f"{label}-{i}: {stored!r}"


def wait_until(condition, seconds, what):
    """Asks until `condition` holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
