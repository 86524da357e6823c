/** How a trigger's source stands, and the batch that is filling. */

import { get } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { moment } from "../../core/times.js";
import { counted, plain } from "../../core/words.js";
import { watch } from "../../core/watch.js";
import { one } from "../../parts/lists.js";
import { trouble } from "../../parts/messages.js";

/** @param {import("../../core/messages.js").Trigger} trigger */
export function intake(trigger) {
  const path = `tocsin/v1/triggers/${encodeURIComponent(trigger.id)}/intake`;
  const read = one((signal) => get(path, {}, signal));
  watch(
    { topics: ["TOPIC_TRIGGERS", "TOPIC_INVOCATIONS", "TOPIC_INTAKES"], triggerId: trigger.id },
    (change) => {
      if (change.intakes) read.again();
    },
  );
  return h("section", { class: "card" }, h("h2", null, "Its source"), () => {
    if (read.error.value) return trouble(read.error.value, read.again);
    return read.value.value ? facts(read.value.value) : null;
  });
}

/**
 * Writes each field of the answer, whatever it is: new kinds of source have new ones.
 *
 * @param {Record<string, any>} found
 */
function facts(found) {
  const known = Object.entries(found).filter(([name]) => !["triggerId", "folderId"].includes(name));
  return h(
    "dl",
    { class: "facts" },
    known.map(([name, value]) => [h("dt", null, spaced(name)), h("dd", null, shown(value))]),
  );
}

/** @param {string} name */
function spaced(name) {
  const words = name.replace(/([A-Z])/g, " $1").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {unknown} value
 * @returns {import("../../core/dom.js").Child}
 */
function shown(value) {
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return moment(value);
  if (typeof value === "string" && /^\d+$/.test(value)) return counted(value);
  if (typeof value === "string" && /^[A-Z]+_[A-Z_]+$/.test(value))
    return plain(value.replace(/^[A-Z]+_/, ""));
  if (typeof value === "object" && value !== null) return h("code", null, JSON.stringify(value));
  return String(value);
}
