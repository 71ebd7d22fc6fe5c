"""Asks every coordinator again and again how it sees the nodes, and writes down each change.

A line of states.jsonl: {"at": us, "answered": us, "before": us, "coordinator": c, "nodes": [[state,
reason, since_ms, run_id], ...]}; "nodes" is null while the coordinator does not answer. `at` is when
this was asked, `answered` when the answer was there, `before` when it was last asked and said otherwise.
"""

import json
import threading

import grpc

from kit.history.clock import now
from kit.stubs import CHANNEL_OPTIONS, pb, pb_grpc

UP, SYNCING, DOWN = "UP", "SYNCING", "DOWN"
_NAMES = {pb.NODE_STATE_UP: UP, pb.NODE_STATE_SYNCING: SYNCING, pb.NODE_STATE_DOWN: DOWN}
_PAUSE_SECONDS = 0.1


class Watcher:
    def __init__(self, folder, addresses):
        self._file = open(folder / "states.jsonl", "w", encoding="utf-8")
        self._lock = threading.Lock()
        self._latest = [(0, None)] * len(addresses)  # when it was asked, and the answer
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._watch, args=(i, address), daemon=True)
                         for i, address in enumerate(addresses)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join(5)
        self._file.close()

    def all_up(self, since, nodes=None):
        """Whether every coordinator, asked after `since` (us), called these nodes UP; all nodes
        when none are named."""
        with self._lock:
            return all(
                at > since and states is not None and all(
                    state[0] == UP for i, state in enumerate(states)
                    if nodes is None or i in nodes)
                for at, states in self._latest)

    def latest(self, coordinator):
        with self._lock:
            return self._latest[coordinator]

    def _watch(self, index, address):
        last, before = "nothing yet", 0
        with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
            stub = pb_grpc.KacheStub(channel)
            while not self._stopping.wait(_PAUSE_SECONDS):
                asked = now()
                try:
                    answer = stub.GetStatus(pb.GetStatusRequest(), timeout=1)
                    states = [[_NAMES.get(n.state, "?"), n.reason, n.since_unix_ms, n.run_id[:8]]
                              for n in answer.nodes]
                except grpc.RpcError:
                    states = None
                answered = now()
                with self._lock:
                    self._latest[index] = (asked, states)
                    if states != last:
                        line = {"at": asked, "answered": answered, "before": before,
                                "coordinator": index, "nodes": states}
                        self._file.write(json.dumps(line) + "\n")
                        self._file.flush()
                last, before = states, asked
