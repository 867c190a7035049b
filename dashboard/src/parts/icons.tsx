// Drawn on 16 by 16 with a line of 1.5. They stand beside words and are hidden from screen readers.
const PATHS = {
  overview: "M2 13.5v-8h2.6v2h2v-2h2.8v2h2v-2H14v8z",
  journeys:
    "M3.500 9.800a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600M12.500 5.800a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600M12.500 13.800a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600M5.200 7.200l5.600-2.500M5.200 8.800l5.600 2.500",
  list: "M2.5 4h11M2.5 8h11M2.5 12h7",
  services: "M2.5 2.5h11v4h-11zM2.5 9.500h11v4h-11zM5 4.500h.01M5 11.500h.01",
  incidents: "M4 14V2.500h8.500l-2 3 2 3H4",
  actors:
    "M8 8.200a2.600 2.600 0 1 0 0-5.200 2.600 2.600 0 0 0 0 5.200M3 13.500c.7-2.500 2.600-3.600 5-3.600s4.300 1.100 5 3.600",
  clients: "M2 3h12v8.500H2zM2 5.800h12M6 13.500h4",
  live: "M1.500 8.500h3l2-5 3 9 2-4h3",
  findings: "M8 2.200 14 13H2zM8 6.500v3M8 11.300v.1",
  policies: "M8 1.800 13.500 4v4c0 3-2.300 5.200-5.500 6.200C4.800 13.200 2.500 11 2.500 8V4z",
  keys: "M5.500 13.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6M7.700 8.300 13 3M10.500 5.500l2 2",
  settings:
    "M2 5h7M13 5h1M2 11h1M7 11h7M11 6.800a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600M5 12.800a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600",
  reference:
    "M8 3.800C7 2.900 5.500 2.500 3 2.500v10c2.500 0 4 .4 5 1.300 1-.9 2.500-1.300 5-1.300v-10c-2.500 0-4 .4-5 1.300zM8 3.800v10",
  search: "M7 11.300a4.300 4.300 0 1 0 0-8.600 4.300 4.300 0 0 0 0 8.600M10.300 10.300l3.200 3.200",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  sun: "M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600M8 1.500V3M8 13v1.500M1.500 8H3M13 8h1.500M3.400 3.400l1 1M11.600 11.600l1 1M3.400 12.600l1-1M11.600 4.400l1-1",
  moon: "M13 9.600A5.500 5.500 0 0 1 6.400 3 5.500 5.500 0 1 0 13 9.600z",
  screen: "M2 3.500h12v8H2zM6 13.500h4",
  check: "m3 8.500 3.200 3.200L13 5",
  warn: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 5v3.500M8 10.900v.1",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 4.800V8l2.200 1.500",
  more: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  filter: "M2 3.500h12L9.500 8.500v4l-3 1v-5z",
  down: "m4 6 4 4 4-4",
  right: "m6 4 4 4-4 4",
  close: "m4 4 8 8M12 4l-8 8",
  exchanges: "M2.500 5.500h11l-2.700-2.700M13.500 10.500h-11l2.700 2.700",
  save: "M8 2.500v7.500M4.800 7 8 10.200 11.200 7M2.500 13.500h11",
  pause: "M5.500 3.500v9M10.500 3.500v9",
  play: "M4.500 3v10l8-5z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="ic"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.5 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The turret, with the slit of the look-out. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 20 24" aria-hidden="true">
      <path
        fill="currentColor"
        fillRule="evenodd"
        d="M1 1.500h4.200v2.700h2.600V1.500h4.400v2.700h2.600V1.500H19v7.700H1zM2.500 10.700h15v5.200l-3 2.900v1.900L10 23.200l-4.500-2.500v-1.900l-3-2.900zM9 12v5h2v-5z"
      />
    </svg>
  );
}

/** A stretch of wall, for empty states. */
export function Battlement() {
  return (
    <svg width="40" height="22" viewBox="0 0 40 22" aria-hidden="true">
      <path fill="currentColor" d="M0 22V2h7v5h5V2h7v5h4V2h6v5h5V2h6v20z" />
    </svg>
  );
}
