"""Puts the Node client and the packages of its lock file into the build tree: npm ci."""

import hashlib
import pathlib
import shutil
import subprocess

from harness import paths

SOURCE = pathlib.Path(__file__).resolve().parent / "node"


def main():
    paths.NODE_CLIENT.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.iterdir():
        shutil.copy(file, paths.NODE_CLIENT)
    lock = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    stamp = paths.NODE_CLIENT / "node_modules" / ".kache-lock"
    if stamp.exists() and stamp.read_text() == lock:
        return
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                   cwd=paths.NODE_CLIENT, check=True)
    stamp.write_text(lock)


if __name__ == "__main__":
    main()
