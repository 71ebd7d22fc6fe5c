"""The containers of deploy/compose.yaml, as a Compose project of the test's own, on free ports.

The images are expected to be built (docker compose build).
"""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROJECT = f"kache-test-{os.getpid()}"
UP_SECONDS = 180


def compose(*arguments):
    """Runs docker compose for this project; returns its output. AssertionError when it fails."""
    command = ["docker", "compose", "-f", "deploy/compose.yaml", "-p", PROJECT, *arguments]
    environment = {**os.environ, "KACHE_HTTP_PORT": "", "KACHE_GRPC_PORT": ""}
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=UP_SECONDS
    )
    if ended.returncode != 0:
        raise AssertionError(f"{' '.join(command)}\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def containers_with_trouble():
    return compose("ps", "-a", "--format", "{{.Service}} {{.Status}}") + compose(
        "logs", "--no-color", "--tail", "20"
    )


def start_for(case):
    """Starts it for all tests of a class; returns the gateway's address."""
    case.addClassCleanup(compose, "down", "-v", "--timeout", "10")
    try:
        compose("up", "-d", "--wait", "--no-build")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{containers_with_trouble()}") from error
    return compose("port", "gateway", "8080").strip()
