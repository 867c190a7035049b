// Journeys, their graph, and the steps of an incident over it. What the server answers is told here, so that every
// state is there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, BASE, launch, logIn, NARROW, open } from "./session.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const NODES = [
  ["ep_config", "GET", "/config", { starts: 70, visits: 90 }],
  ["ep_login", "POST", "/login", { login: true, logins: 60, visits: 80, starts: 10 }],
  ["ep_me", "GET", "/me", { visits: 70, ends: 5, starts: 20 }],
  ["ep_orders", "GET", "/orders", { visits: 60, ends: 35 }],
  ["ep_order", "GET", "/orders/{id}", { visits: 55, ends: 55 }],
  ["ep_card", "POST", "/customers/{customerId}/cards", { visits: 9, ends: 4 }],
  ["ep_export", "GET", "/admin/export", { visits: 2, ends: 1, callers: "one" }],
].map(([endpoint_id, method, path, more]) => ({
  endpoint_id,
  method,
  path,
  operation: null,
  protocol: "rest",
  sessions: more.visits,
  share: more.visits / 100,
  starts: 0,
  ends: 0,
  callers: "several",
  login: false,
  logins: 0,
  ...more,
}));
const MOVES = [
  ["ep_config", "ep_login", 75, 0.84, {}],
  ["ep_login", "ep_me", 64, 0.8, { p10_ms: 80, p50_ms: 1200, p90_ms: 8000 }],
  ["ep_me", "ep_orders", 50, 0.71, {}],
  ["ep_orders", "ep_order", 40, 0.66, { p10_ms: 2000, p50_ms: 8000, p90_ms: 30000 }],
  ["ep_order", "ep_order", 20, 0.3, {}],
  ["ep_order", "ep_orders", 12, 0.2, {}],
  ["ep_orders", "ep_card", 9, 0.1, {}],
  ["ep_me", "ep_export", 2, 0.03, { callers: "one" }],
  ["ep_config", "ep_me", 1, 0.011, {}],
].map(([from, to, count, share, more]) => ({
  from,
  to,
  count,
  share,
  callers: "several",
  p10_ms: null,
  p50_ms: null,
  p90_ms: null,
  ...more,
}));
const OF = {
  id: "jny_01",
  host: "shop.example",
  role: "customer",
  role_told_by: "claim",
  services: [],
  sessions: 100,
  actors: 41,
  first_seen: "2026-11-20T08:00:00Z",
  last_seen: "2026-11-28T08:00:00Z",
};
const JOURNEY = {
  ...OF,
  nodes: NODES,
  moves: MOVES,
  login: {
    began_authenticated: 20,
    became_authenticated: 60,
    sequences: [
      { steps: ["ep_config", "ep_login", "ep_me"], sessions: 50, share: 0.8333, through_login: true },
      { steps: ["ep_config", "ep_me"], sessions: 1, share: 0.0167, through_login: false },
    ],
    sequences_left_out: 9,
  },
  left_out: { steps: 3, moves: 0 },
};
const SUMMARY = {
  ...OF,
  nodes: NODES.length,
  moves: MOVES.length,
  login_sequence: "GET /config → POST /login → GET /me",
};
const stepAt = (second, endpoint_id, more) => ({
  at: `2026-11-28T08:00:0${second}Z`,
  exchange_id: `exc_${second}`,
  endpoint_id,
  method: "GET",
  path: NODES.find((node) => node.endpoint_id === endpoint_id)?.path ?? "/.env",
  operation: null,
  status: 200,
  hostile: false,
  place: "usual",
  place_share: 0.5,
  move: "usual",
  move_share: 0.8,
  after_ms: 40,
  p50_ms: null,
  p90_ms: null,
  pace: null,
  ...more,
});
const WAY = {
  incident_id: "inc_01",
  actor_id: "act_01",
  hosts: [
    { host: "shop.example", steps: 5 },
    { host: "files.example", steps: 1 },
  ],
  host: "shop.example",
  role: "customer",
  journey_id: "jny_01",
  chosen_by: "role",
  steps_from: "exchanges",
  is_thin: false,
  is_all: false,
  why_not_all: "only the first 500 exchanges are laid over",
  steps: [
    stepAt(1, "ep_login", { move: "start", move_share: 0.1, after_ms: null }),
    stepAt(2, "ep_me", {}),
    stepAt(3, "ep_order", {
      place_share: 0.02,
      place: "rare",
      move: "unseen",
      move_share: null,
      p50_ms: 8000,
      pace: "faster",
      hostile: true,
    }),
    stepAt(4, null, {
      place: "no_endpoint",
      place_share: null,
      move: "not_compared",
      move_share: null,
      status: 404,
    }),
    stepAt(5, "ep_gone", {
      place: "unseen",
      place_share: null,
      move: "unseen",
      move_share: null,
      path: "/backup/{id}",
    }),
  ],
  unseen_moves: [{ from: "ep_me", to: "ep_order", count: 1 }],
  counts: { usual: 1, rare: 0, one_caller: 0, unseen: 2 },
};

