// The status page over a real system: KACHE_URL, and the processes that the tests freeze.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";

import {
  assertAccessible, assertFits, DESK, launch, PHONE, shoot, URL_OF_GATEWAY, visit, waitForText,
} from "./browser.mjs";

const REDIS = process.env.KACHE_REDIS_PIDS.split(",").map(Number);
const PORTS = process.env.KACHE_REDIS_PORTS.split(",").map(Number);
const SERVER = Number(process.env.KACHE_SERVER_PID);
const GATEWAY = Number(process.env.KACHE_GATEWAY_PID);
const LOOKS = [
  ["light", DESK], ["dark", DESK], ["light", PHONE], ["dark", PHONE],
];

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

// A stopped process is one that does not answer; it goes on afterwards, whatever happens.
async function whileFrozen(pid, look) {
  process.kill(pid, "SIGSTOP");
  try {
    await look();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

// One command to a Redis server, which must like it.
async function redis(port, command) {
  const socket = connect(port, "127.0.0.1");
  socket.write(`${command}\r\n`);
  const [answer] = await once(socket, "data");
  socket.destroy();
  assert.match(answer.toString(), /^\+OK/);
}

// The row of one of REDIS. The page orders them by name.
const rowOf = (page, i) =>
  page.locator("#nodes-body tr").filter({ hasText: `127.0.0.1:${PORTS[i]}` });

const put = (key, value) =>
  fetch(`${URL_OF_GATEWAY}/api/v1/keys/${encodeURIComponent(key)}`, { method: "PUT", body: value });

// Reads and writes all the time while `look` runs.
async function underTraffic(look) {
  let going = true;
  const clients = Array.from({ length: 4 }, async (_, client) => {
    for (let i = 0; going; ++i) {
      await put(`traffic-${client}-${i % 100}`, "value").then((answer) => answer.text());
      await fetch(`${URL_OF_GATEWAY}/api/v1/keys/traffic-${client}-${i % 100}`)
        .then((answer) => answer.text());
    }
  });
  try {
    await look();
  } finally {
    going = false;
    await Promise.all(clients);
  }
}

const allUp = (page) => waitForText(page, "#summary", /^All 4 Redis servers are UP\.$/);

async function locate(page, key) {
  await page.getByRole("textbox", { name: "Key" }).fill(key);
  await page.keyboard.press("Enter");
}

test("shows every server and its arcs of the real ring", () =>
  visit(browser, "/", {}, async (page) => {
    await allUp(page);
    const status = await (await fetch(`${URL_OF_GATEWAY}/status`)).json();
    const rows = await page.locator("#nodes-body tr").allInnerTexts();
    assert.equal(rows.length, 4);
    const names = status.nodes.map((node) => node.name)
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    for (const node of status.nodes) {
      const row = rows[names.indexOf(node.name)];
      assert.ok(row.includes(node.name), row);
      assert.ok(row.includes("UP"), row);
      assert.ok(row.includes(`${(node.share * 100).toFixed(1)} %`), row);
      assert.ok(row.includes(node.redisVersion), row);
    }
    assert.equal(await page.locator("#ring .arc").count(), 4);
    await waitForText(page, "#ring-note", /100 virtual nodes/);
    const label = await page.locator("#ring").getAttribute("aria-label");
    assert.match(label, /Ring of 4 servers: .* is UP/);
  }));

test("shows a server going down and coming back", () =>
  visit(browser, "/", {}, async (page) => {
    await allUp(page);
    const row = rowOf(page, 1);
    await whileFrozen(REDIS[1], async () => {
      await waitForText(page, "#summary", /^1 of 4 DOWN: 127\.0\.0\.1:\d+ \(\w+\)\. kachectl doctor /);
      assert.match(await row.innerText(), /DOWN[\s\S]*unresponsive/);
      assert.equal(await page.locator("#ring .arc.down").count(), 1);
      assert.equal(await page.locator("#ring .trouble").count(), 1);
      for (const [colorScheme, viewport] of LOOKS) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(viewport);
        await assertAccessible(page);
      }
      await shoot(page, "down");
    });
    await allUp(page);
    assert.match(await row.innerText(), /UP/);
    assert.equal(await page.locator("#ring .trouble").count(), 0);
  }));

test("shows a server that takes no writes", () =>
  visit(browser, "/", {}, async (page) => {
    await allUp(page);
    await redis(PORTS[2], "CONFIG SET maxmemory 1");
    try {
      await underTraffic(() =>
        waitForText(page, "#summary", /^1 of 4 SYNCING: 127\.0\.0\.1:\d+ \(\w+\)\. kachectl doctor /));
      assert.match(await rowOf(page, 2).innerText(), /SYNCING/);
      for (const [colorScheme, viewport] of LOOKS) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(viewport);
        await assertAccessible(page);
      }
      await shoot(page, "syncing");
    } finally {
      await redis(PORTS[2], "CONFIG SET maxmemory 0");
    }
    await underTraffic(() => allUp(page));
  }));

