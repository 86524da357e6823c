/** A list of invocations that follows what happens. */

import { effect } from "../core/signals.js";
import { follow, watch } from "../core/watch.js";
import { paged } from "./lists.js";
import { merged } from "./merging.js";
import { bare } from "./states.js";

/** @typedef {import("../core/messages.js").Invocation} Invocation */
/** @typedef {Record<string, any>} Filter  as `InvocationFilter` has it */

/**
 * Lists invocations, and brings changes into the list as they happen.
 *
 * @param {() => Filter} filter
 * @param {() => { folderId?: string, triggerId?: string, integration?: string } | null} scope  what is watched;
 *   null: there is nothing to list yet
 * @param {() => boolean} [oldestFirst]
 */
export function liveInvocations(filter, scope, oldestFirst = () => false) {
  let asked = /** @type {Filter} */ ({});
  const list = paged(async (token, ended) => {
    if (!scope()) return { items: [], next: "" };
    // "The last hour" begins later by the next page, which must be of the same list.
    if (!token) asked = filter();
    const query = { ...asked, oldestFirst: oldestFirst() || undefined, pageSize: 50, pageToken: token };
    const answer = await follow("tocsin/v1/invocations", query, ended);
    return {
      items: /** @type {Invocation[]} */ (answer.invocations ?? []),
      next: answer.nextPageToken ?? "",
    };
  });
  effect(() => {
    const watched = scope();
    if (!watched) return;
    watch({ topics: ["TOPIC_INVOCATIONS"], ...watched }, (change) => {
      if (change.reset) list.again();
      if (!change.invocations) return;
      const shown = list.items.peek();
      const known = new Set(shown.map((each) => each.id));
      const fresh = change.invocations.filter(
        (each) => known.has(each.id) || joins(each, filter(), oldestFirst()),
      );
      if (fresh.length > 0) list.items.value = merged(shown, fresh, oldestFirst());
    });
  });
  return list;
}

/**
 * Tells whether a new invocation belongs to a list.
 *
 * @param {Invocation} one
 * @param {Filter} filter
 * @param {boolean} oldestFirst
 */
function joins(one, filter, oldestFirst) {
  const { states, errorText, scheduledFrom, scheduledBefore, triggerId } = filter;
  const at = one.scheduledAt ?? "";
  return (
    !oldestFirst &&
    (!states?.length || states.includes(`STATE_${bare(one.state)}`)) &&
    (!triggerId || one.triggerId === triggerId) &&
    (!errorText || (one.lastError ?? "").toLowerCase().includes(errorText.toLowerCase())) &&
    (!scheduledFrom || Date.parse(at) >= Date.parse(scheduledFrom)) &&
    (!scheduledBefore || Date.parse(at) < Date.parse(scheduledBefore))
  );
}
