// The day of an analyst: log in, look at the inventory, decide about a finding, follow an incident, switch a policy.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, BASE, launch, logIn, NARROW, open, WIDE } from "./session.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const PAGES = [
  "/",
  "/inventory",
  "/services",
  "/journeys",
  "/changes",
  "/clients",
  "/incidents",
  "/actors",
  "/live",
  "/exchanges",
  "/findings",
  "/policies",
  "/keys",
  "/settings",
  "/settings?tab=audit",
  "/reference",
];

for (const [name, viewport] of [
  ["wide", WIDE],
  ["narrow", NARROW],
]) {
  const narrow = viewport === NARROW;

  test(`${name}: whoever is not logged in comes back to where they wanted to be`, async () => {
    const { page, context, sound } = await open(browser, { viewport });
    await logIn(page, "/findings?severity=low");
    await page.waitForURL(`${BASE}/findings?severity=low`);
    await page.getByRole("heading", { name: "Findings", level: 1 }).waitFor();
    sound();
    await context.close();
  });

  test(`${name}: a wrong password is refused, and says so`, async () => {
    const { page, context } = await open(browser, { viewport });
    await page.goto(`${BASE}/login`);
    await page.getByLabel("Name", { exact: true }).fill("nobody-of-that-name");
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").waitFor();
    assert.ok(page.url().startsWith(`${BASE}/login`));
    await accessible(page, "log in");
    await context.close();
  });

  test(`${name}: the inventory is filtered in the address, and an endpoint opens`, async () => {
    const { page, context, sound } = await open(browser, { viewport });
    await logIn(page, "/inventory");
    const rows = page.locator(".list [data-index]");
    await rows.first().waitFor();
    const path =
      (await rows.first().locator(".path").textContent())
        .split("/")
        .find((part) => /^[a-z0-9_-]{3,}$/i.test(part)) ?? "/";
    await page.getByLabel(/^Filter:/).fill(path);
    await page.waitForURL((url) => url.searchParams.get("q") === path);
    await page.reload();
    assert.equal(await page.getByLabel(/^Filter:/).inputValue(), path);
    await rows.first().waitFor();
    for (const text of await page.locator(".list [data-index]").allInnerTexts()) {
      assert.ok(text.toLowerCase().includes(path.toLowerCase()), `${text} does not fit ${path}`);
    }
    await rows.first().click();
    await page.waitForURL(/\/inventory\/ep_/);
    await page.getByRole("heading", { name: "Risk" }).waitFor();
    await accessible(page, "endpoint");
    sound();
    await context.close();
  });

  test(`${name}: a finding is confirmed and opened again, and its history says so`, async () => {
    const { page, context, sound } = await open(browser, { viewport });
    await logIn(page, "/findings?state=open");
    await page.locator(".list [data-index]").first().click();
    await page.waitForURL(/\/findings\/fnd_/);
    await page.getByRole("button", { name: /^Confirm Y/ }).click();
    await page.locator(".steps [aria-current=step]", { hasText: "Confirmed" }).waitFor();
    await page.getByText("open → confirmed").first().waitFor();
    await accessible(page, "finding");
    await page.getByRole("button", { name: /^Open again/ }).click();
    await page.locator(".steps [aria-current=step]", { hasText: "Found" }).waitFor();
    sound();
    await context.close();
  });

  test(`${name}: an incident is followed from the overview to its endpoint`, async () => {
    const { page, context, sound } = await open(browser, { viewport });
    await logIn(page);
    await page.getByRole("link", { name: /Open the worst incident/ }).click();
    await page.waitForURL(/\/incidents\/inc_/);
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    await page.getByRole("heading", { name: "How it went" }).waitFor();
    // The ledger adds up to the score.
    const points = await page.locator(".ledger tbody tr > :last-child").allInnerTexts();
    const total = points.reduce((sum, text) => sum + Number(text.replace("−", "-").replace("+", "")), 0);
    assert.equal(total, Number(await page.locator(".ledger tfoot td").last().textContent()));
    await accessible(page, "incident");
    sound();
    await context.close();
  });

  test(`${name}: a policy is switched after its effect was named, and back, where the server can`, async () => {
    const { page, context, sound } = await open(browser, { viewport });
    await logIn(page, "/policies");
    const document = await (await page.request.get(`${BASE}/api/v1/openapi.json`)).json();
    const able = Object.entries(document.paths).some(
      ([path, one]) => /\/policies\/[^/]+\/mode$/.test(path) && "put" in one,
    );
    if (!able) {
      // What the server cannot do is not offered.
      await page.getByText("Modes are switched in the configuration").waitFor();
      assert.equal(await page.getByRole("group", { name: /^Mode of/ }).count(), 0);
      assert.ok((await page.locator("main td .chip", { hasText: /^(off|monitor|enforce)$/ }).count()) > 0);
      sound();
      await context.close();
      return;
    }
    const modes = page.getByRole("group", { name: /^Mode of/ }).first();
    await modes.waitFor();
    const before = await modes.locator("[aria-pressed=true]").textContent();
    const other = before === "monitor" ? "enforce" : "monitor";
    for (const to of [other, before]) {
      await modes.getByRole("button", { name: to, exact: true }).click();
      await page.getByRole("dialog").locator("button[type=submit]").click();
      await modes.locator("[aria-pressed=true]", { hasText: to }).waitFor();
    }
    sound();
    await context.close();
  });

  test(`${name}: every page is accessible, by day and by night, and asks nobody else`, async () => {
    for (const scheme of ["light", "dark"]) {
      const { page, context, sound } = await open(browser, { viewport, scheme });
      await logIn(page);
      for (const path of PAGES) {
        await page.goto(BASE + path);
        await page.locator("main#main :is(.panel, .empty, .lead):visible").first().waitFor();
        await page.waitForTimeout(300);
        await accessible(page, `${path} ${scheme}`);
      }
      sound();
      await context.close();
    }
  });

  test(`${name}: whoever logs out is out`, async () => {
    const { page, context, sound } = await open(browser, { viewport });
    await logIn(page);
    await page.getByRole("button", { name: /: you are / }).click();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.waitForURL(/\/login/);
    await page.goto(`${BASE}/inventory`);
    await page.waitForURL(/\/login\?back=/);
    sound();
    await context.close();
  });

  if (narrow) continue;

  test("the keyboard alone walks lists, opens, goes to pages and searches", async () => {
    const { page, context, sound } = await open(browser);
    await logIn(page, "/inventory");
    await page.locator(".list [data-index]").first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-index") === "1");
    await page.keyboard.press("x");
    await page.getByText("1 selected").waitFor();
    await page.keyboard.press("Space");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/inventory\/ep_/);
    await page.keyboard.press("g");
    await page.keyboard.press("f");
    await page.waitForURL(`${BASE}/findings`);
    await page.getByRole("heading", { name: "Findings", level: 1 }).waitFor();
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "INPUT");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("combobox").fill("polic");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/policies/);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    sound();
    await context.close();
  });
}
