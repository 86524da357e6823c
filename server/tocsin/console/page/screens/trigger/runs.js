/** The last runs of a trigger. */

import { h } from "../../core/dom.js";
import { link } from "../../core/router.js";
import { both, duration } from "../../core/times.js";
import { plain } from "../../core/words.js";
import { follow, watch } from "../../core/watch.js";
import { invocationTable, took } from "../../parts/invocations.js";
import { foot, listed, paged } from "../../parts/lists.js";
import { empty } from "../../parts/messages.js";
import { permitted } from "../../parts/permitted.js";
import { runStrip } from "../../parts/plots.js";
import { bare, tone } from "../../parts/states.js";
import { merged } from "../../parts/merging.js";

/** @typedef {import("../../core/messages.js").Invocation} Invocation */

/** @param {import("../../core/messages.js").Trigger} trigger */
export function runs(trigger) {
  const list = paged(async (token, signal) => {
    const query = { triggerId: trigger.id, pageSize: 50, pageToken: token };
    const answer = await follow("tocsin/v1/invocations", query, signal);
    return {
      items: /** @type {Invocation[]} */ (answer.invocations ?? []),
      next: answer.nextPageToken ?? "",
    };
  });
  watch(
    { topics: ["TOPIC_TRIGGERS", "TOPIC_INVOCATIONS", "TOPIC_INTAKES"], triggerId: trigger.id },
    (change) => {
      if (change.reset) list.again();
      else if (change.invocations) list.items.value = merged(list.items.peek(), change.invocations);
    },
  );
  const rows = () => [strip(list.items), invocationTable(() => list.items.value, { of: trigger.id })];
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Last runs"),
    listed(list, rows, () => nothing(trigger)),
    foot(list, "run"),
  );
}

/** @param {import("../../core/messages.js").Trigger} trigger */
function nothing({ id, folderId }) {
  return empty(
    "It has not fired yet.",
    h(
      "p",
      null,
      "It appears here the moment it does.",
      permitted("tocsin.triggers.fire", `folders/${folderId}`, () => [
        " You can ",
        h("a", { href: link(["triggers", id, "fire"]) }, "fire it now"),
        ".",
      ]),
    ),
  );
}

/** @param {import("../../core/signals.js").Signal<readonly Invocation[]>} items */
function strip(items) {
  return () =>
    runStrip({
      label: "The last runs, the oldest on the left: how long each took, and how it ended",
      runs: items.value
        .slice(0, 50)
        .map((each) => ({
          value: took(each),
          tone: tone(each.state),
          href: link(["invocations", each.id]),
          title: titleOf(each),
        }))
        .reverse(),
    });
}

/** @param {Invocation} run */
function titleOf(run) {
  const late = run.lateness ? `, ${duration(Number.parseFloat(run.lateness) * 1000)} late` : "";
  const when = run.scheduledAt ? both(run.scheduledAt) : "";
  return `${when}: ${plain(bare(run.state))}, took ${duration(took(run))}${late}`;
}
