"""A Redis server that can be brought back empty or with what it held earlier."""

import shutil

from harness.redis_server import RedisServer


class RedisNode(RedisServer):
    def __init__(self, name, folder):
        self._rdb = folder / f"{name}.rdb"
        self._snapshot = folder / f"{name}.snapshot.rdb"
        super().__init__(name, folder=folder, options=("--dbfilename", self._rdb.name))

    def take_snapshot(self):
        self.call("SAVE")
        self._rdb.rename(self._snapshot)

    @property
    def has_snapshot(self):
        return self._snapshot.exists()

    def start_from_snapshot(self):
        shutil.copyfile(self._snapshot, self._rdb)
        try:
            return self.start()
        finally:
            self._rdb.unlink()
