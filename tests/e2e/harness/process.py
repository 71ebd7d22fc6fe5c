"""One program under test: started, signalled by its pid, and never left behind.

The process gets SIGKILL when the test ends in whatever way (PDEATHSIG), so start it on the main
thread. Its output goes to a file. A sanitizer's report, or an exit code that was not asked for,
fails the test that stops it.
"""

import os
import pathlib
import re
import signal
import subprocess
import tempfile

from harness.waiting import wait_until

SANITIZER_REPORT = re.compile(
    r"(Address|Thread|Leak|Memory|UndefinedBehavior)Sanitizer|runtime error: "
)


def clean_environment(settings):
    """The machine's PATH and the like, without settings of Kache that happen to be exported."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "ASAN_OPTIONS", "TSAN_OPTIONS",
            "UBSAN_OPTIONS", "LSAN_OPTIONS")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment.update({name: str(value) for name, value in settings.items()})
    return environment


def _is_stopped(task):
    # The state follows the program's name, which may hold anything.
    return (task / "stat").read_text().rpartition(")")[2].split()[0] == "T"


def cpu_seconds(pid):
    """User and system time of all its threads so far, in hundredths of a second."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Process:
    def __init__(self, name, command, settings=None, folder=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.settings = dict(settings or {})
        if folder is None:
            self._own_folder = tempfile.TemporaryDirectory(prefix="kache-e2e.")
            folder = self._own_folder.name
        self.folder = pathlib.Path(folder)
        self.log_path = self.folder / f"{name}.log"
        self.group = None  # a MemoryGroup to be started in
        self.log_to = None  # a file descriptor to write to instead of log_path
        self._process = None
        self._frozen = False

    def start(self):
        """In a process group of its own, which Ctrl-C in a terminal does not reach, but in this
        session: Linux shares the CPUs between sessions first (sched_autogroup), so that with one
        for each process the busiest would wait while idle ones own shares."""
        assert not self.running, f"{self.name} runs already"
        command = self.group.entering(self.command) if self.group else self.command
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                env=clean_environment(self.settings),
                stdin=subprocess.DEVNULL, stdout=self.log_to or log, stderr=subprocess.STDOUT,
                process_group=0, cwd=self.folder,
            )
        return self

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def signal(self, number):
        self._process.send_signal(number)

    def terminate(self):
        """Sends SIGTERM and does not wait."""
        self.thaw()
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds=30):
        """The exit code."""
        return self._process.wait(seconds)

    def stop(self, seconds=30):
        """SIGTERM, and the end as it should be: exit code 0 and nothing to complain about."""
        if self._process is None:
            return
        code = self._process.poll()
        if code is None:
            self.terminate()
            try:
                code = self.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} did not stop within {seconds} s\n{self.tail()}")
        self._process = None
        self.check_log()
        if code != 0:
            raise AssertionError(f"{self.name} ended with exit code {code}\n{self.tail()}")

    def kill(self):
        """SIGKILL, as a crash or the kernel's memory killer would."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None
        self._frozen = False

    def freeze(self):
        """Until no thread runs any more: one of them has to be given a processor before all stop."""
        self._process.send_signal(signal.SIGSTOP)
        self._frozen = True
        tasks = pathlib.Path(f"/proc/{self.pid}/task")
        wait_until(lambda: all(_is_stopped(task) for task in tasks.iterdir()),
                   f"{self.name} stands still", pause=0.001)

    def thaw(self):
        if self._frozen:
            self._process.send_signal(signal.SIGCONT)
            self._frozen = False

    def check_log(self):
        if SANITIZER_REPORT.search(self.log):
            raise AssertionError(f"{self.name}: a sanitizer reports\n{self.log[-20000:]}")

    def tail(self, lines=30):
        end = "\n".join(self.log.splitlines()[-lines:])
        return f"--- the end of {self.log_path}\n{end}\n---"
