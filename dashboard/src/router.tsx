import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { Problem } from "./api/client.ts";
import { client, sessionOptions } from "./api/queries.ts";
import { LogIn } from "./pages/login.tsx";
import { Failed, Loading } from "./parts/words.tsx";
import { Frame } from "./shell/frame.tsx";
import { NotFound } from "./shell/notfound.tsx";
import { parse, returnable, type Search, stringify } from "./words/address.ts";

const root = createRootRoute({
  component: Outlet,
  validateSearch: (search: Record<string, unknown>) => search as Search,
  notFoundComponent: NotFound,
});

const login = createRoute({ getParentRoute: () => root, path: "/login", component: LogIn });

// Everything but logging in asks first who is there, and comes back to the same address afterwards.
const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  component: Frame,
  beforeLoad: async ({ location }) => {
    try {
      await client.ensureQueryData(sessionOptions);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        const back = returnable(location.href);
        throw redirect({ to: "/login", search: back === "/" ? {} : { back } });
      }
      throw error;
    }
  },
  errorComponent: ({ error, reset }) => (
    <main>
      <Failed error={error} retry={reset} />
    </main>
  ),
});

// Written out, so that each is a chunk of its own and links are checked by the compiler.
const at = () => frame;
const overview = createRoute({
  getParentRoute: at,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/overview.tsx"), "Overview"),
});
const inventory = createRoute({
  getParentRoute: at,
  path: "/inventory",
  component: lazyRouteComponent(() => import("./pages/inventory.tsx"), "Inventory"),
});
const endpoint = createRoute({
  getParentRoute: at,
  path: "/inventory/$id",
  component: lazyRouteComponent(() => import("./pages/endpoint.tsx"), "EndpointPage"),
});
const services = createRoute({
  getParentRoute: at,
  path: "/services",
  component: lazyRouteComponent(() => import("./pages/services.tsx"), "Services"),
});
const journeys = createRoute({
  getParentRoute: at,
  path: "/journeys",
  component: lazyRouteComponent(() => import("./pages/journeys.tsx"), "Journeys"),
});
const journey = createRoute({
  getParentRoute: at,
  path: "/journeys/$id",
  component: lazyRouteComponent(() => import("./pages/journey.tsx"), "JourneyPage"),
});
const changes = createRoute({
  getParentRoute: at,
  path: "/changes",
  component: lazyRouteComponent(() => import("./pages/changes.tsx"), "Changes"),
});
const clients = createRoute({
  getParentRoute: at,
  path: "/clients",
  component: lazyRouteComponent(() => import("./pages/clients.tsx"), "Clients"),
});
const clientPage = createRoute({
  getParentRoute: at,
  path: "/clients/$id",
  component: lazyRouteComponent(() => import("./pages/client.tsx"), "ClientPage"),
});
const findings = createRoute({
  getParentRoute: at,
  path: "/findings",
  component: lazyRouteComponent(() => import("./pages/findings.tsx"), "Findings"),
});
const finding = createRoute({
  getParentRoute: at,
  path: "/findings/$id",
  component: lazyRouteComponent(() => import("./pages/finding.tsx"), "FindingPage"),
});
const incidents = createRoute({
  getParentRoute: at,
  path: "/incidents",
  component: lazyRouteComponent(() => import("./pages/incidents.tsx"), "Incidents"),
});
const incident = createRoute({
  getParentRoute: at,
  path: "/incidents/$id",
  component: lazyRouteComponent(() => import("./pages/incident.tsx"), "IncidentPage"),
});
const actors = createRoute({
  getParentRoute: at,
  path: "/actors",
  component: lazyRouteComponent(() => import("./pages/actors.tsx"), "Actors"),
});
const actor = createRoute({
  getParentRoute: at,
  path: "/actors/$id",
  component: lazyRouteComponent(() => import("./pages/actor.tsx"), "ActorPage"),
});
const live = createRoute({
  getParentRoute: at,
  path: "/live",
  component: lazyRouteComponent(() => import("./pages/live.tsx"), "Live"),
});
const exchanges = createRoute({
  getParentRoute: at,
  path: "/exchanges",
  component: lazyRouteComponent(() => import("./pages/exchanges.tsx"), "Exchanges"),
});
const policies = createRoute({
  getParentRoute: at,
  path: "/policies",
  component: lazyRouteComponent(() => import("./pages/policies.tsx"), "Policies"),
});
const keys = createRoute({
  getParentRoute: at,
  path: "/keys",
  component: lazyRouteComponent(() => import("./pages/keys.tsx"), "Keys"),
});
const settings = createRoute({
  getParentRoute: at,
  path: "/settings",
  component: lazyRouteComponent(() => import("./pages/settings.tsx"), "Settings"),
});
const reference = createRoute({
  getParentRoute: at,
  path: "/reference",
  component: lazyRouteComponent(() => import("./pages/reference.tsx"), "Reference"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    frame.addChildren([
      overview,
      inventory,
      endpoint,
      services,
      journeys,
      journey,
      changes,
      clients,
      clientPage,
      findings,
      finding,
      incidents,
      incident,
      actors,
      actor,
      live,
      exchanges,
      policies,
      keys,
      settings,
      reference,
    ]),
  ]),
  parseSearch: parse,
  stringifySearch: stringify,
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultPendingMs: 200,
  defaultPendingComponent: () => <Loading rows={8} />,
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
