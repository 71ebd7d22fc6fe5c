"""Real answers are as /openapi.json describes them. That it describes every route is checked by
tests/unit/gateway/openapi_test.cc."""

import base64
import time
import unittest

from harness.case import SystemCase
from harness.openapi import OpenApi
from harness.rest import key_path
from harness.waiting import wait_until

KEY = "/api/v1/keys/{key}"
LOCATE = "/api/v1/locate/{key}"


class DescribedCase(SystemCase):
    SYSTEM = {"server_settings": {"MAX_VALUE_BYTES": 1024},
              "gateway_settings": {"MAX_VALUE_BYTES": 1024}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = OpenApi(cls.rest.request("GET", "/openapi.json").json())

    def ask(self, method, path, target=None, body=None, headers=None, status=200):
        """Sends a request to the operation `method path`, and checks the answer."""
        answer = self.rest.request(method, target or path, body, headers)
        self.assertEqual(answer.status, status, answer.body[:300])
        self.api.check(path, method, answer)
        return answer

    def ask_key(self, method, key, query="", **arguments):
        return self.ask(method, KEY, key_path(key) + query, **arguments)

    def post(self, action, body, status=200, content_type="application/json", query=""):
        path = f"/api/v1/keys:{action}"
        return self.ask("POST", path, path + query, body, {"Content-Type": content_type}, status)


class AnswersTest(DescribedCase):
    def test_examples_are_as_described(self):
        examples = 0

        def look(item):
            nonlocal examples
            if isinstance(item, dict):
                if "example" in item and "schema" in item:
                    self.api.validate(item["example"], item["schema"])
                    examples += 1
                for value in item.values():
                    look(value)
            elif isinstance(item, list):
                for value in item:
                    look(value)

        look(self.api.document)
        self.assertGreater(examples, 10)

    def test_one_key(self):
        key, json_body = self.key(), {"Content-Type": "application/json"}
        self.ask_key("PUT", key, body='{"value": "v", "ttl": 60}', headers=json_body)
        version = self.ask_key("GET", key).json()["version"]
        self.ask_key("GET", key, headers={"Accept": "application/octet-stream"})
        self.ask_key("GET", key, headers={"If-None-Match": f'"{version}"'}, status=304)
        self.ask_key("HEAD", key)
        self.ask_key("HEAD", key, headers={"If-None-Match": "*"}, status=304)
        self.ask_key("PUT", b"\xff" + key.encode(), "?ttl=60", body=b"\xfe")
        binary = self.ask_key("GET", b"\xff" + key.encode()).json()
        self.assertEqual(binary["encoding"], "base64")
        stamp = {"Kache-Stamp": f"{time.time_ns() // 1_000_000 << 16:016x}-5e4f3a2b1c0d"}
        self.ask_key("PUT", key, body="v", headers=stamp)
        self.api.validate(stamp["Kache-Stamp"], {"$ref": "#/components/schemas/WriteStamp"})
        self.ask("POST", KEY + ":touch", key_path(key) + ":touch", '{"ttl": 60}',
                 {"Content-Type": "application/json"})
        lease = (KEY + ":lease", key_path(key) + ":lease")
        self.ask("POST", *lease, '{"waitMs": 0}', json_body)
        self.ask_key("DELETE", key)
        leased = self.ask("POST", *lease, '{"leaseMs": 60000}', json_body)
        self.ask("POST", *lease, "{}", json_body)
        self.ask_key("PUT", key, body="v", headers={"Kache-Stamp": leased.json()["stamp"]})
        self.ask_key("DELETE", key)
        self.ask_key("GET", key, status=404)
        self.ask_key("HEAD", key, status=404)

    def test_refusals_of_one_key(self):
        key, json_body = self.key(), {"Content-Type": "application/json"}
        for method in ("GET", "PUT", "DELETE", "HEAD"):
            self.ask_key(method, key, "?no=1", status=400)
        for body in ("", "[]", '{"value": 1}', '{"value": "v", "ttl": -1}', '{"vaule": "v"}'):
            self.ask_key("PUT", key, body=body, headers=json_body, status=400)
        for method in ("PUT", "DELETE"):
            self.ask_key(method, key, headers={"Kache-Stamp": "soon"}, status=400)
        self.ask_key("PUT", key, body=b"x" * 1025, status=413)
        self.ask_key("PUT", key, body=f'{{"value": "{"x" * 1025}"}}', headers=json_body, status=413)
        self.ask_key("PUT", key, body=b"x", headers={"Content-Encoding": "gzip"}, status=415)
        self.ask_key("PUT", key, body=b"x", headers={"If-Match": "*"}, status=501)
        self.ask_key("PUT", key, body=b"x", headers={"Expect": "200-maybe"}, status=417)
        self.ask_key("DELETE", key, headers={"If-None-Match": "*"}, status=501)
        self.ask_key("GET", key, headers={"If-Match": "*"}, status=501)
        self.ask_key("GET", key, headers={"X-Large": "x" * 70_000}, status=431)

    def test_batches(self):
        raw = base64.b64encode(b"\xff").decode()
        self.post("batchPut", '{"entries": [{"key": "a", "value": "1", "ttl": 60}, '
                  f'{{"key": "{raw}", "keyEncoding": "base64", "value": "{raw}", '
                  '"encoding": "base64"}, {"key": "", "value": "no key"}]}')
        got = self.post("batchGet", f'{{"keys": ["a", "{self.key()}", ""]}}').json()["results"]
        self.assertEqual([result.get("found") for result in got], [True, False, None])
        self.post("batchGet", f'{{"keys": ["{raw}"], "keyEncoding": "base64"}}')
        self.post("batchDelete", '{"keys": ["a", ""]}')
        self.post("batchDelete", '{"keys": ["a"], "stamps": ["soon"]}', status=400)
        for action in ("batchGet", "batchPut", "batchDelete"):
            self.post(action, "{}", status=400)
            self.post(action, "{}", content_type="text/plain", status=415)
            self.post(action, "{}", query="?no=1", status=400)

    def test_locate(self):
        self.rest.put_raw(self.key(), b"v")
        for key in (self.key(), self.key("missing"), b"\xff"):
            self.ask("GET", LOCATE, key_path(key).replace("/keys/", "/locate/"))
        self.ask("GET", LOCATE, "/api/v1/locate/k?no=1", status=400)

    def test_operations_and_pages(self):
        for path in ("/status", "/ping", "/readyz", "/livez", "/metrics", "/openapi.json", "/docs",
                     "/"):
            self.ask("GET", path)
        self.ask("GET", "/status", "/status?no=1", status=400)
        for path in ("/", "/docs", "/openapi.json"):
            self.ask("GET", path, headers={"If-None-Match": "*"}, status=304)
        for file in ("page.css", "docs.js", "icon.svg"):
            self.ask("GET", "/assets/{file}", f"/assets/{file}")
        self.ask("GET", "/assets/{file}", "/assets/none", status=404)

    @classmethod
    def tearDownClass(cls):
        # None of the tests left an operation out.
        missing = [f"{method} {path}" for path, method in cls.api.operations()
                   if (path, method, "200") not in cls.api.seen]
        assert not missing, f"no test saw these answer 200: {missing}"
        super().tearDownClass()


class UnavailableTest(DescribedCase):
    """The same description, when no Redis server is there."""

    def test_nothing_can_be_served(self):
        for redis in self.system.redis:
            redis.kill()
        wait_until(lambda: self.rest.request("GET", "/ping").status == 503, "/ping 503")
        for path in ("/ping", "/readyz"):
            self.ask("GET", path, status=503)
        for method in ("GET", "PUT", "DELETE", "HEAD"):
            self.ask_key(method, self.key(), status=503)
        self.post("batchGet", '{"keys": ["a"]}', status=503)
        self.ask("GET", LOCATE, "/api/v1/locate/k")
        status = self.ask("GET", "/status").json()
        self.assertEqual({node["state"] for node in status["nodes"]}, {"DOWN"})


if __name__ == "__main__":
    unittest.main()