const NOT_BEGUN = { keysDone: 0, keysLeft: 0, keysPerSecond: 0 };

// What a server would say of a large cluster, with the members that not all servers send.
function largeStatus() {
  const nodes = Array.from({ length: 24 }, (_, index) => ({
    name: `cache-${index}.redis.a-rather-long-namespace.svc.cluster.local:6379`,
    address: "10.0.0.1:6379", state: index % 5 === 1 ? "SYNCING" : "UP",
    reason: index % 5 === 1 ? "resync" : "ok", since: 1, lastPing: 1, pingRttMicros: 12_345,
    share: 1 / 24, runId: "0".repeat(40), redisVersion: "7.0.15", keys: 1_234_567,
    ...(index % 5 === 1 ? { resync: { keysDone: 421, keysLeft: 579, keysPerSecond: 5000 } } : {}),
    ...(index === 6 ? { resync: { ...NOT_BEGUN, waitingFor: "node cache-7" } } : {}),
  }));
  return {
    nodes, replicationFactor: 3, vnodesPerNode: 1000, ringFingerprint: "0".repeat(16),
    coordinator: "1".repeat(16), serverVersion: "0.1.0", startedAt: 1,
  };
}

for (const width of [390, 800, 1000, 1280]) {
  test(`shows a large cluster in a window of ${width}`, () =>
    visit(browser, "/docs", { viewport: { width, height: 800 } }, async (page) => {
      await page.route("**/status", (route) => route.fulfill({ json: largeStatus() }));
      await page.goto(URL_OF_GATEWAY);
      await waitForText(page, "#summary", /^5 of 24 SYNCING: .*, 2 more\. kachectl doctor /);
      const row = await page.locator("#nodes-body tr").nth(1).innerText();
      assert.match(row, /SYNCING[\s\S]*1,234,567[\s\S]*42\.1 %, 5,000 keys\/s/);
      assert.match(await page.locator("#nodes-body tr").nth(6).innerText(),
        /waits for node cache-7/);
      // Made-up shares are not those of the ring, and the page says so.
      await waitForText(page, "#ring-note", /as long as its share/);
      await assertAccessible(page);
      await assertFits(page);
      await shoot(page, `large-${width}`);
    }));
}

test("keeps the servers in one order, whatever that of the answer", () =>
  visit(browser, "/docs", {}, async (page) => {
    let answers = 0;
    await page.route("**/status", (route) => {
      const status = largeStatus();
      if (answers++ % 2 === 1) status.nodes.reverse();
      return route.fulfill({ json: status });
    });
    await page.goto(URL_OF_GATEWAY);
    await waitForText(page, "#summary", /SYNCING/);
    const names = () => page.locator("#nodes-body button").allInnerTexts();
    const before = await names();
    assert.deepEqual(before, largeStatus().nodes.map(({ name }) => name));
    await page.locator("#nodes-body button").nth(1).click();
    for (let i = 0; i < 2; ++i) {
      await page.waitForResponse((answer) => answer.url().endsWith("/status"));
      await page.waitForTimeout(100);
      assert.deepEqual(await names(), before);
      assert.match(await page.locator("#ring .arc.chosen").getAttribute("class"), /syncing/);
    }
  }));

test("shows rates and latencies", () =>
  visit(browser, "/", {}, (page) => underTraffic(async () => {
    await allUp(page);
    const tile = page.locator("#tiles dd");
    await page.waitForFunction(() => Number.parseFloat(
      document.querySelector("#tiles dd").textContent.replaceAll(",", "")) > 1);
    await tile.nth(4).filter({ hasText: /s$/ }).waitFor();
    assert.match(await tile.nth(2).innerText(), /^[\d.]+ (µs|ms|s)$/);
    const label = await page.locator("#rates").getAttribute("aria-label");
    assert.match(label, /^[\d.,]+ requests and [\d.]+ errors each second/);
    assert.match(await page.locator("#rates path").first().getAttribute("d"), /^M/);
  })));

