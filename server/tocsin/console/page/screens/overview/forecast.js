/** What fires in the next 24 hours, minute by minute. */

import { h } from "../../core/dom.js";
import { many } from "../../core/words.js";
import { heatMap } from "../../parts/plots.js";

const minuteName = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
});

/** @param {import("../../core/messages.js").Overview["forecast"]} forecast */
export function forecast({ start, minutes = [], atLeast, timers, schedules } = {}) {
  if (!start || minutes.every((each) => Number(each) === 0)) {
    return h(
      "p",
      { class: "soft" },
      "Nothing that is known: no timer, no schedule, nothing that waits for its instant.",
    );
  }
  const begin = new Date(start);
  // Rows begin with full hours where the reader is, so that the herd at :00 stands in one column.
  const before = begin.getMinutes();
  const cells = [...Array(before).fill(0), ...minutes.map(Number)];
  // By its instant: where clocks are set back or forward, hours are not one after the other.
  const nameOf = (/** @type {number} */ minute) =>
    minuteName.format(new Date(begin.getTime() + (minute - before) * 60_000));
  const hours = [];
  for (let first = 0; first < cells.length; first += 60) {
    hours.push({ name: nameOf(first), minutes: cells.slice(first, first + 60) });
  }
  const total = minutes.reduce((sum, each) => sum + Number(each), 0);
  const fullest = Math.max(...minutes.map(Number));
  const words = `${many(total, "time", atLeast)} in 24 hours, at most ${fullest} in one minute`;
  return [
    heatMap({
      label: `What fires, by hour and minute: ${words}`,
      hours,
      write: (count, minute) => `${nameOf(minute)}: ${many(count, "time")}`,
    }),
    h(
      "p",
      { class: "soft" },
      `${words}. A row is an hour, a column a minute. From ${many(Number(timers ?? 0), "timer")}, ` +
        `${many(Number(schedules ?? 0), "schedule")} and what waits for its instant.`,
    ),
  ];
}
