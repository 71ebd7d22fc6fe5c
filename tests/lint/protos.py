#!/usr/bin/env python3
"""The protos are as buf's rules want them, and compatible with the interface as it was promised.

usage: protos.py ROOT [check | renew]

check, the default, runs `buf lint` on proto/, and `buf breaking` against proto/baseline.txtpb, a
descriptor set in text form. renew writes that file from the protos as they are now: docs/compatibility.md
says when. Both read proto/buf.yaml and use the program that `tests/fetch lint` fetches."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASELINE = "baseline.txtpb"


def buf(root, *arguments):
    """Runs buf in proto/: its exit code and all of its output. It uses no network, nor this home."""
    tools = pathlib.Path(os.environ.get("KACHE_TOOLS", ROOT / "build" / "fetched" / "lint"))
    program = tools / "node_modules" / ".bin" / "buf"
    if not program.exists():
        sys.exit(f"{program} is not there: run tests/fetch lint")
    with tempfile.TemporaryDirectory() as home:
        ended = subprocess.run(
            [program, *arguments], cwd=root / "proto", env=os.environ | {"HOME": home},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    return ended.returncode, ended.stdout


def complaints_of(root, *arguments):
    code, output = buf(root, *arguments)
    complaints = [f"proto/{line}" for line in output.splitlines()]
    return complaints or ([f"buf {arguments[0]} ended with {code}"] if code else [])


def lint(root):
    return complaints_of(root, "lint")


def breaking(root):
    return complaints_of(root, "breaking", "--against", BASELINE)


def renew(root):
    code, output = buf(
        root, "build", "--as-file-descriptor-set", "--exclude-source-info", "--path", "kache",
        "--output", BASELINE,
    )  # fmt: skip
    if code:
        sys.exit(output)


if __name__ == "__main__":
    action = sys.argv[2] if len(sys.argv) == 3 else "check"
    if len(sys.argv) not in (2, 3) or action not in ("check", "renew"):
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    if action == "renew":
        renew(root)
    else:
        complaints = lint(root) + breaking(root)
        if complaints:
            sys.exit("\n".join([*complaints, "See docs/compatibility.md for what may change, and when."]))
