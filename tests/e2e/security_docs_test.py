"""The commands of docs/security.md, run as they stand there."""

import hashlib
import pathlib
import re
import subprocess
import tempfile
import unittest

from harness import paths
from harness.kache import KacheGateway, KacheServer
from harness.process import clean_environment
from harness.redis_server import RedisServer
from harness.tls import context_of


class SecurityDocsTest(unittest.TestCase):
    def test_the_steps(self):
        with tempfile.TemporaryDirectory(prefix="kache-e2e.") as name:
            folder = pathlib.Path(name)
            text = (paths.ROOT / "docs" / "security.md").read_text()
            steps = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
            self.assertEqual(len(steps), 2)
            for step in steps:
                subprocess.run(["bash", "-euo", "pipefail", "-c", step], cwd=folder, check=True,
                               capture_output=True)
            token = (folder / "web.token").read_text()
            self.assertEqual((folder / "tokens").read_text(),
                             f"web write {hashlib.sha256(token.encode()).hexdigest()} "
                             "operations_per_second=5000\n")
            self.serve(folder)

    def serve(self, folder):
        """All three ways at once, with what the steps made."""
        ca = folder / "ca.crt"
        redis = RedisServer(options=("--tls-cert-file", folder / "redis.crt", "--tls-key-file",
                                     folder / "redis.key", "--tls-ca-cert-file", ca,
                                     "--tls-auth-clients", "no"))
        redis.set_tls(context_of(ca), None)
        server = KacheServer([f"rediss://localhost:{redis.port}"], {
            "REDIS_TLS_CA_FILE": ca, "TOKENS_FILE": folder / "tokens",
            "GRPC_TLS_CERT_FILE": folder / "server.crt", "GRPC_TLS_KEY_FILE": folder / "server.key"})
        server.client_options = {"ca": ca, "token": (folder / "web.token").read_text()}
        gateway = KacheGateway([server.address], {
            "TOKENS_FILE": folder / "tokens", "KACHE_TOKEN_FILE": folder / "web.token",
            "KACHE_TLS_CA_FILE": ca, "HTTP_TLS_CERT_FILE": folder / "gateway.crt",
            "HTTP_TLS_KEY_FILE": folder / "gateway.key"})
        gateway.tls = context_of(ca)
        for process in (redis, server, gateway):
            self.addCleanup(process.stop)
            process.start()
        server.wait_up()
        gateway.wait_ready()
        run = subprocess.run(
            [paths.CTL, "--server", server.address, "put", "k", "v"], text=True,
            capture_output=True, timeout=30, env=clean_environment({
                "KACHE_TOKEN_FILE": folder / "web.token", "KACHE_TLS_CA_FILE": ca}))
        self.assertEqual(run.returncode, 0, run.stderr)
        curl = ["curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", ca,
                "--header", "Authorization: Bearer " + (folder / "web.token").read_text(),
                "--header", "Accept: application/octet-stream",
                f"https://localhost:{gateway.port}/api/v1/keys/k"]
        run = subprocess.run(curl, text=True, capture_output=True, timeout=30)
        self.assertEqual((run.returncode, run.stdout), (0, "v"), run.stderr)


if __name__ == "__main__":
    unittest.main()
