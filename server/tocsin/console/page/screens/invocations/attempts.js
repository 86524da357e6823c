/** The attempts of an invocation on a line of time. */

import { h, svg } from "../../core/dom.js";
import { between, both, clock, duration, moment } from "../../core/times.js";

/** @typedef {import("../../core/messages.js").Invocation} Invocation */
/** @typedef {import("../../core/messages.js").Attempt} Attempt */

const WIDTH = 640;

/** @param {Invocation} invocation */
export function attempts({ attempts: made = [], scheduledAt, createdAt }) {
  if (made.length === 0) return null;
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Attempts"),
    line(made, Date.parse(scheduledAt ?? createdAt ?? made[0]?.startedAt ?? "")),
    h(
      "div",
      { class: "table-box", tabindex: "0", role: "region", "aria-label": "Attempts" },
      h(
        "table",
        null,
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            ["", "Began", "Took", "Result"].map((words) =>
              h("th", { scope: "col" }, words || h("span", { class: "unseen" }, "Number")),
            ),
          ),
        ),
        h("tbody", null, made.map(row)),
      ),
    ),
  );
}

/** @param {Attempt} attempt */
function toneOf({ finishedAt, error, kind }) {
  if (!finishedAt) return "busy";
  if (error) return "bad";
  return kind === "KIND_DEAD_LETTER" ? "dead" : "good";
}

/** @param {Attempt} attempt */
function lengthOf({ startedAt, finishedAt }) {
  return finishedAt ? between(startedAt, finishedAt) : Math.max(0, clock() - Date.parse(startedAt));
}

/** @param {Attempt} attempt */
function resultOf({ finishedAt, error, kind, httpStatus }) {
  if (!finishedAt) return "under way";
  if (error) return `${httpStatus ? `HTTP ${httpStatus}: ` : ""}${error}`;
  return kind === "KIND_DEAD_LETTER" ? "is in the dead letter queue" : "succeeded";
}

/** @param {Attempt} attempt */
function row(attempt) {
  const { kind, number, startedAt } = attempt;
  return h(
    "tr",
    null,
    h("td", { class: "tight" }, kind === "KIND_DEAD_LETTER" ? "to the queue" : `call ${number}`),
    h("td", { class: "tight" }, moment(startedAt)),
    h("td", { class: "number tight" }, duration(lengthOf(attempt))),
    h(
      "td",
      { "data-tone": toneOf(attempt) },
      h("span", { class: "badge", "data-tone": toneOf(attempt) }, resultOf(attempt)),
    ),
  );
}

/**
 * @param {Attempt[]} made
 * @param {number} nominal  the instant that it was scheduled for
 */
function line(made, nominal) {
  const ends = made.map((each) => Date.parse(each.startedAt) + lengthOf(each));
  const first = Math.min(nominal, ...made.map((each) => Date.parse(each.startedAt)));
  const span = Math.max(...ends) - first || 1;
  const x = (/** @type {number} */ at) => 6 + ((at - first) / span) * (WIDTH - 12);
  return h(
    "div",
    null,
    svg(
      "svg",
      {
        class: "plot",
        viewBox: `0 0 ${WIDTH} 32`,
        role: "img",
        "aria-label": `${made.length} attempts over ${duration(span)}`,
      },
      svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: 16, y2: 16 }),
      svg(
        "line",
        { class: "nominal", x1: x(nominal), x2: x(nominal), y1: 2, y2: 30 },
        svg("title", null, `Scheduled for ${both(new Date(nominal).toISOString())}`),
      ),
      made.map((each) =>
        svg(
          "rect",
          {
            class: "bar-mark",
            "data-tone": toneOf(each),
            x: x(Date.parse(each.startedAt)),
            y: 8,
            width: Math.max(
              5,
              x(Date.parse(each.startedAt) + lengthOf(each)) - x(Date.parse(each.startedAt)),
            ),
            height: 16,
            rx: 2,
          },
          svg("title", null, `${both(each.startedAt)}: ${resultOf(each)}`),
        ),
      ),
    ),
    h("div", { class: "ends soft" }, h("span", null, "scheduled"), h("span", null, `+ ${duration(span)}`)),
  );
}
