/** What fires, what failed, and what is in trouble. */

import { get } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { folder } from "../../core/folder.js";
import { ask, here, link } from "../../core/router.js";
import { onCleanup } from "../../core/signals.js";
import { clock, distance, fromNow } from "../../core/times.js";
import { counted, many } from "../../core/words.js";
import { watch } from "../../core/watch.js";
import { kindName } from "../../parts/kinds.js";
import { one, whenRead } from "../../parts/lists.js";
import { empty } from "../../parts/messages.js";
import { firstTrigger } from "../../parts/first-trigger.js";
import { permitted } from "../../parts/permitted.js";
import { activity } from "./activity.js";
import { forecast } from "./forecast.js";
import { nodes } from "./nodes.js";

/** @typedef {import("../../core/messages.js").Overview} Overview */

/** How long the page waits after a change before it asks for all numbers again. */
const PAUSE = 5000;

export function title() {
  return "Overview";
}

export function draw() {
  const everything = () => here().query["of"] !== "folder";
  const read = one((ended) =>
    get("tocsin/v1/overview", everything() ? {} : { folderId: folder.value }, ended),
  );
  readAgainAfterChanges(read.again);
  return [
    h(
      "div",
      { class: "head" },
      h("div", null, h("h1", null, "Overview")),
      h(
        "select",
        {
          "aria-label": "Of what",
          onchange: (/** @type {Event} */ event) =>
            ask({ of: /** @type {HTMLSelectElement} */ (event.target).value }),
        },
        h("option", { value: "", selected: everything }, "All that I may see"),
        h("option", { value: "folder", selected: () => !everything() }, () => `Folder ${folder.value}`),
      ),
    ),
    whenRead(read, () => () => shown(/** @type {Overview} */ (read.value.value))),
  ];
}

/** @param {() => void} again */
function readAgainAfterChanges(again) {
  let waiting = 0;
  const later = () => {
    waiting ||= setTimeout(() => {
      waiting = 0;
      again();
    }, PAUSE);
  };
  watch({ topics: ["TOPIC_COUNTS"] }, (change) => {
    if (change.reset && change.reset.reason !== "REASON_BEGUN") again();
    else if (change.counts) later();
  });
  // What becomes late is no change.
  const ticking = setInterval(again, 60_000);
  onCleanup(() => {
    clearTimeout(waiting);
    clearInterval(ticking);
  });
}

/** @param {Overview} overview */
function shown(overview) {
  const { forecast: coming, activity: past, failures, overdue, silentSources } = overview;
  const next = coming?.minutes?.reduce((sum, each) => sum + Number(each), 0) ?? 0;
  return [
    figures(overview, next),
    next === 0 && (past?.minutes ?? []).every(isQuiet) ? nothing() : null,
    h(
      "div",
      { class: "split" },
      h("section", { class: "card" }, h("h2", null, "What fires in the next 24 hours"), forecast(coming)),
      h("div", { class: "stack" }, activity(past)),
    ),
    h("div", { class: "cards" }, failing(failures), silent(silentSources)),
    overdue?.oldestDue ? late(overdue) : null,
    nodes(overview.nodes ?? []),
  ];
}

/** @param {import("../../core/messages.js").ActivityMinute} minute */
function isQuiet(minute) {
  return [minute.succeeded, minute.failed, minute.deadLettered].every((each) => Number(each ?? 0) === 0);
}

/**
 * @param {Overview} overview
 * @param {number} next
 */
function figures({ forecast: coming, activity: past, overdue }, next) {
  const minutes = past?.minutes ?? [];
  const sum = (/** @type {"succeeded" | "failed" | "deadLettered"} */ name) =>
    minutes.reduce((total, each) => total + Number(each[name] ?? 0), 0);
  const capped = minutes.some((each) => each.atLeast);
  const bad = sum("failed") + sum("deadLettered");
  const waits =
    Number(overdue?.invocations ?? 0) + Number(overdue?.ticks ?? 0) + Number(overdue?.batches ?? 0);
  const oldest = overdue?.oldestDue
    ? `oldest ${distance(Date.parse(overdue.oldestDue) - clock())}`
    : "on time";
  return h(
    "div",
    { class: "figures" },
    figure("Fires in 24 h", counted(next, coming?.atLeast), "as far as it is known"),
    figure("Succeeded in the last hour", counted(sum("succeeded"), capped), ""),
    figure("Failed in the last hour", counted(bad, capped), "", bad > 0 ? "bad" : ""),
    figure("Late", counted(waits, overdue?.atLeast), oldest, waits > 0 ? "warn" : ""),
  );
}

/**
 * @param {string} words
 * @param {string} number
 * @param {string} note
 * @param {string} [tone]
 */
function figure(words, number, note, tone = "") {
  return h(
    "div",
    { class: "figure", "data-tone": tone },
    h("span", { class: "soft" }, words),
    h("strong", null, number),
    note ? h("small", null, note) : null,
  );
}

/** @param {Overview["failures"]} failures */
function failing({ origins = [], atLeast } = {}) {
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Failures of the last 24 hours"),
    origins.length === 0 ? h("p", { class: "soft" }, "None.") : null,
    h(
      "ul",
      { class: "verdicts" },
      origins.map((each) =>
        h(
          "li",
          null,
          h(
            "a",
            {
              href: each.triggerId
                ? link(["invocations"], {
                    trigger: each.triggerId,
                    state: "FAILED,DEAD_LETTERED",
                    folder: each.folderId,
                  })
                : link(["executions"], { integration: each.integration?.split("/").at(-1), state: "FAILED" }),
            },
            each.name || each.triggerId || each.integration,
          ),
          ` ${many(Number(each.failures), "time", atLeast)}, last `,
          h("a", { href: link(["invocations", each.lastInvocationId ?? ""]) }, fromNow(each.lastScheduledAt)),
          h("div", { class: "soft clipped" }, each.lastError ?? ""),
        ),
      ),
    ),
  );
}

/** @param {Overview["silentSources"]} silent */
function silent({ sources = [], more } = {}) {
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Sources that are not connected"),
    sources.length === 0 ? h("p", { class: "soft" }, "None.") : null,
    h(
      "ul",
      { class: "verdicts" },
      sources.map((each) =>
        h(
          "li",
          null,
          h("a", { href: link(["triggers", each.triggerId]) }, each.name || each.triggerId),
          ` (${kindName(each.kind)})`,
          h("div", { class: "soft clipped" }, each.lastError || "It is not known why."),
        ),
      ),
    ),
    more ? h("p", { class: "soft" }, "There are more.") : null,
  );
}

/** @param {NonNullable<Overview["overdue"]>} overdue */
function late({ invocations, ticks, batches, atLeast, oldestDue }) {
  const kinds = /** @type {[string | undefined, string][]} */ ([
    [invocations, "invocation"],
    [ticks, "tick"],
    [batches, "batch of events"],
  ]);
  const words = kinds
    .filter(([count]) => Number(count ?? 0) > 0)
    .map(([count, noun]) =>
      many(Number(count), noun, atLeast).replace("batch of eventss", "batches of events"),
    );
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Late"),
    h("p", null, `${words.join(", ")}; the oldest was due `, fromNow(oldestDue), "."),
  );
}

function nothing() {
  return empty(
    "Nothing fires here yet.",
    h(
      "p",
      null,
      permitted("serverless.triggers.create", undefined, () => [
        h("a", { class: "button", href: link(["triggers", "new"]) }, "Make the first trigger"),
        " or from a terminal:",
      ]),
    ),
    firstTrigger(),
  );
}
