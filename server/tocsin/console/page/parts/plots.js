/** Draws numbers as SVG. Each picture says in words what it shows. */

import { h, svg } from "../core/dom.js";

/** @typedef {{ values: readonly number[], tone?: string, label: string }} Series */

const WIDTH = 440;
const HEIGHT = 140;
const LEFT = 44;
const BOTTOM = 20;

/**
 * Draws lines over time.
 *
 * @param {{ label: string, series: Series[], from: string, to: string, write?: (value: number) => string }} plot
 *   `from` and `to` are written below the ends; `write` writes a value
 */
export function linePlot({ label, series, from, to, write = String }) {
  const most = nice(Math.max(...series.flatMap((each) => each.values), 0));
  const number = Math.max(...series.map((each) => each.values.length), 2);
  const x = (/** @type {number} */ index) => LEFT + (index / (number - 1)) * (WIDTH - LEFT);
  const y = (/** @type {number} */ value) => 8 + (1 - value / most) * (HEIGHT - BOTTOM - 8);
  return h(
    "figure",
    null,
    svg(
      "svg",
      { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
      [0, 0.5, 1].map((share) => [
        svg("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(share * most), y2: y(share * most) }),
        svg("text", { x: LEFT - 6, y: y(share * most) + 4, "text-anchor": "end" }, write(share * most)),
      ]),
      svg("text", { x: LEFT, y: HEIGHT - 4 }, from),
      svg("text", { x: WIDTH, y: HEIGHT - 4, "text-anchor": "end" }, to),
      series.map((each) => drawn(each, x, y)),
    ),
    series.length > 1
      ? h(
          "figcaption",
          { class: "actions" },
          series.map((each) => h("span", { class: "badge", "data-tone": each.tone }, each.label)),
        )
      : null,
  );
}

/**
 * @param {Series} series
 * @param {(index: number) => number} x
 * @param {(value: number) => number} y
 */
function drawn({ values, tone, label }, x, y) {
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const end = x(values.length - 1).toFixed(1);
  return svg(
    "g",
    { "data-tone": tone },
    svg("title", null, label),
    svg("polygon", { class: "area", points: `${LEFT},${y(0)} ${points} ${end},${y(0)}` }),
    svg("polyline", { class: "line", points }),
  );
}

/**
 * Returns a round number that is not below a value, for the top of a plot. Half of it is whole if the
 * value is, since there is no half an invocation.
 *
 * @param {number} value
 */
function nice(value) {
  if (value <= 0) return 2;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [2, 4, 6, 10].find((each) => each * power >= value) ?? 10;
  return step * power;
}

/**
 * Draws how much there is in each minute of so many hours: a row an hour, a column a minute.
 *
 * @param {{ label: string, hours: { name: string, minutes: readonly number[] }[], write: (count: number, minute: number) => string }} map
 *   `write` gets the minute's number from the first row's first on
 */
export function heatMap({ label, hours, write }) {
  const cell = 9;
  const left = 12 + 6 * Math.max(12, ...hours.map((each) => each.name.length));
  const most = Math.max(1, ...hours.flatMap((each) => each.minutes));
  const width = left + 60 * cell;
  const height = hours.length * (cell + 3) + 18;
  // Of most minutes there is nothing to say, and one shape for all of a row is drawn in no time.
  const empty = Array.from(
    { length: 60 },
    (_, minute) => `M${left + minute * cell} 0h${cell - 1}v${cell}h${1 - cell}z`,
  );
  return h(
    "figure",
    { class: "heat" },
    svg(
      "svg",
      { class: "plot", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      [0, 15, 30, 45].map((minute) =>
        svg("text", { x: left + minute * cell, y: 10 }, `:${String(minute).padStart(2, "0")}`),
      ),
      hours.map((hour, row) => [
        svg("text", { x: left - 6, y: 18 + row * (cell + 3) + cell - 1, "text-anchor": "end" }, hour.name),
        svg("path", {
          transform: `translate(0 ${18 + row * (cell + 3)})`,
          d: empty.slice(0, hour.minutes.length).join(""),
        }),
        hour.minutes.map((count, minute) =>
          count === 0
            ? null
            : svg(
                "rect",
                {
                  x: left + minute * cell,
                  y: 18 + row * (cell + 3),
                  width: cell - 1,
                  height: cell,
                  // The eye sees ratios, and a herd must not hide the single ones.
                  opacity: (0.25 + 0.75 * (Math.log1p(count) / Math.log1p(most))).toFixed(2),
                },
                svg("title", null, write(count, row * 60 + minute)),
              ),
        ),
      ]),
    ),
  );
}

/**
 * Draws the last runs of something as bars: how long each took, and how it ended.
 *
 * @param {{ label: string, runs: { value: number, tone: string, href: string, title: string }[] }} strip
 *   the oldest run first
 */
export function runStrip({ label, runs }) {
  const most = Math.max(1, ...runs.map((each) => each.value));
  const width = 12;
  return svg(
    "svg",
    {
      class: "plot",
      viewBox: `0 0 ${Math.max(runs.length, 40) * width} 60`,
      role: "group",
      "aria-label": label,
    },
    svg("line", { class: "grid", x1: 0, x2: Math.max(runs.length, 40) * width, y1: 59.5, y2: 59.5 }),
    runs.map((run, index) => {
      const height = 4 + 52 * (run.value / most);
      return svg(
        "a",
        { href: run.href, "aria-label": run.title },
        svg(
          "rect",
          {
            class: "bar-mark",
            "data-tone": run.tone,
            x: index * width + 1,
            y: 59 - height,
            width: width - 3,
            height,
            rx: 1.5,
          },
          svg("title", null, run.title),
        ),
      );
    }),
  );
}
