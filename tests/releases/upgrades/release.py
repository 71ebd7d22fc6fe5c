"""A release: the programs of its build."""

import pathlib
import typing


class Release(typing.NamedTuple):
    name: str  # "old" or "new"
    folder: pathlib.Path

    def take(self, process):
        """The process runs this release's program from its next start on."""
        program = pathlib.Path(process.command[0]).name
        process.command[0] = str(self.folder / program)
