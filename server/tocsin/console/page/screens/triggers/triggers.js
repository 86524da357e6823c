/** The triggers of a folder. */

import { h } from "../../core/dom.js";
import { folder } from "../../core/folder.js";
import { ask, here, link } from "../../core/router.js";
import { effect } from "../../core/signals.js";
import { duration, fromNow, moment } from "../../core/times.js";
import { follow, watch } from "../../core/watch.js";
import { search, select } from "../../parts/filters.js";
import { took } from "../../parts/invocations.js";
import { KINDS, kindName } from "../../parts/kinds.js";
import { foot, listed, paged } from "../../parts/lists.js";
import { empty } from "../../parts/messages.js";
import { permitted } from "../../parts/permitted.js";
import { badge } from "../../parts/states.js";
import { firstTrigger } from "../../parts/first-trigger.js";
import { selection, table } from "../../parts/table.js";
import { bulkActions } from "./bulk.js";

/** @typedef {import("../../core/messages.js").TriggerRow} TriggerRow */
/** @typedef {import("../../core/signals.js").Signal<ReadonlySet<string>>} Selected */

/** @type {[string, string][]} */
const STATES = [
  ["", "Any state"],
  ["STATE_ACTIVE", "Active"],
  ["STATE_PAUSED", "Paused"],
];

/** @type {[string, string][]} */
const LAST = [
  ["", "Any last result"],
  ["STATE_SUCCEEDED", "Last one succeeded"],
  ["STATE_FAILED", "Last one failed"],
  ["STATE_DEAD_LETTERED", "Last one dead-lettered"],
  ["STATE_RETRYING", "Retrying now"],
];

/** The filter as the method takes it. */
function filter() {
  const { text, kind, state, result } = here().query;
  return {
    ...(text && { text }),
    ...(kind && { kinds: [kind] }),
    ...(state && { state }),
    ...(result && { lastStates: [result] }),
  };
}

function path() {
  return `tocsin/v1/folders/${encodeURIComponent(folder.value)}/triggers`;
}

export const title = () => "Triggers";

export function draw() {
  const selected = selection(() => [folder.value, filter()]);
  const list = paged(async (token, ended) => {
    if (!folder.value) return { items: [], next: "" };
    const asked = Object.entries(filter()).map(([name, value]) => [`filter.${name}`, value]);
    const query = {
      ...Object.fromEntries(asked),
      orderBy: here().query["order"],
      pageSize: 50,
      pageToken: token,
    };
    const answer = await follow(path(), query, ended);
    return { items: /** @type {TriggerRow[]} */ (answer.triggers ?? []), next: answer.nextPageToken ?? "" };
  });
  effect(() => {
    watch({ topics: ["TOPIC_TRIGGERS", "TOPIC_INVOCATIONS"], folderId: folder.value }, (news) => {
      const shown = list.items.peek();
      const unknown = (news.triggers ?? []).some((each) => !shown.some((row) => row.id === each.triggerId));
      if (news.reset || (unknown && list.next.peek() === "")) list.again();
      else list.items.value = brought(shown, news);
    });
  });
  return [
    h(
      "div",
      { class: "head" },
      h("div", null, h("h1", null, "Triggers")),
      permitted("serverless.triggers.create", undefined, () =>
        h("a", { class: "button", href: link(["triggers", "new"]) }, "New trigger"),
      ),
    ),
    h(
      "div",
      { class: "filters", role: "search" },
      search("Search", "text", "name, id, label …"),
      select("Kind", "kind", [["", "Any kind"], ...KINDS]),
      select("State", "state", STATES),
      select("Last", "result", LAST),
    ),
    listed(
      list,
      () => [() => bulkActions(selected, filter, path, list.again), rows(list, selected)],
      () => nothing,
    ),
    foot(list, "trigger"),
  ];
}

/**
 * @param {import("../../parts/lists.js").Paged<TriggerRow>} list
 * @param {Selected} selected
 */
function rows(list, selected) {
  return table({
    label: "Triggers",
    rows: () => list.items.value,
    key: (row) => row.id,
    name: (row) => row.name || row.id,
    open: (row) => link(["triggers", row.id]),
    selected,
    order: () => here().query["order"] ?? "",
    sort: (order) => ask({ order }),
    columns: [
      {
        title: "Name",
        order: "name",
        cell: (row) => [
          h("a", { href: link(["triggers", row.id]) }, row.name || row.id),
          row.description ? h("div", { class: "soft" }, row.description) : null,
          row.problem ? h("div", { class: "error" }, row.problem) : null,
        ],
      },
      { title: "Kind", class: "tight", cell: (row) => [kindName(row.kind), cron(row)] },
      { title: "State", class: "tight", cell: (row) => badge(row.state) },
      { title: "Last", class: "tight", cell: last },
      {
        title: "Took",
        class: "number tight",
        cell: (row) => (row.last?.finishedAt ? duration(took(row.last)) : "–"),
      },
      {
        title: "Next",
        class: "tight",
        order: "next_fire",
        cell: (row) => [
          fromNow(row.nextFire),
          row.nextFire ? h("div", { class: "soft" }, moment(row.nextFire)) : null,
        ],
      },
    ],
  });
}

/** @param {TriggerRow} row */
function cron(row) {
  return row.cronExpression
    ? h("div", null, h("code", { class: "soft" }, `${row.cronExpression} ${row.timeZone ?? "UTC"}`))
    : null;
}

/** @param {TriggerRow} row */
function last(row) {
  if (!row.last) return h("span", { class: "nothing" }, "never fired");
  return h(
    "a",
    { href: link(["invocations", row.last.id]), title: row.last.lastError },
    badge(row.last.state),
    h("small", null, " ", fromNow(row.last.finishedAt ?? row.last.scheduledAt)),
  );
}

/**
 * Brings changes into the rows that are shown.
 *
 * @param {readonly TriggerRow[]} shown
 * @param {import("../../core/messages.js").Change} change
 */
function brought(shown, { triggers = [], invocations = [] }) {
  const changed = new Map(triggers.map((each) => [each.triggerId, each]));
  return shown
    .filter((row) => !changed.get(row.id)?.deleted)
    .map((row) => {
      const now = changed.get(row.id);
      const run = invocations.find(
        (each) => each.triggerId === row.id && (each.scheduledAt ?? "") >= (row.last?.scheduledAt ?? ""),
      );
      if (!now && !run) return row;
      const { name, paused, nextFireAt } = now ?? {
        name: row.name,
        paused: row.state === "STATE_PAUSED",
        nextFireAt: row.nextFire,
      };
      /** @type {TriggerRow} */
      const next = { ...row, name: name ?? "", state: paused ? "STATE_PAUSED" : "STATE_ACTIVE" };
      if (nextFireAt) next.nextFire = nextFireAt;
      else delete next.nextFire;
      if (run) next.last = run;
      return next;
    });
}

function nothing() {
  if (Object.keys(filter()).length > 0)
    return empty("No trigger is like that.", h("p", null, h("a", { href: link(["triggers"]) }, "Show all")));
  return empty(
    "There are no triggers here yet.",
    h(
      "p",
      null,
      permitted("serverless.triggers.create", undefined, () => [
        h("a", { class: "button", href: link(["triggers", "new"]) }, "Make the first one"),
        " or from a terminal:",
      ]),
    ),
    firstTrigger(),
  );
}
