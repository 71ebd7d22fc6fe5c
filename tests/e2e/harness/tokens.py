"""Files of API tokens."""

import hashlib
import pathlib
import secrets


class TokenFile:
    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "tokens"
        self.tokens = {}
        self._lines = {}

    def add(self, name, role, limit=None):
        token = secrets.token_urlsafe(32)
        digest = hashlib.sha256(token.encode()).hexdigest()
        more = f" operations_per_second={limit}" if limit else ""
        self.tokens[name] = token
        self._lines[name] = f"{name} {role} {digest}{more}\n"
        self.write()
        return token

    def remove(self, name):
        del self._lines[name]
        self.write()

    def write(self, text=None):
        new = self.path.with_suffix(".new")
        new.write_text(text if text is not None else "# name role sha256\n" + "".join(self._lines.values()))
        new.rename(self.path)
