"""One gateway, two coordinators whose REDIS_URLS have different orders: what an answer calls a server
means the same server, whichever coordinator gave it. What is true is asked of Redis itself."""

import unittest

from harness import exposition, record
from harness.case import UNHURRIED, SystemCase
from harness.node_ids import node_id_of, placement_of
from harness.rest import key_path
from harness.waiting import wait_until

NAMES = ("cache-a", "cache-b", "cache-c", "cache-d")
ORDERS = ([0, 1, 2, 3], [2, 3, 1, 0])  # no server has the same place in both
KEYS = [f"key-{i}" for i in range(24)]


class TwoOrdersTest(SystemCase):
    # One copy of each key: the server that has it is the one that answers.
    SYSTEM = {
        "servers": 2, "names": NAMES, "orders": ORDERS,
        "server_settings": {**UNHURRIED, "REPLICATION_FACTOR": 1},
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for key in KEYS:
            cls.rest.put_raw(key, key.encode())

    def coordinators(self):
        return [self.system.grpc(i) for i in range(2)]

    def holder(self, key):
        """The name of the one server that really holds the key."""
        holders = [name for name, redis in zip(NAMES, self.system.redis)
                   if record.read(redis, key.encode())]
        self.assertEqual(len(holders), 1, key)
        return holders[0]

    def answers(self):
        """What each coordinator has answered so far of what is asked for here."""
        every = [exposition.parse(server.metrics()) for server in self.system.servers]
        return [sum(metrics.total("kache_requests_total", rpc=rpc) for rpc in ("BatchGet", "Locate"))
                + metrics.total("kache_requests_total", rpc="Get", via="pipeline")
                for metrics in every]

    def expect_of_both(self, look):
        """Looks again and again until each coordinator has answered some of it. `look` returns what
        it expected and what it got."""
        before, looks = self.answers(), []

        def both_have_answered():
            looks.extend(look() for _ in range(4))
            return all(now > then for now, then in zip(self.answers(), before))

        wait_until(both_have_answered, "answers of both coordinators")
        for expected, got in looks:
            self.assertEqual(got, expected)

    def test_both_orders_are_one_ring(self):
        first, second = (client.status() for client in self.coordinators())
        self.assertEqual(first.ring_fingerprint, second.ring_fingerprint)
        self.assertNotEqual([n.name for n in first.nodes], [n.name for n in second.nodes])
        for status in (first, second):
            self.assertEqual({n.name: n.node_id for n in status.nodes},
                             {name: node_id_of(name) for name in NAMES})

    def test_both_place_keys_as_the_second_implementation_of_the_ring_does(self):
        for key in (b"a", b"\x00\xff", b"k" * 1024, *(f"user:{i}".encode() for i in range(20))):
            for client in self.coordinators():
                placed = [replica.node_id for replica in client.locate(key).replicas]
                self.assertEqual(placed, placement_of(key, NAMES), key)

    def test_grpc_names_the_server_that_holds_the_key(self):
        for key in KEYS:
            expected = node_id_of(self.holder(key))
            for client in self.coordinators():
                self.assertEqual(client.get(key.encode()).receipt.node_id, expected, key)
                place = client.locate(key.encode())
                self.assertEqual(place.served_by_node_id, expected, key)
                self.assertEqual(place.replicas[0].node_id, expected, key)

    def test_reads_name_the_server_that_holds_the_key(self):
        expected = {key: (self.holder(key), self.holder(key)) for key in KEYS}

        def look():
            answers = {key: self.rest.get(key) for key in KEYS}
            return expected, {key: (answer.json().get("node"), answer.headers.get("kache-node"))
                              for key, answer in answers.items()}

        self.expect_of_both(look)

    def test_batches_name_the_server_that_holds_each_key(self):
        expected = {key: self.holder(key) for key in KEYS}

        def look():
            results = self.rest.post("batchGet", {"keys": KEYS}).json()["results"]
            return expected, {result["key"]: result.get("node") for result in results}

        self.expect_of_both(look)

    def test_locate_names_the_server_that_holds_the_key(self):
        expected = {}
        for key in KEYS:
            holds = {name: "VALUE" if name == self.holder(key) else "NONE" for name in NAMES}
            expected[key] = self.holder(key), holds

        def look():
            places = {key: self.rest.request("GET", key_path(key).replace("/keys/", "/locate/")).json()
                      for key in KEYS}
            return expected, {
                key: (place.get("servedBy"),
                      {replica.get("node"): replica["content"] for replica in place["replicas"]})
                for key, place in places.items()}

        self.expect_of_both(look)

    def test_status_names_the_same_server_by_its_address(self):
        expected = {name: redis.url for name, redis in zip(NAMES, self.system.redis)}
        seen = {}  # by the order of the answer

        def both_have_answered():
            nodes = self.rest.request("GET", "/status").json()["nodes"]
            order = tuple(node["name"] for node in nodes)
            seen[order] = {node["name"]: node["address"] for node in nodes}
            return len(seen) == 2

        wait_until(both_have_answered, "a status of each coordinator")
        self.assertEqual(list(seen.values()), [expected, expected])


if __name__ == "__main__":
    unittest.main()
