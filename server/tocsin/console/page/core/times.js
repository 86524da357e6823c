/** Writes instants: where the reader is and in UTC, and always with the zone. */

import { h } from "./dom.js";
import { computed, signal } from "./signals.js";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const IN_UTC = /^(Etc\/)?(UTC|UCT|GMT|Zulu|Universal)$/.test(ZONE);

/** @typedef {{ day: Intl.DateTimeFormat, time: Intl.DateTimeFormat, year: Intl.DateTimeFormat }} Writing */

const LOCAL = writing({});
const UTC = writing({ timeZone: "UTC" });

/** How far this machine's clock is behind the server's, in milliseconds, as far as it is known. */
let behind = 0;

const now = signal(Date.now());
setInterval(() => {
  now.value = clock();
}, 1000);

/** Returns the present in milliseconds by the server's clock, since all instants here are the server's. */
export function clock() {
  return Date.now() + behind;
}

/**
 * Sets the clock by an instant that the server has just sent.
 *
 * @param {string} sentAt  by RFC 3339, or as HTTP writes it
 * @param {number} tolerance  in milliseconds: what may be the way here, or was rounded off
 */
export function setClock(sentAt, tolerance) {
  const ahead = Date.parse(sentAt) - Date.now();
  if (!(Math.abs(ahead - behind) > tolerance)) return;
  behind = ahead;
  now.value = clock();
}

/** Returns the present in milliseconds; an effect that reads it runs again every second. */
export function present() {
  return now.value;
}

/**
 * Writes an instant with its zone, and the other zone beneath it.
 *
 * @param {string | undefined | null} instant  by RFC 3339
 * @returns {HTMLElement}
 */
export function moment(instant) {
  if (!instant) return h("span", { class: "nothing" }, "–");
  const at = new Date(instant);
  return h(
    "time",
    { class: "moment", datetime: instant, title: `${instant}\n${distance(at.getTime() - clock())}` },
    h("span", null, dated(at, LOCAL)),
    IN_UTC ? null : h("small", null, dated(at, UTC)),
  );
}

/**
 * Writes how far an instant is from the present, and keeps it true.
 *
 * @param {string | undefined | null} instant
 * @returns {HTMLElement}
 */
export function fromNow(instant) {
  if (!instant) return h("span", { class: "nothing" }, "–");
  const at = Date.parse(instant);
  // A second changes few of them, and whatever is drawn anew moves a table of a thousand rows.
  const words = computed(() => distance(at - present()));
  return h("time", { class: "from-now", datetime: instant, title: both(instant) }, () => words.value);
}

/**
 * Returns an instant in one line, in both zones.
 *
 * @param {string} instant
 */
export function both(instant) {
  const at = new Date(instant);
  const utc = dated(at, UTC);
  return IN_UTC ? utc : `${dated(at, LOCAL)} (${utc})`;
}

/**
 * Returns a distance in words: `in 3 min`, `2 h ago`.
 *
 * @param {number} ahead  in milliseconds; negative in the past
 */
export function distance(ahead) {
  if (Math.abs(ahead) < 1000) return "now";
  const length = duration(Math.abs(ahead), 1);
  return ahead > 0 ? `in ${length}` : `${length} ago`;
}

/** @type {[string, number][]} */
const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/**
 * Returns a duration: `820 ms`, `4.2 s`, `3 min 5 s`.
 *
 * @param {number} length  in milliseconds
 * @param {number} [parts]  most units that are named
 */
export function duration(length, parts = 2) {
  if (length < 10) return `${Number(length.toFixed(1))} ms`;
  if (length < 1000) return `${Math.round(length)} ms`;
  if (length < 10_000 && parts > 1) return `${(length / 1000).toFixed(1)} s`;
  const words = [];
  let rest = length;
  for (const [unit, size] of UNITS) {
    const number = Math.floor(rest / size);
    if (number === 0 && words.length === 0) continue;
    rest -= number * size;
    if (number > 0) words.push(`${number} ${unit}`);
    if (words.length === parts) break;
  }
  return words.join(" ");
}

/**
 * Returns the milliseconds of a duration of protobuf's JSON, such as `1.5s`.
 *
 * @param {string | undefined} text
 */
export function milliseconds(text) {
  return text ? Number.parseFloat(text) * 1000 : 0;
}

/**
 * Returns the milliseconds between two instants, to the fraction that they name.
 *
 * @param {string} from  by RFC 3339
 * @param {string} to
 */
export function between(from, to) {
  return exact(to) - exact(from);
}

// Date.parse leaves out what is below a millisecond.
/** @param {string} instant */
function exact(instant) {
  return Date.parse(instant) + Number(`0.${/\.\d{3}(\d+)/.exec(instant)?.[1] ?? "0"}`);
}

/**
 * Returns the instant that lies so long before the present, by RFC 3339.
 *
 * @param {string} ago  such as `15m`, `1h`, `7d`
 */
export function since(ago) {
  const sizes = /** @type {Record<string, number>} */ ({ m: 60_000, h: 3_600_000, d: 86_400_000 });
  const size = sizes[ago.slice(-1)] ?? 0;
  return new Date(clock() - Number.parseInt(ago, 10) * size).toISOString();
}

/**
 * @param {Date} at
 * @param {Writing} zone
 */
function dated(at, { day, time, year }) {
  const today = new Date(clock());
  if (day.format(at) === day.format(today) && year.format(at) === year.format(today)) {
    return time.format(at);
  }
  const when = year.format(at) === year.format(today) ? "" : ` ${year.format(at)}`;
  return `${day.format(at)}${when}, ${time.format(at)}`;
}

/**
 * @param {Intl.DateTimeFormatOptions} zone
 * @returns {Writing}
 */
function writing(zone) {
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const options = /** @type {Intl.DateTimeFormatOptions} */ ({ ...parts, timeZoneName: "short" });
  return {
    day: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...zone }),
    time: new Intl.DateTimeFormat("en-GB", { ...options, ...zone }),
    year: new Intl.DateTimeFormat("en-GB", { year: "numeric", ...zone }),
  };
}
