/** The nodes that do the work. */

import { h } from "../../core/dom.js";
import { duration, fromNow, milliseconds, moment } from "../../core/times.js";
import { counted } from "../../core/words.js";
import { table } from "../../parts/table.js";

/** @typedef {import("../../core/messages.js").Node} Node */

/** @param {Node[]} found */
export function nodes(found) {
  if (found.length === 0) return null;
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Nodes"),
    table({
      label: "Nodes",
      rows: () => found,
      key: (row) => row.name,
      columns: [
        {
          title: "Name",
          cell: (row) => [h("code", null, row.name), h("div", { class: "soft" }, row.host ?? "")],
        },
        { title: "Version", class: "tight", cell: (row) => row.version ?? "" },
        { title: "Since", class: "tight", cell: (row) => moment(row.since) },
        { title: "Seen", class: "tight", cell: seen },
        { title: "Share", class: "number tight", cell: (row) => `${Math.round(100 * (row.share ?? 0))} %` },
        { title: "Claims a minute", class: "number tight", cell: (row) => counted(row.claims) },
        { title: "Under way", class: "number tight", cell: (row) => counted(row.underWay) },
        { title: "Clock", class: "number tight", cell: skew },
      ],
    }),
  );
}

/** @param {Node} node */
function seen({ seenAt, lost }) {
  const tone = lost ? "bad" : "good";
  return h("span", { class: "badge", "data-tone": tone }, lost ? "lost, " : "", fromNow(seenAt));
}

/** @param {Node} node */
function skew({ clockBehind }) {
  if (!clockBehind) return "–";
  const behind = milliseconds(clockBehind);
  return Math.abs(behind) < 1 ? "exact" : `${duration(Math.abs(behind))} ${behind > 0 ? "behind" : "ahead"}`;
}
