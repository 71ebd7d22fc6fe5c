// A headless Chromium, and what every test wants of a page: its address, no error on the console,
// no request to another host, and axe-core's opinion.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

export const URL_OF_GATEWAY = process.env.KACHE_URL;
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 1000 };

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// With a fresh profile, which goes when the browser is closed.
export function launch() {
  const executablePath = process.env.KACHE_CHROMIUM || "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS });
}

// Opens `path` in a window of its own and runs `look(page)`. `errors` are the console's errors that
// `look` itself brings about, as a pattern.
export async function visit(browser, path, { viewport = DESK, colorScheme = "light", errors } = {},
                            look) {
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (!errors?.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.stack}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(URL_OF_GATEWAY)) complaints.push(`foreign: ${request.url()}`);
  });
  try {
    page.setDefaultTimeout(90_000);
    await page.goto(URL_OF_GATEWAY + path);
    await look(page);
  } finally {
    await context.close();
  }
  assert.deepEqual(complaints, []);
}

// Until the element is shown and its text matches.
export async function waitForText(page, selector, pattern) {
  await page.locator(selector).filter({ hasText: pattern }).first().waitFor();
}

export async function assertAccessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(({ id, help, nodes }) =>
    [`${id}: ${help}`, ...nodes.map((node) => `${node.html}: ${node.failureSummary}`)].join("\n"));
  assert.deepEqual(told, []);
}

export async function assertFits(page) {
  const [content, window] = await page.evaluate(() =>
    [document.scrollingElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `the page is ${content} wide in a window of ${window}`);
}

// Where KACHE_SCREENSHOTS names a folder.
export async function shoot(page, name, options = {}) {
  const folder = process.env.KACHE_SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, ...options });
}
