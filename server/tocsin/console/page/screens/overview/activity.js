/** What ended in the last hour, and how late it began. */

import { h } from "../../core/dom.js";
import { duration, milliseconds } from "../../core/times.js";
import { linePlot } from "../../parts/plots.js";

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});

/** @param {import("../../core/messages.js").Overview["activity"]} activity */
export function activity({ minutes = [] } = {}) {
  const first = minutes[0]?.start;
  const from = first ? clock.format(new Date(first)) : "";
  const bad = minutes.map((each) => Number(each.failed ?? 0) + Number(each.deadLettered ?? 0));
  return [
    h(
      "section",
      { class: "card" },
      h("h2", null, "Ended in the last hour, by minute"),
      linePlot({
        label: "Invocations that ended in each minute of the last hour",
        from,
        to: "now",
        series: [
          { label: "succeeded", tone: "good", values: minutes.map((each) => Number(each.succeeded ?? 0)) },
          { label: "failed or dead-lettered", tone: "bad", values: bad },
        ],
      }),
    ),
    h(
      "section",
      { class: "card" },
      h("h2", null, "How late they began"),
      linePlot({
        label: "By how much the first call began after its instant, in each minute of the last hour",
        from,
        to: "now",
        write: (value) => duration(value, 1),
        series: [
          {
            label: "one in twenty is later",
            tone: "warn",
            values: minutes.map((each) => milliseconds(each.highLag)),
          },
          { label: "median", tone: "busy", values: minutes.map((each) => milliseconds(each.medianLag)) },
        ],
      }),
    ),
  ];
}
