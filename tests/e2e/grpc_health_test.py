"""The health protocol (Check and Watch), server reflection, and the end of streams at a stop."""

import threading
import unittest

import grpc
from google.protobuf import descriptor_pb2

from harness.case import SystemCase
from harness.grpc_client import KacheClient
from harness.waiting import wait_until

SERVICES = ("", "kache.v1.Kache")


class Watcher:
    """Follows one service's health; `seen` grows with every answer."""

    def __init__(self, client, service):
        pb = client.health_pb
        self.seen = []
        self.ended = None
        self._call = client.health.Watch(pb.HealthCheckRequest(service=service))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            for answer in self._call:
                self.seen.append(answer.status)
            self.ended = grpc.StatusCode.OK
        except grpc.RpcError as error:
            self.ended = error.code()

    def cancel(self):
        self._call.cancel()
        self._thread.join(5)


class HealthTest(SystemCase):
    SYSTEM = {"redis": 2, "gateways": 0}

    def setUp(self):
        pb = self.grpc.health_pb.HealthCheckResponse
        self.serving, self.not_serving, self.unknown = pb.SERVING, pb.NOT_SERVING, pb.SERVICE_UNKNOWN

    def test_check(self):
        for service in (*SERVICES, "live"):
            self.assertEqual(self.grpc.check(service), self.serving, service)
        with self.assertRaises(grpc.RpcError) as raised:
            self.grpc.check("kache.v1.Nothing")
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_follows_the_redis_servers(self):
        watchers = [Watcher(self.grpc, service) for service in (*SERVICES, "live", "other")]
        for watcher in watchers:
            self.addCleanup(watcher.cancel)
            wait_until(lambda: watcher.seen, "the first answer")

        self.system.redis[0].kill()
        wait_until(lambda: self.system.server.nodes_up() == 1, "one node DOWN")
        self.assertEqual(self.grpc.check(), self.serving)
        self.system.redis[1].kill()
        wait_until(lambda: self.grpc.check() == self.not_serving, "NOT_SERVING")
        self.assertEqual(self.grpc.check(""), self.not_serving)
        self.assertEqual(self.grpc.check("live"), self.serving)

        for redis in self.system.redis:
            redis.start()
        for service in SERVICES:
            wait_until(lambda: self.grpc.check(service) == self.serving, "SERVING again")
        for watcher in watchers[:2]:
            wait_until(lambda: len(watcher.seen) >= 3, "three answers")
            self.assertEqual(watcher.seen, [self.serving, self.not_serving, self.serving])
        self.assertEqual(watchers[2].seen, [self.serving])
        self.assertEqual(watchers[3].seen, [self.unknown])
        self.system.server.wait_up()

    def test_many_watches(self):
        watchers = [Watcher(self.grpc, "") for _ in range(16)]
        wait_until(lambda: all(watcher.seen for watcher in watchers), "all answered")
        for watcher in watchers:
            watcher.cancel()
        self.assertEqual(self.grpc.check(), self.serving)


class StoppingTest(SystemCase):
    SYSTEM = {"redis": 1, "gateways": 0}

    def test_watches_see_not_serving_and_end_with_unavailable(self):
        pb = self.grpc.health_pb.HealthCheckResponse
        with KacheClient(self.system.server.address) as client:
            watcher = Watcher(client, "kache.v1.Kache")
            wait_until(lambda: watcher.seen == [pb.SERVING], "SERVING")
            self.system.server.stop(10)
            wait_until(lambda: watcher.ended, "the end of the stream")
            self.assertEqual(watcher.seen, [pb.SERVING, pb.NOT_SERVING])
            self.assertEqual(watcher.ended, grpc.StatusCode.UNAVAILABLE)


class ReflectionTest(SystemCase):
    SYSTEM = {"redis": 1, "gateways": 0}

    def ask(self, **request):
        pb = self.grpc.reflection_pb
        answers = self.grpc.reflection.ServerReflectionInfo(
            iter([pb.ServerReflectionRequest(**request)]), timeout=5)
        return next(iter(answers))

    def test_lists_the_services(self):
        names = {s.name for s in self.ask(list_services="").list_services_response.service}
        self.assertLessEqual({"kache.v1.Kache", "grpc.health.v1.Health"}, names)

    def test_describes_the_service(self):
        answer = self.ask(file_containing_symbol="kache.v1.Kache").file_descriptor_response
        files = [descriptor_pb2.FileDescriptorProto.FromString(raw)
                 for raw in answer.file_descriptor_proto]
        methods = {m.name for f in files for s in f.service if s.name == "Kache" for m in s.method}
        ours = {m.name for m in self.grpc.pb.DESCRIPTOR.services_by_name["Kache"].methods}
        self.assertEqual(methods, ours)

    def test_unknown_symbol_is_not_found(self):
        answer = self.ask(file_containing_symbol="kache.v1.Nothing")
        self.assertEqual(answer.error_response.error_code, grpc.StatusCode.NOT_FOUND.value[0])


if __name__ == "__main__":
    unittest.main()
