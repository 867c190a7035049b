import { Link, Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { ENDED, remove } from "../api/client.ts";
import { client, useHealth, useOverview, useSession } from "../api/queries.ts";
import type { Session } from "../api/shapes.ts";
import { FirstPassword } from "../pages/password.tsx";
import { Dialog, useSay } from "../parts/dialog.tsx";
import { Icon, type IconName, Mark } from "../parts/icons.tsx";
import { returnable } from "../words/address.ts";
import { count, share, short } from "../words/numbers.ts";
import { useKeys } from "./keys.ts";
import { KeySheet } from "./keysheet.tsx";
import { Palette } from "./palette.tsx";
import { type Theme, useTheme } from "./theme.ts";

export interface Place {
  to:
    | "/"
    | "/inventory"
    | "/services"
    | "/journeys"
    | "/changes"
    | "/incidents"
    | "/actors"
    | "/clients"
    | "/live"
    | "/exchanges"
    | "/findings"
    | "/policies"
    | "/keys"
    | "/settings"
    | "/reference";
  name: string;
  icon: IconName;
  letter: string;
  group?: string;
}

/** Where one can go, in the order of the five verbs; `G` and the letter goes there. */
export const PLACES: Place[] = [
  { to: "/", name: "Overview", icon: "overview", letter: "o" },
  { to: "/inventory", name: "Inventory", icon: "list", letter: "i", group: "Discover" },
  { to: "/services", name: "Services", icon: "services", letter: "v" },
  { to: "/journeys", name: "Journeys", icon: "journeys", letter: "j" },
  { to: "/changes", name: "Changes", icon: "clock", letter: "c" },
  { to: "/clients", name: "Clients", icon: "clients", letter: "t" },
  { to: "/incidents", name: "Incidents", icon: "incidents", letter: "n", group: "Analyze" },
  { to: "/actors", name: "Actors", icon: "actors", letter: "a" },
  { to: "/live", name: "Live", icon: "live", letter: "l" },
  { to: "/exchanges", name: "Exchanges", icon: "exchanges", letter: "e" },
  { to: "/findings", name: "Findings", icon: "findings", letter: "f", group: "Remediate" },
  { to: "/policies", name: "Policies", icon: "policies", letter: "p", group: "Protect" },
  { to: "/keys", name: "Keys", icon: "keys", letter: "k" },
  { to: "/settings", name: "Settings", icon: "settings", letter: "s", group: "System" },
  { to: "/reference", name: "Reference", icon: "reference", letter: "r" },
];

const Crumbs = createContext<(crumbs: ReactNode, title: string) => void>(() => {});

/** Says in the head of the page and in the window where one is. */
export function useCrumbs(title: string, before?: { to: Place["to"]; name: string }) {
  const set = useContext(Crumbs);
  const to = before?.to;
  const name = before?.name;
  useEffect(() => {
    document.title = `${title} · Bartizan`;
    set(
      to ? (
        <>
          <Link to={to}>{name}</Link>
          <i>/</i>
          <b>{title}</b>
        </>
      ) : (
        <b>{title}</b>
      ),
      title,
    );
  }, [title, to, name, set]);
}

export function Frame() {
  const [crumbs, setCrumbs] = useState<{ content: ReactNode; title: string }>({ content: null, title: "" });
  const [set] = useState(() => (content: ReactNode, title: string) => setCrumbs({ content, title }));
  const [open, setOpen] = useState<"palette" | "keys" | "more">();
  const main = useRef<HTMLElement>(null);
  const session = useSession();
  const navigate = useNavigate();
  const router = useRouter();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const waiting = useRef(0);
  useEffect(() => {
    const ended = () => {
      const back = returnable(router.state.location.href);
      client.clear();
      router.navigate({ to: "/login", search: back === "/" ? {} : { back } });
    };
    window.addEventListener(ENDED, ended);
    return () => window.removeEventListener(ENDED, ended);
  }, [router]);
  const jump = Object.fromEntries(
    PLACES.map((place) => [
      place.letter,
      () => {
        if (Date.now() - waiting.current > 1500) return false;
        waiting.current = 0;
        navigate({ to: place.to });
      },
    ]),
  );
  // The letter after G is asked before the letters of the page.
  useKeys(
    {
      ...jump,
      g: () => {
        waiting.current = Date.now();
      },
    },
    true,
  );
  useKeys({
    "ctrl+k": () => setOpen("palette"),
    "?": () => setOpen("keys"),
    "shift+?": () => setOpen("keys"),
  });
  return (
    <Crumbs.Provider value={set}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="app">
        <Side />
        <div className="grow">
          <header className="top">
            <Link to="/" className="only-narrow" aria-label="Overview">
              <Mark />
            </Link>
            <div className="crumb">{crumbs.content}</div>
            <button type="button" className="jump" onClick={() => setOpen("palette")}>
              <Icon name="search" />
              <span className="cut">Search or run a command</span>
              <kbd>Ctrl K</kbd>
            </button>
            <ThemeButtons />
            <Me />
          </header>
          <main id="main" ref={main} tabIndex={-1} key={path}>
            {session?.must_change_password ? <FirstPassword /> : <Outlet />}
          </main>
        </div>
      </div>
      <nav className="tabbar" aria-label="Main, short">
        {PLACES.filter((place) => ["o", "i", "n", "f"].includes(place.letter)).map((place) => (
          <Link
            key={place.to}
            to={place.to}
            activeOptions={{ exact: place.to === "/", includeSearch: false }}
          >
            <Icon name={place.icon} />
            {place.name}
          </Link>
        ))}
        <button type="button" onClick={() => setOpen("more")}>
          <Icon name="more" />
          More
        </button>
      </nav>
      {open === "palette" && <Palette close={() => setOpen(undefined)} showKeys={() => setOpen("keys")} />}
      {open === "keys" && <KeySheet close={() => setOpen(undefined)} />}
      {open === "more" && <More close={() => setOpen(undefined)} search={() => setOpen("palette")} />}
    </Crumbs.Provider>
  );
}

/** Whether somebody gave the organisation or its environment a name. */
export const named = ({ organisation, environment }: Session): boolean =>
  organisation !== "default" || environment !== "default";

function Side() {
  const session = useSession();
  const overview = useOverview().data;
  const findings = overview?.counts.active_findings.reduce((sum, [, size]) => sum + size, 0) ?? 0;
  const counts: Record<string, [string, boolean] | undefined> = overview
    ? {
        "/inventory": [short(overview.counts.endpoints), false],
        "/findings": [short(findings), false],
        "/incidents": [
          short(overview.counts.incidents),
          overview.incidents.some((one) => one.severity === "critical"),
        ],
      }
    : {};
  return (
    <aside className="side">
      <div className="side-in">
        <Link to="/" className="brand">
          <Mark />
          <span className="name">Bartizan</span>
        </Link>
        <div className="battlement" aria-hidden="true" />
        {session && named(session) && (
          <div className="estate">
            <b>{session.organisation}</b>
            <span>{session.environment}</span>
          </div>
        )}
        <nav className="nav" aria-label="Main">
          {PLACES.map((place) => (
            <div key={place.to}>
              {place.group && <h2>{place.group}</h2>}
              <Link
                to={place.to}
                title={place.name}
                activeOptions={{ exact: place.to === "/", includeSearch: false }}
              >
                <Icon name={place.icon} />
                <span className="name">{place.name}</span>
                {counts[place.to] && (
                  <span className={counts[place.to]?.[1] ? "n hot" : "n"}>{counts[place.to]?.[0]}</span>
                )}
              </Link>
            </div>
          ))}
        </nav>
        <Watch />
      </div>
    </aside>
  );
}

/** Whether Bartizan is on watch, and how fully it sees. */
function Watch() {
  const { data, error } = useHealth();
  if (!data) {
    return (
      <Link to="/settings" className="watch">
        <span className="row">
          <span className="row">
            <span className="pulse off" />
            {error ? "No answer" : "Asking"}
          </span>
        </span>
      </Link>
    );
  }
  const exchanges = data.exchanges;
  const judged = exchanges.judged ?? 0;
  const missed = (exchanges.not_judged ?? 0) + (exchanges.partly_inspected ?? 0);
  return (
    <Link to="/settings" search={{ tab: "health" }} className="watch">
      <span className="row">
        <span className="row">
          <span className={error || !data.ready ? "pulse off" : "pulse"} />
          {error ? "No answer" : data.ready ? "On watch" : "Not ready"}
        </span>
        <span className="t3">{short(judged)} judged</span>
      </span>
      <span className="row">
        <span className="t3">In full</span>
        <span>{share(judged - missed, judged)}</span>
      </span>
      <span className="row">
        <span className="t3">Not judged</span>
        <span>{count(exchanges.not_judged ?? 0)}</span>
      </span>
    </Link>
  );
}

const THEMES: [Theme, IconName, string][] = [
  ["light", "sun", "Light"],
  ["dark", "moon", "Dark"],
  ["system", "screen", "As the system"],
];

function ThemeButtons() {
  const [theme, choose] = useTheme();
  return (
    <div className="seg icons" role="group" aria-label="Theme">
      {THEMES.map(([value, icon, words]) => (
        <button
          key={value}
          type="button"
          aria-pressed={theme === value}
          title={words}
          aria-label={words}
          onClick={() => choose(value)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}

async function logOut(
  navigate: ReturnType<typeof useNavigate>,
  say: (text: string, kind?: "ok" | "bad") => void,
) {
  try {
    await remove("/session");
    client.clear();
    await navigate({ to: "/login" });
  } catch {
    say("Logging out did not work: the session still holds. Try again.", "bad");
  }
}

function Me() {
  const session = useSession();
  const navigate = useNavigate();
  const say = useSay();
  if (!session) return null;
  return (
    <>
      <button
        type="button"
        className="me"
        popoverTarget="me"
        aria-label={`${session.user.slice(0, 2).toUpperCase()}: you are ${session.user}, ${session.role}`}
      >
        {session.user.slice(0, 2).toUpperCase()}
      </button>
      <div id="me" popover="auto" className="menu at-me">
        <span className="label">
          {session.user}, {session.role}
        </span>
        <Link to="/settings" search={{ tab: "you" }} onClick={hide}>
          Password and tokens
        </Link>
        <button type="button" onClick={() => logOut(navigate, say)}>
          Log out
        </button>
      </div>
    </>
  );
}

const hide = () => (document.getElementById("me") as HTMLElement | null)?.hidePopover();

function More({ close, search }: { close: () => void; search: () => void }) {
  const [theme, choose] = useTheme();
  return (
    <Dialog title="Go to" close={close}>
      <div className="body more">
        {PLACES.map((place) => (
          <Link key={place.to} to={place.to} className="row" onClick={close}>
            <Icon name={place.icon} />
            {place.name}
          </Link>
        ))}
        <button type="button" className="btn" onClick={search}>
          <Icon name="search" />
          Search
        </button>
        <div className="row wrap">
          {THEMES.map(([value, icon, words]) => (
            <button
              key={value}
              type="button"
              className="btn"
              aria-pressed={theme === value}
              onClick={() => choose(value)}
            >
              <Icon name={icon} />
              {words}
            </button>
          ))}
        </div>
      </div>
    </Dialog>
  );
}