test("tells where a key lives", () =>
  visit(browser, "/", {}, async (page) => {
    await allUp(page);
    const key = "a/strange key?";
    assert.equal((await put(key, "hello")).status, 200);
    await page.waitForFunction(async (encoded) => {
      const answer = await (await fetch(`api/v1/locate/${encoded}`)).json();
      return answer.replicas.slice(0, 3).every(({ content }) => content === "VALUE");
    }, encodeURIComponent(key));
    await locate(page, key);
    await waitForText(page, "#located", /A read asks 127\.0\.0\.1:\d+\. Its home replicas agree\./);
    const rows = await page.locator("#replicas-body tr").allInnerTexts();
    assert.equal(rows.length, 4);
    assert.equal(rows.filter((row) => /^home[\s\S]*a value[\s\S]*5 B/.test(row)).length, 3, rows);
    assert.match(rows[3], /^stand-in[\s\S]*nothing/);
    assert.equal(await page.locator("#ring .pin").count(), 1);

    await locate(page, "never written");
    await waitForText(page, "#located", /None of its home replicas holds it/);
    await locate(page, "..");
    await waitForText(page, "#located", /cannot ask/);
    assert.equal(await page.locator("#replicas").isVisible(), false);
    assert.equal(await page.locator("#ring .pin").count(), 0);
  }));

test("is used by keyboard, and keeps the focus when it refreshes", () =>
  visit(browser, "/", {}, async (page) => {
    await allUp(page);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent),
      "Skip to the content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    const first = page.locator("#nodes-body button").first();
    assert.equal(await first.evaluate((button) => button === document.activeElement), true);
    await page.keyboard.press("Enter");
    assert.equal(await first.getAttribute("aria-pressed"), "true");
    assert.equal(await page.locator("#ring.chosen .arc.chosen").count(), 1);
    await page.waitForResponse((answer) => answer.url().endsWith("/status"));
    await page.waitForResponse((answer) => answer.url().endsWith("/status"));
    assert.equal(await first.evaluate((button) => button === document.activeElement), true);
    assert.equal(await page.locator("#ring.chosen .arc.chosen").count(), 1);
    await page.keyboard.press("Space");
    assert.equal(await page.locator("#ring.chosen").count(), 0);
  }));

const FAILED = /Failed to load resource/;

test("says so when the gateway cannot be reached, and recovers", () =>
  visit(browser, "/", { errors: FAILED }, async (page) => {
    await allUp(page);
    await page.context().setOffline(true);
    await waitForText(page, "#problem", /^The gateway does not answer\. .* as it was at /);
    assert.equal(await page.locator("#summary").isVisible(), false);
    await waitForText(page, "#freshness", /^Not connected$/);
    await assertAccessible(page);
    await shoot(page, "unreachable");
    await page.context().setOffline(false);
    await allUp(page);
    assert.equal(await page.locator("#problem").isVisible(), false);
  }));

test("says so when the gateway hangs", () =>
  visit(browser, "/", { errors: FAILED }, async (page) => {
    await allUp(page);
    await whileFrozen(GATEWAY, () =>
      waitForText(page, "#problem", /^The gateway does not answer\./));
    await allUp(page);
  }));

test("says so when no Kache server answers", () =>
  visit(browser, "/", { errors: FAILED }, async (page) => {
    await allUp(page);
    await whileFrozen(SERVER, () =>
      waitForText(page, "#problem", /^The gateway answers, but no Kache server does: /));
    await allUp(page);
  }));

for (const [colorScheme, viewport] of LOOKS) {
  const name = `${colorScheme}${viewport === PHONE ? "-phone" : ""}`;
  test(`is accessible and fits: ${name}`, () =>
    visit(browser, "/", { colorScheme, viewport }, (page) => underTraffic(async () => {
      await put("user:1", "Ada");
      await allUp(page);
      await locate(page, "user:1");
      await page.locator("#replicas").waitFor();
      await page.waitForFunction(() =>
        document.querySelector("#latencies path")?.getAttribute("d").includes("L"));
      await assertAccessible(page);
      await assertFits(page);
      await shoot(page, `page-${name}`, { fullPage: true });
    })));

  test(`the description of the API is accessible and fits: ${name}`, () =>
    visit(browser, "/docs", { colorScheme, viewport }, async (page) => {
      await page.locator("html[data-ready]").waitFor();
      assert.ok(await page.locator("section.operation").count() > 20);
      await page.locator("#putKey table").first().waitFor();
      await assertAccessible(page);
      await assertFits(page);
      await shoot(page, `docs-${name}`);
    }));
}
