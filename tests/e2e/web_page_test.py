"""Looks at the gateway's pages in a real browser (web/page.test.mjs)."""

import os
import subprocess
import unittest

from harness import paths
from harness.case import SystemCase


class PageTest(SystemCase):
    # Less than the page itself waits for an answer.
    SYSTEM = {"gateway_settings": {"REQUEST_TIMEOUT_MS": 3000}}

    def test_pages_in_a_browser(self):
        browser = os.environ.get("KACHE_CHROMIUM", "/usr/bin/chromium")
        self.assertTrue(os.access(browser, os.X_OK), f"no Chromium: {browser}")
        environment = {
            **os.environ,
            "KACHE_URL": self.system.gateway.url,
            "KACHE_GATEWAY_PID": str(self.system.gateway.pid),
            "KACHE_SERVER_PID": str(self.system.server.pid),
            "KACHE_REDIS_PORTS": ",".join(str(redis.port) for redis in self.system.redis),
            "KACHE_REDIS_PIDS": ",".join(str(redis.pid) for redis in self.system.redis),
        }
        run = subprocess.run(["node", "--test", "page.test.mjs"], cwd=paths.NODE / "web",
                             env=environment, capture_output=True, text=True, timeout=1100)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"pass [1-9]", run.stdout)
        self.assert_answers()


if __name__ == "__main__":
    unittest.main()
