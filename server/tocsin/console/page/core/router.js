/**
 * Keeps the place in the part of the URL after `#`, so that the page works below any path.
 *
 * A place is a path and what is asked there: `#/invocations?state=FAILED`.
 */

import { signal } from "./signals.js";

/** @typedef {{ path: string[], query: Record<string, string> }} Place */

/** @type {import("./signals.js").Signal<Place>} */
const place = signal(read());

addEventListener("hashchange", () => {
  place.value = read();
});

/** Returns the place where the reader is. */
export function here() {
  return place.value;
}

/**
 * Returns the link to a place; parts of the path may hold any character.
 *
 * @param {string[]} path
 * @param {Record<string, string | undefined>} [query]
 */
export function link(path, query = {}) {
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const parameters = new URLSearchParams(/** @type {[string, string][]} */ (asked)).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${parameters && `?${parameters}`}`;
}

/**
 * Goes to a place, as a click on a link does.
 *
 * @param {string[]} path
 * @param {Record<string, string | undefined>} [query]
 */
export function go(path, query) {
  location.hash = link(path, query);
}

/**
 * Changes what is asked at this place, without a step in the history.
 *
 * @param {Record<string, string | undefined>} changes
 */
export function ask(changes) {
  const { path, query } = place.peek();
  history.replaceState(null, "", link(path, { ...query, ...changes }));
  place.value = read();
}

/** @returns {Place} */
function read() {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s, 2);
  return {
    path: path.split("/").filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
