/** One schedule: when it runs, and how its last runs went. */

import { call, get, getLinted, post } from "../../core/api.js";
import { curl } from "../../core/curl.js";
import { h } from "../../core/dom.js";
import { go, link } from "../../core/router.js";
import { duration, fromNow, milliseconds, moment } from "../../core/times.js";
import { counted, plain } from "../../core/words.js";
import { follow, watch } from "../../core/watch.js";
import { copyButton } from "../../parts/copying.js";
import { invocationTable } from "../../parts/invocations.js";
import { foot, one, paged, whenRead } from "../../parts/lists.js";
import { merged } from "../../parts/merging.js";
import { confirmed } from "../../parts/asking.js";
import { dialog, say, sayTrouble, surprises, trouble } from "../../parts/messages.js";
import { permitted } from "../../parts/permitted.js";
import { stateOf } from "./list.js";

/** @typedef {import("../../core/messages.js").Schedule} Schedule */
/** @typedef {import("../../core/messages.js").Invocation} Invocation */

/** @param {string[]} path */
export function title([, name = ""]) {
  return `Schedule ${name.split("/").at(-1)}`;
}

/** @param {string[]} path */
export function draw([, name = ""]) {
  const path = `tocsin/v1/${name.split("/").map(encodeURIComponent).join("/")}`;
  const read = one((signal) => get(path, {}, signal));
  const next = one((signal) => getLinted(`${path}/nextRuns`, { count: 10 }, signal));
  const schedule = () => /** @type {Schedule} */ (read.value.value);
  const again = () => {
    read.again();
    next.again();
  };
  return whenRead(read, () => [
    () => head(schedule(), path, again),
    h(
      "div",
      { class: "cards" },
      () => facts(schedule()),
      () => nextRuns(next),
    ),
    runs(schedule(), again),
  ]);
}

/**
 * @param {Schedule} schedule
 * @param {string} path
 * @param {() => void} again
 */
function head(schedule, path, again) {
  const resume = () => void post(`${path}:resume`).then(again).catch(sayTrouble);
  return h(
    "div",
    { class: "head" },
    h(
      "div",
      null,
      h("p", { class: "crumbs" }, h("a", { href: link(["schedules"]) }, "Schedules"), ` / ${schedule.name}`),
      h("h1", null, schedule.name.split("/").at(-1)),
    ),
    stateOf(schedule),
    h(
      "div",
      { class: "actions" },
      permitted("integrations.integrations.invoke", schedule.integration, () => [
        schedule.pause
          ? [
              h("button", { type: "button", onclick: resume }, "Resume"),
              copyButton("Copy as curl", () => curl("POST", `${path}:resume`, {})),
            ]
          : h("button", { type: "button", onclick: () => pause(path, again) }, "Pause …"),
        h(
          "button",
          { type: "button", class: "danger", onclick: () => void remove(schedule, path).catch(sayTrouble) },
          "Delete …",
        ),
      ]),
    ),
  );
}

/**
 * @param {string} path
 * @param {() => void} again
 */
function pause(path, again) {
  dialog("Pause the schedule?", (close) => {
    const note = h("input", { name: "note", maxlength: "500" });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      close();
      void post(`${path}:pause`, { note: note.value }).then(again).catch(sayTrouble);
    };
    return h(
      "form",
      { onsubmit: submit },
      h("label", { class: "field" }, h("span", null, "Why (others see it)"), note),
      h(
        "div",
        { class: "actions" },
        h("button", { class: "main", type: "submit" }, "Pause it"),
        h("button", { type: "button", onclick: close }, "Leave it"),
        copyButton("Copy as curl", () => curl("POST", `${path}:pause`, { note: note.value })),
      ),
    );
  });
}

/**
 * @param {Schedule} schedule
 * @param {string} path
 */
async function remove(schedule, path) {
  const agreed = await confirmed({
    title: `Delete ${schedule.name.split("/").at(-1)}?`,
    words: "It runs no more. Its executions stay. This can't be undone.",
    action: "Delete it",
    command: curl("DELETE", path),
    danger: true,
  });
  if (!agreed) return;
  await call("DELETE", path);
  say("The schedule is deleted.");
  go(["schedules"]);
}

/** @param {Schedule} schedule */
function facts(schedule) {
  const {
    integration,
    triggerId,
    cronExpression,
    timeZone,
    startTime,
    endTime,
    jitter,
    overlapPolicy,
    catchUpWindow,
  } = schedule;
  /** @type {[string, import("../../core/dom.js").Child][]} */
  const known = [
    ["Integration", integration],
    ["Trigger", triggerId],
    ["Cron", [h("code", null, cronExpression), ` ${timeZone || "UTC"}`]],
    ["From", startTime ? moment(startTime) : null],
    ["Until", endTime ? moment(endTime) : null],
    ["Jitter", jitter ? duration(milliseconds(jitter)) : null],
    [
      "If the last run is not done",
      overlapPolicy && !overlapPolicy.endsWith("UNSPECIFIED")
        ? plain(overlapPolicy.replace("OVERLAP_POLICY_", ""))
        : null,
    ],
    ["Catches up for", catchUpWindow ? duration(milliseconds(catchUpWindow)) : null],
    ["Skipped", counted(schedule.skippedCount)],
    ["Missed", counted(schedule.missedCount)],
  ];
  return h(
    "section",
    { class: "card" },
    h("h2", null, "What it is"),
    schedule.lastError ? h("div", { class: "trouble" }, schedule.lastError) : null,
    h(
      "dl",
      { class: "facts" },
      known.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]),
    ),
  );
}

/** @param {ReturnType<typeof one<any>>} next */
function nextRuns(next) {
  const { answer, lint } = next.value.value ?? { answer: null, lint: [] };
  const times = /** @type {{ tickTime: string, startTime?: string }[]} */ (answer?.runs ?? []);
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Next runs"),
    next.error.value ? trouble(next.error.value, next.again) : null,
    surprises(lint),
    times.length === 0 && answer ? h("p", null, "It runs no more.") : null,
    h(
      "table",
      null,
      h(
        "tbody",
        null,
        times.map(({ tickTime, startTime }) =>
          h(
            "tr",
            null,
            h("td", null, moment(startTime ?? tickTime)),
            h("td", { class: "number" }, fromNow(startTime ?? tickTime)),
          ),
        ),
      ),
    ),
  );
}

/**
 * @param {Schedule} schedule
 * @param {() => void} again
 */
function runs(schedule, again) {
  const mine = (/** @type {Invocation} */ each) => each.schedule === schedule.name;
  const list = paged(async (token, signal) => {
    const query = { integration: schedule.integration, pageSize: 100, pageToken: token };
    const answer = await follow("tocsin/v1/invocations", query, signal);
    return {
      items: /** @type {Invocation[]} */ (answer.invocations ?? []).filter(mine),
      next: answer.nextPageToken ?? "",
    };
  });
  watch({ topics: ["TOPIC_INVOCATIONS"], integration: schedule.integration }, (change) => {
    const changed = (change.invocations ?? []).filter(mine);
    if (change.reset) list.again();
    if (changed.length === 0) return;
    list.items.value = merged(list.items.peek(), changed);
    again();
  });
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Last runs"),
    invocationTable(() => list.items.value, { of: schedule.name }),
    foot(list, "run"),
  );
}
