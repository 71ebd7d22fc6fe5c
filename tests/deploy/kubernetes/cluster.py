"""Kache in one namespace of a cluster, found by the labels that the manifests and the Helm chart give.

KUBECTL names the program, kubectl by default.
"""
import contextlib
import json
import os
import subprocess
import time

KUBECTL = os.environ.get("KUBECTL", "kubectl")
RETRY_SECONDS = 0.5
PATIENCE = 900  # seconds for each thing that is waited for


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(RuntimeError, OSError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {PATIENCE} s: {what}")
        time.sleep(RETRY_SECONDS)


class Namespace:
    def __init__(self, name):
        self.name = name
        self.command = [KUBECTL, "-n", name]

    def kubectl(self, *arguments, stdin=None, check=True):
        ended = subprocess.run([*self.command, *arguments], input=stdin, text=True,
                               capture_output=True)
        if check and ended.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {ended.stderr.strip()}")
        return ended

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def all_of(self, component, kind="pods"):
        """`component`: redis, server or gateway."""
        return self.get(kind, "-l", f"app.kubernetes.io/component={component}")["items"]

    def the(self, component, kind):
        (only,) = self.all_of(component, kind)
        return only

    def ready_pods(self, component):
        """Those that stay: their names and uids."""
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in self.all_of(component)
                if "deletionTimestamp" not in pod["metadata"]
                and any(condition["type"] == "Ready" and condition["status"] == "True"
                        for condition in pod["status"].get("conditions", []))}
