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
  /** @type {Map<string | undefined, string>} */
  const names = new Map();
  for (const each of changed) {
    // A trigger that is gone has no name any more; what is shown keeps the one that it had.
    const originName = each.originName || byId.get(each.id)?.originName || "";
    byId.set(each.id, { ...byId.get(each.id), ...each, originName });
    if (each.originName) names.set(originOf(each), each.originName);
  }
  // Those that did not change get the new name too.
  const all = [...byId.values()].map((each) => {
    const originName = names.get(originOf(each));
    return originName === undefined || originName === each.originName ? each : { ...each, originName };
  });
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
