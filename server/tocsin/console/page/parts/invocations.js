/** Shows invocations in a table. */

import { h } from "../core/dom.js";
import { link } from "../core/router.js";
import { between, both, clock, duration, fromNow, milliseconds, moment, present } from "../core/times.js";
import { plain } from "../core/words.js";
import { badge, bare } from "./states.js";
import { table } from "./table.js";

/** @typedef {import("../core/messages.js").Invocation} Invocation */

/**
 * Returns for how many milliseconds an invocation was worked on, from its latest call's begin.
 *
 * @param {Invocation} invocation
 * @param {number} [now]
 */
export function took({ startedAt, finishedAt, state }, now = clock()) {
  if (!startedAt) return 0;
  if (finishedAt) return Math.max(0, between(startedAt, finishedAt));
  return bare(state) === "RUNNING" ? Math.max(0, now - Date.parse(startedAt)) : 0;
}

/**
 * Returns what fired, by its name if it has one.
 *
 * @param {Invocation} invocation
 */
export function originOf(invocation) {
  return invocation.originName || invocation.triggerId || invocation.integration?.split("/").at(-1) || "";
}

/**
 * Returns what fired as a link to it.
 *
 * @param {Invocation} invocation
 */
export function originLink(invocation) {
  return invocation.triggerId
    ? h("a", { href: link(["triggers", invocation.triggerId]) }, originOf(invocation))
    : originOf(invocation);
}

/**
 * Makes a table of invocations.
 *
 * @param {() => readonly Invocation[]} rows
 * @param {{ of?: string, selected?: import("../core/signals.js").Signal<ReadonlySet<string>> }} [options]
 *   `of` is the trigger whose name need not be said
 */
export function invocationTable(rows, { of, selected } = {}) {
  /** @type {import("./table.js").Column<Invocation>[]} */
  const columns = [
    {
      title: "State",
      class: "tight",
      cell: (row) => [badge(row.state), row.parked ? h("small", null, " parked") : null],
    },
    ...(of ? [] : [{ title: "What", cell: originLink }]),
    {
      title: "Scheduled for",
      class: "tight",
      cell: (row) => h("a", { href: link(["invocations", row.id]) }, moment(row.scheduledAt)),
    },
    { title: "Cause", class: "tight", cell: (row) => plain((row.cause ?? "").replace(/^CAUSE_/, "")) },
    {
      title: "Late",
      class: "number tight",
      cell: (row) => (row.lateness ? duration(milliseconds(row.lateness)) : "–"),
    },
    { title: "Took", class: "number tight", cell: (row) => worked(row) },
    { title: "Calls", class: "number tight", cell: (row) => row.attemptCount ?? 0 },
    { title: "What happened", cell: happened },
  ];
  return table({
    label: "Invocations",
    columns,
    rows,
    key: (row) => row.id,
    name: (row) => `${originOf(row)} for ${row.scheduledAt ? both(row.scheduledAt) : row.id}`,
    open: (row) => link(["invocations", row.id]),
    ...(selected && { selected }),
  });
}

/** @param {Invocation} row */
function worked(row) {
  if (!row.startedAt) return "–";
  return duration(bare(row.state) === "RUNNING" ? took(row, present()) : took(row));
}

/** @param {Invocation} row */
function happened(row) {
  const state = bare(row.state);
  if (state === "RETRYING" || state === "DEAD_LETTERING") {
    return [
      h("span", { class: "error" }, row.lastError ?? ""),
      h("small", null, "next try ", fromNow(row.dueAt)),
    ];
  }
  if (state === "PENDING") return h("small", null, "due ", fromNow(row.dueAt));
  if (state === "CANCELLED")
    return h("small", null, plain((row.cancelReason ?? "").replace(/^CANCEL_REASON_/, "")));
  return row.lastError ? h("span", { class: "error", title: row.lastError }, row.lastError) : null;
}
