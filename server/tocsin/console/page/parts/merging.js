/** Brings changes into lists that are on the screen. */

import { MOST } from "./lists.js";

/** @typedef {import("../core/messages.js").Invocation} Invocation */

/**
 * Returns a list of invocations with changed ones in their new state and new ones in their place.
 *
 * @param {readonly Invocation[]} shown
 * @param {readonly Invocation[]} changed
 * @param {boolean} [oldestFirst]
 * @returns {readonly Invocation[]}
 */
export function merged(shown, changed, oldestFirst = false) {
  const byId = new Map(shown.map((each) => [each.id, each]));
  const names = new Map(shown.map((each) => [originOf(each), each.originName]));
  for (const each of changed) {
    const before = byId.get(each.id);
    // Changes come without names.
    const originName = each.originName || before?.originName || names.get(originOf(each)) || "";
    byId.set(each.id, { ...before, ...each, originName });
  }
  const all = [...byId.values()];
  const way = oldestFirst ? -1 : 1;
  all.sort((a, b) => way * (instant(b) - instant(a) || (a.id < b.id ? 1 : -1)));
  return all.slice(0, MOST);
}

/** @param {Invocation} of */
function originOf({ triggerId, integration }) {
  return triggerId ?? integration;
}

/** @param {Invocation} of */
function instant(of) {
  return Date.parse(of.scheduledAt ?? of.createdAt ?? "") || 0;
}
