// What all browser tests share: the browser of the system, and a page that is logged in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const need = (name) => process.env[name] ?? assert.fail(`${name} must be set: see dashboard/README.md`);

/** Where Bartizan is, and who logs in. The user must be an operator at least. */
export const BASE = need("BARTIZAN_URL").replace(/\/$/, "");
const USER = need("BARTIZAN_USER");
const PASSWORD = need("BARTIZAN_PASSWORD");

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/**
 * A page that fails its test when a script throws, when the content security policy refuses something, or when a
 * request goes anywhere but to Bartizan.
 */
export async function open(browser, { viewport = WIDE, scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: scheme });
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(`threw: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Content-Security-Policy/.test(message.text())) problems.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${BASE}/`)) problems.push(`asked elsewhere: ${request.url()}`);
  });
  return { page, context, sound: () => assert.deepEqual(problems, []) };
}

export async function logIn(page, path = "/") {
  await page.goto(BASE + path);
  await page.getByLabel("Name", { exact: true }).fill(USER);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator("main#main").waitFor();
}

/** No serious or critical violation of WCAG 2.2 A and AA, as axe-core sees it, and nothing wider than the window. */
export async function accessible(page, what) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${what} is ${overflow} px too wide`);
  // Run in the page's own world by the debugger, which the content security policy does not bind.
  await page.evaluate(`(() => { if (!window.axe) { ${axe} } })()`);
  const violations = await page.evaluate(async () => {
    const result = await window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    });
    return result.violations
      .filter((one) => one.impact === "serious" || one.impact === "critical")
      .map(
        (one) =>
          `${one.id}: ${one.nodes
            .map((node) => node.html.slice(0, 120))
            .slice(0, 3)
            .join(" | ")}`,
      );
  });
  assert.deepEqual(violations, [], what);
}
