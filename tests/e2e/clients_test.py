"""Runs the examples of docs/clients as their README says. The tour of the main README runs tour.py."""

import http.server
import json
import os
import subprocess
import threading
import unittest

from harness import paths
from harness.case import SystemCase

CLIENTS = paths.ROOT / "docs" / "clients"
TOUR = r"stored on [123] or more replicas[\s\S]*read back .*\nlives for an hour\ndeleted\n$"
REST_TOUR = TOUR.replace(r"lives for an hour\n", "")


class ScriptedGateway:
    """Answers requests of each method from a list, and keeps their stamps. None: the connection ends
    without an answer."""

    def __init__(self, answers):
        self.stamps = {method: [] for method in answers}
        outer, deleted = self, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.stamps[self.command].append(self.headers["Kache-Stamp"])
                scripted = answers[self.command].pop(0)
                if scripted is not None:
                    status, document = scripted
                    if self.command == "DELETE" and status == 200:
                        deleted.append(True)
                    self.send(status, document if status == 200 else {"error": document})

            do_PUT = do_DELETE = answer

            def do_GET(self):
                if deleted:
                    self.send(404, {"error": {"code": "KEY_NOT_FOUND"}})
                else:
                    self.send(200, {"value": "Ada", "ttl": 60})

            def send(self, status, document):
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status == 503:
                    self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class ClientsTest(SystemCase):
    def run_client(self, *command, **environment):
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                             timeout=60, env={**os.environ, **environment})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run.stdout

    def test_python(self):
        output = self.run_client(paths.PYTHON, CLIENTS / "tour.py", self.system.server.address,
                                 PYTHONPATH=str(paths.STUBS))
        self.assertRegex(output, TOUR)

    def test_python_over_rest(self):
        output = self.run_client(paths.PYTHON, CLIENTS / "rest.py", self.system.gateway.url)
        self.assertRegex(output, REST_TOUR)

    def test_python_over_rest_repeats_a_write_with_its_stamp(self):
        held = "018fc8e5a2000005-aaaaaaaaaaaa1111"
        with ScriptedGateway({
            "PUT": [None, (503, {"code": "UNAVAILABLE"}), (409, {"code": "SUPERSEDED", "held": held}),
                    None, (200, {"acknowledged": 1, "version": "v"})],
            "DELETE": [(400, {"code": "STAMP_OUT_OF_RANGE", "clusterTime": 1_717_000_000_000}),
                       (200, {})],
        }) as gateway:
            output = self.run_client(paths.PYTHON, CLIENTS / "rest.py", gateway.url)
        self.assertRegex(output, REST_TOUR)
        first, again, last_chance, above, above_again = gateway.stamps["PUT"]
        self.assertRegex(first, r"^[0-9a-f]{16}-[0-9a-f]{12}$")
        self.assertEqual([again, last_chance], [first, first])
        made_at = int(first[:12], 16)
        clock = first[17:]
        self.assertEqual(above,
                         f"018fc8e5a2000006-{clock};made-at={made_at};above={held}")
        self.assertEqual(above_again, above)
        wrong, right = gateway.stamps["DELETE"]
        self.assertNotEqual(wrong, right)
        self.assertLess(abs(int(right[:12], 16) - 1_717_000_000_000), 60_000)

    def test_node(self):
        output = self.run_client("node", paths.NODE / "nodejs" / "tour.mjs",
                                 self.system.server.address, paths.ROOT / "proto")
        self.assertRegex(output, TOUR)

    def test_cpp(self):
        output = self.run_client(paths.BUILD / "tests" / "e2e" / "cpp_client" / "tour",
                                 self.system.server.address)
        self.assertRegex(output, TOUR)

    def test_go(self):
        output = self.run_client(paths.BUILD / "tests" / "e2e" / "go_client" / "tour",
                                 self.system.server.address)
        self.assertRegex(output, TOUR)


if __name__ == "__main__":
    unittest.main()
