"""A control group (cgroup) with a memory limit, for processes to be started in: what a container's
limit is. Version 1 or 2, whichever has the memory controller here; needs root."""

import os
import pathlib
import unittest
import uuid

from harness.waiting import wait_until

ROOT = pathlib.Path("/sys/fs/cgroup")


def _own_folder(controller):
    """The folder of this process's own cgroup, and whether it is of version 2; None where the
    controller is not there."""
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            mounted = ROOT / controller
            folder = mounted / path.lstrip("/")
            return (folder if folder.is_dir() else mounted), False
    if (ROOT / "cgroup.controllers").exists():
        return ROOT, True
    return None, False


class MemoryGroup:
    def __init__(self, limit):
        """SkipTest where this machine does not let us make one."""
        parent, self._is_v2 = _own_folder("memory")
        if parent is None:
            raise unittest.SkipTest("no cgroup with a memory controller here")
        self.limit = limit
        self.folder = parent / f"kache-e2e-{uuid.uuid4().hex[:8]}"
        try:
            self.folder.mkdir()
            self._write("memory.max" if self._is_v2 else "memory.limit_in_bytes", limit)
        except OSError as error:
            self.close()
            raise unittest.SkipTest(f"no memory limit can be set here: {error}") from error
        # Where there is swap, going there is no way out.
        for name in ("memory.swap.max",) if self._is_v2 else ("memory.memsw.limit_in_bytes",):
            if (self.folder / name).exists():
                self._write(name, 0 if self._is_v2 else limit)

    def entering(self, command):
        """The command that runs `command` inside the group."""
        return ["sh", "-c", 'echo 0 >"$0" && exec "$@"', str(self.folder / "cgroup.procs"),
                *command]

    @property
    def killed(self):
        """How many processes the kernel has killed for want of memory."""
        events = self._read("memory.events" if self._is_v2 else "memory.oom_control")
        return next(int(line.split()[1]) for line in events.splitlines()
                    if line.startswith("oom_kill "))

    @property
    def used(self):
        """Bytes of the processes' own: without what the kernel may take back (files)."""
        stat = dict(line.split() for line in self._read("memory.stat").splitlines())
        return int(stat["anon" if self._is_v2 else "total_rss"])

    @property
    def peak(self):
        """Bytes, files included: it stays at or below the limit whatever happens."""
        return int(self._read("memory.peak" if self._is_v2 else "memory.max_usage_in_bytes"))

    def close(self):
        """Once no process is in it."""
        if self.folder.exists():
            wait_until(lambda: not self._read("cgroup.procs").strip(), "the group to be empty")
            os.rmdir(self.folder)

    def _read(self, name):
        return (self.folder / name).read_text(encoding="ascii")

    def _write(self, name, value):
        (self.folder / name).write_text(str(value), encoding="ascii")
