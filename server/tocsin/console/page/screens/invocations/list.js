/** Deliveries to the targets of triggers. */

import { h } from "../../core/dom.js";
import { folder } from "../../core/folder.js";
import { here, link } from "../../core/router.js";
import { since } from "../../core/times.js";
import { search, select } from "../../parts/filters.js";
import { invocationTable } from "../../parts/invocations.js";
import { foot, listed } from "../../parts/lists.js";
import { progress } from "../../parts/jobs.js";
import { liveInvocations } from "../../parts/live-list.js";
import { empty } from "../../parts/messages.js";
import { permitted } from "../../parts/permitted.js";
import { STATES } from "../../parts/states.js";
import { selection } from "../../parts/table.js";
import { plain } from "../../core/words.js";
import { bulkActions } from "./bulk.js";

/** @type {[string, string][]} */
export const RANGES = [
  ["15m", "Last 15 min"],
  ["1h", "Last 1 h"],
  ["24h", "Last 24 h"],
  ["7d", "Last 7 days"],
  ["", "Any time"],
];

/** @type {[string, string][]} */
export const STATE_CHOICES = [
  ["", "Any state"],
  ["FAILED,DEAD_LETTERED", "Failed or dead-lettered"],
  ["PENDING,RUNNING,RETRYING,DEAD_LETTERING", "Not done yet"],
  ...STATES.map((state) => /** @type {[string, string]} */ ([state, plain(state)])),
];

/** The filter of the list, by what is asked in the address. */
function filter() {
  const { trigger, state, range, error } = here().query;
  return {
    ...(trigger ? { triggerId: trigger } : { folderId: folder.value }),
    ...narrowed(state, range, error),
  };
}

/**
 * Returns the part of a filter that all lists of invocations have.
 *
 * @param {string | undefined} state
 * @param {string | undefined} range
 * @param {string | undefined} error
 */
export function narrowed(state, range, error) {
  return {
    ...(state && { states: state.split(",").map((each) => `STATE_${each}`) }),
    ...(range && { scheduledFrom: since(range) }),
    ...(error && { errorText: error }),
  };
}

export function title() {
  return "Invocations";
}

export function draw() {
  const selected = selection(() => [folder.value, here()]);
  const list = liveInvocations(filter, () => {
    const { trigger } = here().query;
    if (trigger) return { triggerId: trigger };
    return folder.value ? { folderId: folder.value } : null;
  });
  return [
    h("div", { class: "head" }, h("div", null, h("h1", null, "Invocations"))),
    h(
      "div",
      { class: "filters", role: "search" },
      select("State", "state", STATE_CHOICES),
      select("Scheduled", "range", RANGES),
      search("Error", "error", "text in the error …"),
      search("Trigger", "trigger", "id of a trigger"),
    ),
    progress(),
    listed(
      list,
      () => [
        bulkActions(selected, filter, () => `folders/${folder.value}`),
        invocationTable(() => list.items.value, { selected }),
      ],
      () => nothing,
    ),
    foot(list, "invocation"),
  ];
}

function nothing() {
  if (Object.keys(here().query).some((name) => name !== "folder")) {
    return empty(
      "No invocation is like that.",
      h("p", null, h("a", { href: link(["invocations"]) }, "Show all")),
    );
  }
  return empty(
    "Nothing has fired in this folder yet.",
    h(
      "p",
      null,
      "Each tick, batch of events and mail appears here. ",
      permitted("serverless.triggers.create", undefined, () => [
        h("a", { href: link(["triggers", "new"]) }, "Make a trigger"),
        ".",
      ]),
    ),
  );
}
