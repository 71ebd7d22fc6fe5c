"""GET /api/v1/locate/{key}: what the ring says and what each Redis server holds."""

import unittest

from harness.case import UNHURRIED, SystemCase
from harness.rest import key_path
from harness.waiting import wait_until


class LocateTest(SystemCase):
    SYSTEM = {"server_settings": UNHURRIED}

    def locate(self, key):
        path = key_path(key).replace("/keys/", "/locate/")
        answer = self.rest.request("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def contents(self, key):
        return [replica["content"] for replica in self.locate(key)["replicas"]]

    def test_shows_a_value_its_absence_and_its_delete(self):
        key = self.key("/with?strange characters")
        self.assertEqual(self.contents(key), ["NONE"] * 4)
        version = self.rest.put_raw(key, b"hello", "?ttl=60").json()["version"]
        wait_until(lambda: self.contents(key) == ["VALUE"] * 3 + ["NONE"], "three copies")
        location = self.locate(key)
        self.assertEqual(location["key"], key)
        self.assertEqual(location["homeReplicas"], 3)
        self.assertEqual(location["servedBy"], location["replicas"][0]["node"])
        for replica in location["replicas"][:3]:
            self.assertEqual((replica["version"], replica["valueBytes"], replica["state"]),
                             (version, 5, "UP"))
            self.assertGreater(replica["expiresAt"], 1_500_000_000_000)
        self.assertNotIn("version", location["replicas"][3])
        self.rest.delete(key)
        wait_until(lambda: self.contents(key) == ["TOMBSTONE"] * 3 + ["NONE"], "three tombstones")

    def test_agrees_with_grpc(self):
        key = self.key()
        there, here = self.grpc.locate(key.encode()), self.locate(key)
        self.assertEqual(here["token"], f"{there.token:016x}")
        self.assertEqual([replica["node"] for replica in here["replicas"]],
                         [self.system.redis_of(r.node_id).url for r in there.replicas])

    def test_refusals(self):
        self.assert_error(self.rest.request("GET", "/api/v1/locate/"), 400, "BAD_KEY")
        self.assert_error(self.rest.request("GET", "/api/v1/locate/k?ttl=1"), 400, "BAD_PARAMETER")
        self.assert_error(self.rest.request("GET", "/api/v1/locate/a/b"), 404, "NOT_FOUND")
        self.assert_error(self.rest.request("PUT", "/api/v1/locate/k"), 405, "METHOD_NOT_ALLOWED")

    def test_is_no_key(self):
        """Keys named like the path are keys: nothing collides."""
        self.assertEqual(self.rest.put_raw("locate", b"v").status, 200)
        self.assertEqual(self.rest.put_raw("locate/k", b"w").status, 200)
        self.assertEqual(self.rest.get("locate/k").json()["value"], "w")


class WithoutServersTest(SystemCase):
    def test_answers_though_no_key_can_be_served(self):
        for redis in self.system.redis:
            redis.kill()
        wait_until(lambda: self.rest.request("GET", "/ping").status == 503, "/ping 503")
        location = self.rest.request("GET", "/api/v1/locate/k").json()
        self.assertNotIn("servedBy", location)
        for replica in location["replicas"]:
            self.assertEqual((replica["state"], replica["content"]), ("DOWN", "UNKNOWN"))
            self.assertTrue(replica["error"])


if __name__ == "__main__":
    unittest.main()
