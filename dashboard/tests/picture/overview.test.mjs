// The picture of the README, of what the server shows: taken into the folder that BARTIZAN_PICTURES names.
import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, logIn, open } from "../browser/session.mjs";

const FOLDER =
  process.env.BARTIZAN_PICTURES ?? assert.fail("BARTIZAN_PICTURES must be set: see dashboard/README.md");
const MOST_BYTES = 250 * 1024;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("the overview is a picture of no more than 250 KiB", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page);
  await page.getByRole("link", { name: /Open the worst incident/ }).waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(1000);
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, "overview.png");
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  const { size } = statSync(path);
  assert.ok(size <= MOST_BYTES, `${size} bytes`);
  sound();
  await context.close();
});
