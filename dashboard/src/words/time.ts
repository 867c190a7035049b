// Times in words. Every function takes `now`, so that it is the same whenever it runs.

export const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (value: number) => String(value).padStart(2, "0");

/** Milliseconds since 1970 of an RFC 3339 text, or undefined when it is none. */
export function instant(text: string | null | undefined): number | undefined {
  if (!text) return undefined;
  const value = Date.parse(text);
  return Number.isNaN(value) ? undefined : value;
}

/** `now`, `9 min`, `4 h`, `3 d`, `22 Nov`, `3 Feb 2025`; what lies ahead begins with `in`. */
export function relative(time: number, now: number): string {
  const distance = now - time;
  const size = Math.abs(distance);
  if (size < 45_000) return "now";
  const words =
    size < HOUR
      ? `${Math.round(size / MINUTE)} min`
      : size < 36 * HOUR
        ? `${Math.round(size / HOUR)} h`
        : size < 30 * DAY
          ? `${Math.round(size / DAY)} d`
          : undefined;
  if (words === undefined) return day(time, now);
  return distance < 0 ? `in ${words}` : words;
}

/** The same within a sentence: `just now`, `9 min ago`; a day is a day, and what lies ahead is not ago. */
export function before(time: number, now: number): string {
  const words = relative(time, now);
  if (words === "now") return "just now";
  return words.startsWith("in ") || now - time >= 30 * DAY ? words : `${words} ago`;
}

/** `22 Nov`, with the year when it is another one than that of `now`. UTC. */
export function day(time: number, now: number): string {
  const date = new Date(time);
  const year = date.getUTCFullYear();
  const words = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return year === new Date(now).getUTCFullYear() ? words : `${words} ${year}`;
}

/** `09:41`, or with seconds `09:41:07`. UTC. */
export function clock(time: number, seconds = false): string {
  const date = new Date(time);
  const words = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  return seconds ? `${words}:${two(date.getUTCSeconds())}` : words;
}

/** `2026-11-22 09:41:07 UTC`. */
export function absolute(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `12 s`, `3 min 54 s`, `2 h 58 min`, `3 d 4 h`: the two largest units. */
export function span(milliseconds: number): string {
  const units: [string, number][] = [
    ["d", DAY],
    ["h", HOUR],
    ["min", MINUTE],
    ["s", 1000],
  ];
  const first = units.findIndex(([, size]) => milliseconds >= size);
  if (first < 0) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const words: string[] = [];
  let rest = milliseconds;
  for (const [name, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) words.push(`${count} ${name}`);
  }
  return words.join(" ");
}

/** `09:17 – 09:29`, and the days with it when they are not the same. */
export function stretch(from: number, to: number, now: number): string {
  if (day(from, now) === day(to, now)) {
    return clock(from) === clock(to) ? clock(from) : `${clock(from)} – ${clock(to)}`;
  }
  return `${day(from, now)} ${clock(from)} – ${day(to, now)} ${clock(to)}`;
}

/** Where a range of the address (`1h`, `24h`, `7d`, `30d`) begins; undefined for all of it. */
export function begin(range: string | undefined, now: number): string | undefined {
  const match = /^(\d{1,3})([hd])$/.exec(range ?? "");
  if (!match) return undefined;
  const size = Number(match[1]) * (match[2] === "h" ? HOUR : DAY);
  // Whole minutes, so that the same view asks the same question for a while.
  return new Date(Math.floor((now - size) / MINUTE) * MINUTE).toISOString();
}
