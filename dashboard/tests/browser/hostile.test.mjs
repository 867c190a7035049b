// Text of traffic runs nothing and deceives nobody, wherever it is shown. The API is stood in for by answers
// whose every text is hostile, so that no field is left out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BASE, launch, logIn, open } from "./session.mjs";

const HOSTILE = `"><img src=x onerror="window.owned=1"><script>window.owned=1</script>{{7*7}}\u202Egpj.exe\u200B\u0000javascript:window.owned=1`;

// Words that the page chooses by, and that are ours in every answer.
const KEPT = new Set([
  "id",
  "severity",
  "state",
  "confidence",
  "kind",
  "grade",
  "stage",
  "method",
  "direction",
  "inventory_state",
  "access",
  "protocol",
  "first_seen",
  "last_seen",
  "started",
  "ended",
  "time",
  "last_time",
  "start",
  "since",
  "next",
  "role",
  "csrf_token",
  "expires",
  "previous_login",
  "mode",
  "configured_mode",
  "endpoint_id",
  "code",
  "from",
  "to",
  "documentation",
  "summary_",
]);

function poison(value, name = "") {
  if (Array.isArray(value)) return value.map((one) => poison(one, name));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, poison(one, key)]));
  if (
    typeof value !== "string" ||
    KEPT.has(name) ||
    name.endsWith("ids") ||
    name === "stages" ||
    name === "value"
  )
    return value;
  return HOSTILE;
}

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("no text of an answer runs, becomes a link of its own, or hides a character", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page);
  const first = async (path) => (await (await page.request.get(`${BASE}/api/v1${path}`)).json()).items[0]?.id;
  const pages = [
    "/",
    "/inventory",
    "/inventory?group=host",
    "/findings",
    "/incidents",
    "/actors",
    "/clients",
    "/exchanges",
    "/policies",
    "/settings",
    "/settings?tab=audit",
    `/inventory/${await first("/endpoints")}`,
    `/findings/${await first("/findings")}`,
    `/incidents/${await first("/incidents")}`,
    `/actors/${await first("/actors")}`,
    `/clients/${await first("/clients")}`,
  ];
  await page.route(/\/api\/v1\/(?!session|events|reference|openapi)/, async (route) => {
    // The page may be left before it is answered.
    const answer = await route.fetch().catch(() => undefined);
    if (!answer) return route.abort().catch(() => undefined);
    const body = answer.ok() ? JSON.stringify(poison(await answer.json())) : await answer.text();
    await route.fulfill({ response: answer, body });
  });
  const harmless = async (what) => {
    const found = await page.evaluate(() => ({
      owned: "owned" in window,
      images: document.querySelectorAll("main img, main script, main iframe").length,
      links: [...document.querySelectorAll("main a[href]")]
        .map((a) => a.href)
        .filter((href) => !href.startsWith(location.origin)),
      hidden: [...document.querySelectorAll("main *")]
        .filter(
          (one) =>
            one.children.length === 0 && /[\u202a-\u202e\u2066-\u2069\u200b\u0000]/.test(one.textContent),
        )
        .map((one) => one.outerHTML.slice(0, 120)),
      failed: document.querySelector("main [role=alert]")?.textContent,
    }));
    assert.deepEqual(found, { owned: false, images: 0, links: [], hidden: [], failed: undefined }, what);
  };
  for (const path of pages) {
    await page.goto(BASE + path);
    await page.locator("main#main .panel").first().waitFor();
    await page.waitForTimeout(400);
    await harmless(path);
  }
  for (const path of ["/inventory", "/exchanges", "/settings?tab=audit"]) {
    await page.goto(BASE + path);
    await page.locator(".list [data-index]").first().waitFor();
    await page.keyboard.press("j");
    await page.waitForFunction(() => document.activeElement?.hasAttribute("data-index"));
    await page.keyboard.press(path === "/inventory" ? " " : "Enter");
    await page.getByRole("dialog").waitFor();
    await harmless(`a look at one of ${path}`);
  }
  await page.unrouteAll({ behavior: "ignoreErrors" });
  sound();
  await context.close();
});
