"""Notices when the machine itself is slow, so that nobody else is blamed: stalls.jsonl, a line for each
moment in which a node took long to answer a ping that goes past coordinators and proxies, or in which
this process was not run when it wanted to be.

A line: {"begin": us, "end": us, "node": n}; "node" is null where it was this process."""

import json
import threading
import time

from kit.history.clock import now

_PAUSE_SECONDS = 0.1
_LATE = 100_000  # us: this process was not run for so long
_SLOW = 15_000  # us: a node is slow; coordinators call none slow below 20 ms


class StallWatch:
    def __init__(self, folder, nodes):
        self._file = open(folder / "stalls.jsonl", "w", encoding="utf-8")
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._watch, args=(i, node), daemon=True)
                         for i, node in enumerate(nodes)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join(5)
        with self._lock:
            self._file.close()

    def _watch(self, number, node):
        connection, slept = None, now()
        while not self._stopping.wait(_PAUSE_SECONDS):
            woken = now()
            if woken - slept > _PAUSE_SECONDS * 1e6 + _LATE:
                self._note(slept, woken, None)
            try:
                connection = connection or node.connect()
                connection.call("PING")
            except Exception:  # noqa: BLE001 - a node that is away has its fault in the journal
                connection = None
                time.sleep(_PAUSE_SECONDS)
            slept = now()
            if slept - woken > _SLOW:
                self._note(woken, slept, number)

    def _note(self, begin, end, node):
        with self._lock:
            if not self._file.closed:
                self._file.write(json.dumps({"begin": begin, "end": end, "node": node}) + "\n")
