// Lists by their server: orders, figures, exports; who looks after a finding and what was said; exchanges.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, BASE, launch, logIn, NARROW, open } from "./session.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const rows = (page) => page.locator(".list [data-index]");
/** Puts the focus on a row, with the keyboard. */
async function walk(page) {
  await page.keyboard.press("j");
  await page.waitForFunction(() => document.activeElement?.hasAttribute("data-index"));
}
const ask = async (page, path) => (await page.request.get(`${BASE}/api/v1${path}`)).json();

test("every order that a head offers is one that the server knows", async () => {
  const { page, context, sound } = await open(browser);
  const refused = [];
  await logIn(page);
  page.on("response", (answer) => {
    if (answer.url().includes("/api/v1/") && answer.status() >= 400) refused.push(answer.url());
  });
  for (const path of [
    "/findings",
    "/incidents",
    "/actors",
    "/clients",
    "/settings?tab=audit",
    "/inventory",
  ]) {
    await page.goto(BASE + path);
    await rows(page).first().waitFor();
    const heads = page.locator(".lhead button");
    for (let index = 0; index < (await heads.count()); index++) {
      // Both ways, where there are two.
      for (let way = 0; way < 2; way++) {
        await heads.nth(index).click();
        await page.locator(`.lhead [aria-sort] button`).first().waitFor();
        await page.locator(".panel.old").waitFor({ state: "detached" });
        await rows(page).first().waitFor();
      }
    }
    assert.equal(await page.locator("main [role=alert]").count(), 0, path);
  }
  assert.deepEqual(refused, []);
  sound();
  await context.close();
});

test("figures, facets and the foot of the findings agree, and are in the address", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/findings?state=open");
  await rows(page).first().waitFor();
  const facet = page.locator(".facets section", { hasText: "Check" }).locator(".facet").first();
  const size = await facet.locator(".n").textContent();
  await facet.locator("input").check();
  await page.waitForURL((url) => url.searchParams.has("code"));
  await page.locator(".tf [role=status]", { hasText: new RegExp(`(^| of )${size} finding`) }).waitFor();
  const { total } = await ask(page, `/findings/facets${new URL(page.url()).search}`);
  assert.equal(total, Number(size.replaceAll(",", "")));
  await page.reload();
  await page.locator(".query .chip", { hasText: "check" }).click();
  await page.waitForURL((url) => !url.searchParams.has("code"));
  sound();
  await context.close();
});

test("words choose a check to filter by, with the keyboard alone", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/findings");
  await rows(page).first().waitFor();
  const code = (await ask(page, "/findings?limit=1")).items[0].code;
  await page.keyboard.press("/");
  await page.keyboard.type(code);
  await page.getByRole("option", { name: code }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("code") === code);
  await rows(page).first().waitFor();
  await page.keyboard.press("Backspace");
  await page.waitForURL((url) => !url.searchParams.has("code"));
  sound();
  await context.close();
});

test("each list is exported with its filters and its order", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page);
  const document = await ask(page, "/openapi.json");
  const takes = (list) =>
    document.paths[`/api/v1${list}`]?.get.parameters.some((one) => one.name === "format") ?? false;
  for (const [path, search, list] of [
    ["/findings", "?state=open&sort=-last_seen", "/findings"],
    ["/incidents", "?severity=low&sort=-score", "/incidents"],
    ["/actors", "?kind=address&sort=-requests", "/actors"],
    ["/clients", "?kind=browser&sort=-scopes_unused", "/clients"],
    ["/inventory", "?access=public&access=unknown", "/endpoints"],
    ["/exchanges", "?hostile=true", "/exchanges"],
    ["/settings", "?tab=audit", "/audit"],
  ]) {
    await page.goto(BASE + path + search);
    // The inventory is saved in several forms, which a menu offers.
    const isMenu = path === "/inventory";
    if (isMenu) await page.locator("details.exports > summary").click();
    const link = page.getByRole("link", { name: isMenu ? /^CSV/ : "Export CSV" });
    if (!takes(list)) {
      // What the server cannot do is not offered.
      await page.waitForLoadState("networkidle");
      assert.equal(await link.count(), 0, `${path} offers an export`);
      continue;
    }
    await link.waitFor();
    const href = await link.getAttribute("href");
    const asked = new URL(href, BASE).searchParams;
    assert.equal(asked.get("format"), "csv", path);
    for (const [name, value] of new URLSearchParams(search)) {
      if (name !== "tab") assert.ok(asked.getAll(name).includes(value), `${path} exports without ${name}`);
    }
    const answer = await page.request.get(new URL(href, BASE).toString());
    assert.equal(answer.status(), 200, href);
    assert.match(answer.headers()["content-type"], /^text\/csv/);
    assert.match(answer.headers()["content-disposition"], /attachment; filename="\w+\.csv"/);
    assert.ok((await answer.text()).split("\r\n")[0].split(",").length >= 1, "there is a line of heads");
  }
  sound();
  await context.close();
});

