/** When a timer fires next. */

import { getLinted } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { fromNow, moment } from "../../core/times.js";
import { watch } from "../../core/watch.js";
import { one } from "../../parts/lists.js";
import { surprises, trouble } from "../../parts/messages.js";

/** @param {import("../../core/messages.js").Trigger} trigger */
export function nextFires(trigger) {
  const path = `tocsin/v1/triggers/${encodeURIComponent(trigger.id)}/nextFireTimes`;
  const read = one((signal) => getLinted(path, { count: 10 }, signal));
  watch(
    { topics: ["TOPIC_TRIGGERS", "TOPIC_INVOCATIONS", "TOPIC_INTAKES"], triggerId: trigger.id },
    (change) => {
      if (change.triggers) read.again();
    },
  );
  return h("section", { class: "card" }, h("h2", null, "Next fires"), () => {
    if (read.error.value) return trouble(read.error.value, read.again);
    const { answer, lint } = read.value.value ?? { answer: null, lint: [] };
    const times = /** @type {string[]} */ (answer?.fireTimes ?? []);
    if (answer && times.length === 0)
      return h("p", null, "It fires no more: its cron expression has no time left.");
    return [
      surprises(lint),
      answer?.paused
        ? h("p", { class: "hint" }, "It is paused. It would fire then if it were resumed.")
        : null,
      h(
        "table",
        null,
        h(
          "tbody",
          null,
          times.map((at) =>
            h("tr", null, h("td", null, moment(at)), h("td", { class: "number" }, fromNow(at))),
          ),
        ),
      ),
    ];
  });
}
