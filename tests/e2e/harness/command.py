"""Runs a command-line program to its end, as a shell would."""

import json
import subprocess
import typing

from harness.process import clean_environment


class Ended(typing.NamedTuple):
    code: int
    out: bytes
    err: str

    @property
    def text(self):
        return self.out.decode()

    def json(self):
        return json.loads(self.out)


def run(program, *arguments, stdin=b"", settings=None, seconds=30):
    ended = subprocess.run([program, *map(str, arguments)], input=stdin, capture_output=True,
                           env=clean_environment(settings or {}), timeout=seconds)
    return Ended(ended.returncode, ended.stdout, ended.stderr.decode(errors="replace"))
