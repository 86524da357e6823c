/** Integrations that run again and again. */

import { h } from "../../core/dom.js";
import { link } from "../../core/router.js";
import { effect } from "../../core/signals.js";
import { fromNow, moment } from "../../core/times.js";
import { follow, watch } from "../../core/watch.js";
import { foot, listed, paged } from "../../parts/lists.js";
import { locationField, place } from "../../parts/locations.js";
import { empty } from "../../parts/messages.js";
import { badge } from "../../parts/states.js";
import { table } from "../../parts/table.js";

/** @typedef {import("../../core/messages.js").Schedule} Schedule */

export function title() {
  return "Schedules";
}

export function draw() {
  const list = paged(async (token, ended) => {
    if (!place.value) return { items: [], next: "" };
    const answer = await follow(
      `tocsin/v1/${place.value}/schedules`,
      { pageSize: 100, pageToken: token },
      ended,
    );
    return { items: /** @type {Schedule[]} */ (answer.schedules ?? []), next: answer.nextPageToken ?? "" };
  });
  effect(() => {
    if (!place.value) return;
    watch({ topics: ["TOPIC_INVOCATIONS"], integration: `${place.value}/integrations/-` }, (change) => {
      if (change.reset || change.invocations?.some((each) => each.schedule)) list.again();
    });
  });
  return [
    h(
      "div",
      { class: "head" },
      h(
        "div",
        null,
        h("h1", null, "Schedules"),
        h("p", { class: "soft" }, "Integrations that run again and again."),
      ),
    ),
    h("div", { class: "filters" }, locationField()),
    listed(list, () => rows(list), nothing),
    foot(list, "schedule"),
  ];
}

/** @param {import("../../parts/lists.js").Paged<Schedule>} list */
function rows(list) {
  return table({
    label: "Schedules",
    rows: () => list.items.value,
    key: (row) => row.name,
    open: (row) => link(["schedules", row.name]),
    columns: [
      {
        title: "Name",
        cell: (row) => h("a", { href: link(["schedules", row.name]) }, row.name.split("/").at(-1)),
      },
      { title: "Runs", cell: (row) => row.integration.split("/").at(-1) },
      {
        title: "At",
        class: "tight",
        cell: (row) => [
          h("code", null, row.cronExpression),
          h("div", { class: "soft" }, row.timeZone || "UTC"),
        ],
      },
      { title: "State", class: "tight", cell: stateOf },
      { title: "Last", class: "tight", cell: (row) => lastOf(row) },
      {
        title: "Next",
        class: "tight",
        cell: (row) => [
          fromNow(row.nextRun?.startTime),
          row.nextRun ? h("div", { class: "soft" }, moment(row.nextRun.startTime)) : null,
        ],
      },
    ],
  });
}

/** @param {Schedule} schedule */
export function stateOf({ pause }) {
  return [badge(pause ? "PAUSED" : "ACTIVE"), pause?.note ? h("div", { class: "soft" }, pause.note) : null];
}

/** @param {Schedule} schedule */
function lastOf({ lastRun, lastError }) {
  if (lastError) return h("span", { class: "error" }, lastError);
  if (!lastRun) return h("span", { class: "nothing" }, "never");
  const when = fromNow(lastRun.startTime ?? lastRun.tickTime);
  return lastRun.executionId ? h("a", { href: link(["invocations", lastRun.executionId]) }, when) : when;
}

function nothing() {
  return empty(
    "There is no schedule here.",
    h("p", null, "This command makes one:"),
    h(
      "pre",
      { class: "code", tabindex: "0" },
      'tocsin schedules create NAME --integration NAME --trigger ID --cron "0 9 ? * MON-FRI" --time-zone Europe/Berlin',
    ),
  );
}
