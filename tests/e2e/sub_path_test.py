"""Kache below a path of a reverse proxy: the pages, the description of REST and the clients that are
made from it."""

import http.client
import http.server
import json
import re
import threading
import unittest
import urllib.parse
import urllib.request

from harness.case import SystemCase

PREFIX = "/caches/one"


class Proxy(http.server.ThreadingHTTPServer):
    """Passes what lies below PREFIX to the gateway, without PREFIX; all else is 404."""

    daemon_threads = True

    def __init__(self, gateway_port):
        super().__init__(("127.0.0.1", 0), _Passing)
        self.gateway_port = gateway_port
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}{PREFIX}/"

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class _Passing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith(PREFIX + "/"):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.gateway_port, timeout=10)
        upstream.request(self.command, self.path.removeprefix(PREFIX), body, dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name in ("Content-Type", "Location"):
            if answer.headers.get(name):
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_PUT = do_POST = do_DELETE = do_GET

    def log_message(self, *_):
        pass


def fetch(url, method="GET", body=None):
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"} if body else {},
                                     method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


class Client:
    """As generators make clients: the first server, relative to where the description lies (OpenAPI
    3.1, Server Object), without a slash at its end, and the operation's path behind it."""

    def __init__(self, description_url):
        document = json.loads(fetch(description_url))
        base = urllib.parse.urljoin(description_url, document["servers"][0]["url"])
        self._base = base.rstrip("/")
        self._operations = {
            operation["operationId"]: (method.upper(), path)
            for path, item in document["paths"].items()
            for method, operation in item.items() if "operationId" in operation}

    def paths(self):
        return {path for _, path in self._operations.values()}

    def call(self, method, path, body=None, **arguments):
        assert (method, path) in self._operations.values(), (method, path)
        for name, value in arguments.items():
            path = path.replace("{%s}" % name, urllib.parse.quote(value, safe=""))
        return fetch(self._base + path, method, json.dumps(body).encode() if body else None)


class SubPathTest(SystemCase):
    SYSTEM = {"redis": 2}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = Proxy(cls.system.gateway.port)
        cls.addClassCleanup(cls.proxy.close)

    def test_a_generated_client_reaches_every_kind_of_path(self):
        client = Client(self.proxy.url + "openapi.json")
        key = "/api/v1/keys/{key}"
        client.call("PUT", key, {"value": "v"}, key="a/b")
        self.assertEqual(json.loads(client.call("GET", key, key="a/b"))["value"], "v")
        found = json.loads(client.call("POST", "/api/v1/keys:batchGet", {"keys": ["a/b"]}))
        self.assertTrue(found["results"][0]["found"])
        self.assertEqual(len(json.loads(client.call("GET", "/status"))["nodes"]), 2)
        self.assertEqual(json.loads(client.call("GET", "/readyz")), {"status": "ok"})

    def test_at_the_root_it_works_as_before(self):
        client = Client(self.system.gateway.url + "/openapi.json")
        client.call("PUT", "/api/v1/keys/{key}", {"value": "w"}, key="k")
        self.assertEqual(self.rest.get("k").json()["value"], "w")

    def test_all_that_the_pages_ask_for_is_below_the_path(self):
        asked = set()
        for page in ("", "docs"):
            url = self.proxy.url + page
            text = fetch(url).decode()
            links = set(re.findall(r'(?:href|src)="([^"#]+)"', text))
            for link in links:
                asked.add(urllib.parse.urljoin(url, link))
            for script in [link for link in links if link.endswith(".js")]:
                asked |= self.asked_by_script(url, urllib.parse.urljoin(url, script))
        asked = {url for url in asked if url.startswith("http://127.0.0.1")}
        self.assertGreater(len(asked), 12)
        for url in asked:
            self.assertTrue(url.startswith(self.proxy.url), url)
            self.assertTrue(fetch(url), url)

    def asked_by_script(self, page, script, seen=None):
        """What a module imports, relative to itself, and fetches, relative to the page."""
        seen = set() if seen is None else seen
        if script in seen:
            return seen
        seen.add(script)
        text = fetch(script).decode()
        for path in re.findall(r'from "([^"]+)"', text):
            self.asked_by_script(page, urllib.parse.urljoin(script, path), seen)
        for path in re.findall(r'(?:fetch|ask)\("([^"]+)"', text):
            seen.add(urllib.parse.urljoin(page, path))
        self.assertNotRegex(text, r'fetch\(["`]/', "a path from the root")
        return seen


if __name__ == "__main__":
    unittest.main()
