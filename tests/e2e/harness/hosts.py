"""A file of host names of a process's own: what DNS would say elsewhere. Needs root."""

import pathlib


class Hosts:
    """Assigned to a Process's `group`, before it is started. `text` is that of its /etc/hosts."""

    def __init__(self, folder, text):
        self._file = pathlib.Path(folder) / "hosts"
        self._file.write_text(text)

    def entering(self, command):
        """The command that runs `command` in a mount namespace of its own."""
        return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"',
                str(self._file), *command]
