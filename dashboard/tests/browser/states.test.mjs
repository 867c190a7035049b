// What a page says when there is nothing, not yet, or not any more.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BASE, launch, logIn, open } from "./session.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const failure = (status) => ({
  status,
  contentType: "application/problem+json",
  body: JSON.stringify({ status, title: "the store is full", incident: "e-5f21c0" }),
});

test("a list that fails says so with its id, and is not asked again and again", async () => {
  for (const status of [500, 422]) {
    const { page, context } = await open(browser);
    await logIn(page, "/settings");
    let asked = 0;
    await page.route(/\/api\/v1\/endpoints\?/, (route) => {
      asked += 1;
      return route.fulfill(failure(status));
    });
    await page.goto(`${BASE}/inventory`);
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").textContent(), /The store is full.*e-5f21c0/);
    await page.waitForTimeout(2000);
    assert.ok(asked <= 3, `it was asked ${asked} times`);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".list [data-index]").first().waitFor();
    await context.close();
  }
});

test("what was read stays when the server fails, with its age", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/policies");
  await page.getByRole("heading", { name: "Rules" }).waitFor();
  // With what the server's description allows, which comes a little later.
  await page.waitForLoadState("networkidle");
  const before = await page.locator("main table").textContent();
  await page.route(/\/api\/v1\/policies/, (route) => route.fulfill(failure(503)));
  await page.locator(".stale .note").waitFor({ timeout: 40_000 });
  assert.match(await page.locator(".stale .note").textContent(), /What follows is/);
  assert.equal(await page.locator("main table").textContent(), before);
  sound();
  await context.close();
});

test("a session that ends leads to logging in, and back to the same address", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/incidents?severity=high");
  await page.getByRole("heading", { name: "Incidents", level: 1 }).waitFor();
  await context.clearCookies();
  await page
    .getByRole("group", { name: "Severity at least" })
    .getByRole("button", { name: "Medium +" })
    .click();
  await page.waitForURL(/\/login\?back=/);
  assert.equal(new URL(page.url()).searchParams.get("back"), "/incidents?severity=medium");
  sound();
  await context.close();
});

test("a thing that is not there says so, and a page that is not there too", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/findings/fnd_0000000000000000");
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").textContent(), /no such thing/);
  await page.goto(`${BASE}/no-such-page`);
  await page.getByText("There is no such page").waitFor();
  sound();
  await context.close();
});

test("a list of which nothing fits for long asks whether to go on, and says who is missing", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/settings");
  let asked = 0;
  await page.route(/\/api\/v1\/exchanges\?/, (route) => {
    asked += 1;
    return route.fulfill({
      json: { items: [], next: String(asked) },
      headers: { "x-exchanges-elsewhere": "true", "x-damaged-blocks": "2" },
    });
  });
  await page.goto(`${BASE}/exchanges?would_refuse=true`);
  const further = page.getByRole("button", { name: "Look further back" });
  await further.waitFor();
  assert.ok(asked <= 6, `it was asked ${asked} times`);
  await page.getByText("Other servers that share this store keep some that are not here. 2 blocks").waitFor();
  const before = asked;
  await further.click();
  for (let tries = 0; asked === before && tries < 100; tries++) await page.waitForTimeout(50);
  assert.ok(asked > before);
  sound();
  await context.close();
});

test("figures that fail leave the rows, and rows that fail say so", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/settings");
  await page.route(/\/api\/v1\/findings\/facets/, (route) => route.fulfill(failure(500)));
  await page.goto(`${BASE}/findings?state=open`);
  await page.locator(".list [data-index]").first().waitFor();
  assert.equal(await page.locator("main [role=alert]").count(), 0);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.route(/\/api\/v1\/findings\?/, (route) => route.fulfill(failure(500)));
  await page.getByRole("columnheader", { name: "Seen" }).getByRole("button").click();
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").textContent(), /The store is full.*e-5f21c0/);
  sound();
  await context.close();
});