/** Answers as told here; what is not named is asked of the server. */
async function told(page, answers) {
  const all = { list: { items: [SUMMARY], next: null }, journey: JOURNEY, way: WAY, ...answers };
  await page.route(/\/api\/v1\/journeys(\?|$)/, (route) => route.fulfill({ json: all.list }));
  await page.route(/\/api\/v1\/journeys\/jny_01/, (route) => route.fulfill({ json: all.journey }));
  await page.route(/\/api\/v1\/incidents\/[^/]+\/journey/, (route) => route.fulfill({ json: all.way }));
}

/** Opens the worst incident and waits for its journey. */
async function openIncident(page) {
  await page.getByRole("link", { name: /Open the worst incident/ }).click();
  await page.waitForURL(/\/incidents\/inc_/);
  await page.getByRole("heading", { name: "Journey", exact: true }).waitFor();
}
const panel = (page) =>
  page.locator("section.panel", { has: page.getByRole("heading", { name: "Journey", exact: true }) });

for (const [name, viewport, scheme] of [
  ["wide", undefined, "light"],
  ["wide, by night", undefined, "dark"],
  ["narrow", NARROW, "light"],
]) {
  const options = { scheme, ...(viewport ? { viewport } : {}) };

  test(`${name}: journeys are listed, and one opens`, async () => {
    const { page, context, sound } = await open(browser, options);
    await told(page, {});
    await logIn(page, "/journeys");
    await page.locator(".list [data-index]").first().click();
    await page.waitForURL(/\/journeys\/jny_01/);
    await page.getByRole("heading", { name: "Ways in" }).waitFor();
    assert.equal(await page.locator(".graph svg").count(), viewport ? 0 : 1);
    // The tables say all that the picture shows.
    assert.equal(
      await page.locator("section", { hasText: "shares of all that follows" }).locator("tbody tr").count(),
      MOVES.length,
    );
    await page.getByText("past the log-in").waitFor();
    await page.getByText("There was no room for 3 steps.").waitFor();
    await accessible(page, `journey ${name}`);
    sound();
    await context.close();
  });

  test(`${name}: an incident is drawn over the graph, and told step by step`, async () => {
    const { page, context, sound } = await open(browser, options);
    await told(page, {});
    await logIn(page);
    await openIncident(page);
    const here = panel(page);
    await here.locator(".trail-steps li").first().waitFor();
    assert.equal(await here.locator(".trail-steps li").count(), WAY.steps.length);
    const third = await here.locator(".trail-steps li").nth(2).textContent();
    assert.match(
      third,
      /3\..*GET \/orders\/\{id\}: 2 % of sessions come here, never from GET \/me; 40 ms after the step before, usually 8 s/,
    );
    await here.getByText("Only the first 500 exchanges are laid over.").waitFor();
    if (!viewport) {
      assert.equal(await here.locator(".line.trail").count(), 4);
      assert.equal(await here.locator(".line.trail.unseen").count(), 2);
      assert.deepEqual(await here.locator(".badge text").allTextContents(), ["1", "2", "3", "4", "5"]);
    }
    await accessible(page, `incident's journey ${name}`);
    sound();
    await context.close();
  });
}

test("rare moves and the chosen node are in the address, and the keyboard alone chooses", async () => {
  const { page, context, sound } = await open(browser);
  await told(page, {});
  await logIn(page, "/journeys/jny_01");
  await page.locator(".graph .node").first().waitFor();
  assert.equal(await page.locator(".graph .line").count(), MOVES.length - 1);
  const places = () =>
    page.locator(".graph .node").evaluateAll((all) => all.map((one) => one.getAttribute("transform")));
  const stood = await places();
  await page.getByRole("button", { name: "Show 1 rare move" }).click();
  await page.waitForURL(/rare=shown/);
  assert.equal(await page.locator(".graph .line").count(), MOVES.length);
  assert.deepEqual(await places(), stood);
  await page.getByRole("button", { name: /GET \/config/ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForURL(/at=ep_login/);
  const beside = page.getByRole("complementary", { name: "The chosen endpoint" });
  await beside.getByText("/config").waitFor();
  await beside.getByText("1.2 s").waitFor();
  assert.equal(await page.locator(".graph .node[aria-pressed=true]").count(), 1);
  // Its moves can be reached too, and say their share and pace.
  await page.getByRole("img", { name: /^POST \/login → GET \/me: 80 % .*usually 1.2 s/ }).focus();
  await page.locator(".tells", { hasText: "usually 1.2 s" }).waitFor();
  await accessible(page, "a chosen node");
  await page.reload();
  await beside.waitFor();
  sound();
  await context.close();
});

test("what is not there is said: no journey, no graph, no step", async () => {
  const { page, context, sound } = await open(browser);
  await told(page, {
    list: { items: [], next: null },
    way: { ...WAY, journey_id: null, chosen_by: "nothing", host: "files.example", is_all: true },
  });
  await logIn(page, "/journeys");
  await page.getByText("No journey yet").waitFor();
  await page.goto(BASE);
  await openIncident(page);
  await panel(page).getByText("No session of the role “customer” was learned at files.example").waitFor();
  assert.equal(await panel(page).locator(".graph").count(), 0);
  assert.equal(await panel(page).locator(".trail-steps li").count(), WAY.steps.length);
  await told(page, {
    way: { ...WAY, steps: [], steps_from: "nothing", why_not_all: "exchanges of that time were removed" },
  });
  await page.reload();
  await panel(page).getByText("Exchanges of that time were removed.").waitFor();
  sound();
  await context.close();
});