test("a finding is taken with a key, given back, and found by whose it is", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page, "/findings?state=open");
  await rows(page).first().waitFor();
  const { user } = await ask(page, "/session");
  await walk(page);
  await page.keyboard.press("m");
  await page.getByText("1 finding now yours.").waitFor();
  await page.getByRole("group", { name: "Assignee" }).getByRole("button", { name: "Mine" }).click();
  await page.waitForURL((url) => url.searchParams.get("assignee") === user);
  await rows(page).first().waitFor();
  await page.locator(".panel.old").waitFor({ state: "detached" });
  const mine = async () =>
    (await ask(page, `/findings/facets?state=open&assignee=${encodeURIComponent(user)}`)).total;
  const earlier = await mine();
  assert.ok(earlier >= 1);
  // All of them, from the bar at the foot, to nobody.
  await walk(page);
  await page.keyboard.press("*");
  await page.getByRole("button", { name: /^Assign… A/ }).click();
  await page.getByRole("dialog").getByLabel("To", { exact: true }).fill("");
  await page.getByRole("dialog").locator("button[type=submit]").click();
  await page.getByText(/now nobody’s\.$/).waitFor();
  assert.ok((await mine()) < earlier);
  await page.getByRole("group", { name: "Assignee" }).getByRole("button", { name: "Nobody's" }).click();
  await page.waitForURL((url) => url.searchParams.get("unassigned") === "true");
  await rows(page).first().waitFor();
  await page.locator(".panel.old").waitFor({ state: "detached" });
  // Whoever is not a user here cannot look after anything.
  await walk(page);
  await page.keyboard.press("a");
  await page.getByRole("dialog").getByLabel("To", { exact: true }).fill("nobody-of-that-name");
  await page.getByRole("dialog").locator("button[type=submit]").click();
  await page
    .getByRole("dialog")
    .getByRole("alert")
    .or(page.getByText(/not changed/))
    .first()
    .waitFor();
  sound();
  await context.close();
});

for (const [name, viewport] of [
  ["wide", undefined],
  ["narrow", NARROW],
]) {
  test(`${name}: a comment is kept as plain text, with its lines`, async () => {
    const { page, context, sound } = await open(browser, viewport ? { viewport } : {});
    await logIn(page, "/findings?state=open");
    await rows(page).first().click();
    await page.waitForURL(/\/findings\/fnd_/);
    const text = `Told the owners ${Date.now()}\n<b onclick="x">not bold</b> \u202e`;
    await page.getByLabel("Comment", { exact: true }).fill(text);
    await page.getByRole("button", { name: "Comment", exact: true }).click();
    const said = page.locator(".comments li").last();
    await said.getByText(text.split("\n")[0]).waitFor();
    assert.equal(await said.locator(".said p").count(), 2);
    assert.match(await said.textContent(), /<b onclick="x">not bold<\/b> U\+202E/);
    assert.equal(await page.getByLabel("Comment", { exact: true }).inputValue(), "");
    await accessible(page, "comments");
    sound();
    await context.close();
  });

  test(`${name}: exchanges are one click from endpoint, actor and incident`, async () => {
    const { page, context, sound } = await open(browser, viewport ? { viewport } : {});
    await logIn(page);
    const [incident] = (await ask(page, "/incidents?limit=1")).items;
    const [endpoint] = (await ask(page, "/endpoints?sort=-requests&limit=1")).items;
    const [actor] = (await ask(page, "/actors?sort=-requests&limit=1")).items;
    const reach = rows(page).or(page.getByText("No exchange that is kept fits these filters")).first();
    for (const [path, link] of [
      [`/incidents/${incident.id}`, /^Exchanges of this time/],
      [`/incidents/${incident.id}`, /^its exchanges$/i],
      [`/actors/${actor.id}`, /^Its exchanges$/],
      [`/inventory/${endpoint.id}`, /^Its exchanges$/],
    ]) {
      await page.goto(BASE + path);
      await page.getByRole("link", { name: link }).first().click();
      await page.waitForURL(/\/exchanges\?/);
      await reach.waitFor();
      assert.equal(await page.locator("main [role=alert]").count(), 0, path);
    }
    // The endpoint with the most requests has some that are kept.
    await rows(page).first().waitFor();
    await rows(page).first().click();
    const facts = page.getByRole("dialog");
    await facts
      .getByRole("heading", { name: /values?$|values?, / })
      .or(facts.getByText("No value of it was kept."))
      .first()
      .waitFor();
    await accessible(page, "facts of an exchange");
    await page.keyboard.press("Escape");
    await facts.waitFor({ state: "detached" });
    sound();
    await context.close();
  });
}

test("the overview counts changes from the last visit, which this browser keeps", async () => {
  const { page, context, sound } = await open(browser);
  await logIn(page);
  await page.getByRole("heading", { name: "Since your last visit" }).waitFor();
  const key = await page.evaluate(() =>
    Object.keys(localStorage).find((name) => name.startsWith("bartizan.visit.")),
  );
  assert.ok(key, "no visit was kept");
  // Whoever was away for a day comes anew.
  const seen = new Date(Date.now() - 86_400_000).toISOString();
  await page.evaluate(([name, at]) => localStorage.setItem(name, JSON.stringify({ seen: at })), [key, seen]);
  const asked = page.waitForRequest((request) => request.url().includes("/api/v1/overview?since="));
  await page.reload();
  assert.equal(new URL((await asked).url()).searchParams.get("since"), seen);
  await page.getByRole("heading", { name: "At the wall" }).waitFor();
  await page.getByRole("slider", { name: "Traffic over time" }).focus();
  await page.keyboard.press("ArrowLeft");
  await page.locator(".readout", { hasText: /exchange/ }).waitFor();
  sound();
  await context.close();
});
