// How endpoints were called in a period, beside the one before. What was called is told by `earlier_calls` of
// crates/bartizan/tests/it/dashboard.rs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, launch, logIn, NARROW, open } from "./session.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const HERE = "/inventory?host=calls.example&period=day";
const rows = (page) => page.locator(".list [data-index]");
const row = (page, path) => rows(page).filter({ hasText: path });

test("an inventory tells what is new, silent, more and the same against the day before", async () => {
  for (const viewport of [undefined, NARROW]) {
    const { page, context, sound } = await open(browser, viewport ? { viewport } : {});
    await logIn(page, HERE);
    await rows(page).first().waitFor();
    assert.equal(await page.getByText("Change", { exact: true }).count(), 0);
    await page.getByRole("button", { name: "Compare with before" }).click();
    await page.waitForURL((url) => url.searchParams.get("compare") === "before");
    for (const [path, change] of [
      ["/v1/fresh", "new"],
      ["/v1/quiet", "silent now"],
      ["/v1/busy", "×8.0"],
      ["/v1/steady", "±0 %"],
    ]) {
      await row(page, path).getByText(change, { exact: true }).waitFor();
    }
    await accessible(page, "compared");
    sound();
    await context.close();
  }
});

test("changes are a facet and an order, and both are in the address", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, `${HERE}&compare=before`);
  const facet = page.locator(".facets section", { hasText: "Change" }).locator(".facet");
  await facet.filter({ hasText: "silent now" }).locator("input").check();
  await page.waitForURL((url) => url.searchParams.get("change") === "silent");
  await row(page, "/v1/quiet").waitFor();
  assert.equal(await rows(page).count(), 1);
  await page.reload();
  await row(page, "/v1/quiet").waitFor();
  assert.equal(await rows(page).count(), 1);
  await facet.filter({ hasText: "silent now" }).locator("input").uncheck();
  await page.getByRole("columnheader", { name: "Change" }).getByRole("button").click();
  await page.waitForURL((url) => url.searchParams.get("sort") === "-change");
  await rows(page).first().getByText("/v1/busy").waitFor();
  // What only a comparison knows goes with it.
  await page.getByRole("button", { name: "Compare with before" }).click();
  await page.waitForURL((url) => !url.searchParams.has("compare") && !url.searchParams.has("sort"));
  sound();
  await context.close();
});

test("what nobody counted for long enough is not said to have changed", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/inventory?host=calls.example&period=month&compare=before");
  await page.getByText("Changes are not evaluated.").waitFor();
  await row(page, "/v1/busy").getByText("unknown").waitFor();
  sound();
  await context.close();
});

test("an endpoint shows its calls over time, and the keyboard walks through them", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, HERE);
  await row(page, "/v1/busy").click();
  const panel = page.locator(".panel", { has: page.getByRole("heading", { name: "Calls", exact: true }) });
  await panel.getByText("160 calls in 24 h, 20 in the 24 h before").waitFor();
  const plot = panel.getByRole("slider", { name: "Calls over time" });
  await plot.focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  assert.match(await plot.getAttribute("aria-valuetext"), /: 8 calls, 1 in the period before$/);
  await panel.getByRole("button", { name: "7 d" }).click();
  await panel.getByText(/^\d+ calls in 7 d, 0 in the 7 d before$/).waitFor();
  await accessible(page, "calls");
  await page.setViewportSize(NARROW);
  await panel.getByText("is not known whole").waitFor();
  await accessible(page, "calls on a phone");
  sound();
  await context.close();
});
