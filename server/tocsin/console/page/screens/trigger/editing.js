/** Changes a trigger as a document. */

import { call } from "../../core/api.js";
import { curl } from "../../core/curl.js";
import { h } from "../../core/dom.js";
import { go } from "../../core/router.js";
import { signal } from "../../core/signals.js";
import { copyButton } from "../../parts/copying.js";
import { ONE_ONLY, parsed, renderedAs } from "../../parts/documents.js";
import { editor } from "../../parts/editor.js";
import { one } from "../../parts/lists.js";
import { say, trouble } from "../../parts/messages.js";
import { mutate } from "../../parts/operations.js";

/** @typedef {import("../../core/messages.js").Trigger} Trigger */

/** What an update may change. */
const CHANGEABLE = /** @type {const} */ (["name", "description", "labels", "rule"]);

/**
 * @param {Trigger} trigger
 * @param {() => void} again
 */
export function editing(trigger, again) {
  const read = one(() => renderedAs(trigger, "yaml"));
  return h("section", { class: "card" }, h("h2", null, "Edit"), () => {
    if (read.error.value) return trouble(read.error.value, read.again);
    return read.value.value === null ? h("p", null, "Reading …") : form(trigger, read.value.value, again);
  });
}

/**
 * @param {Trigger} trigger
 * @param {string} text
 * @param {() => void} again
 */
function form(trigger, text, again) {
  const edited = editor({ label: "The trigger as YAML", text });
  const error = signal(/** @type {unknown} */ (null));
  /** Returns the trigger that is written; null if something is wrong there, which is shown. */
  const read = async () => {
    edited.wrong.value = [];
    const { triggers, violations } = await parsed(edited.text(), trigger.folderId);
    edited.wrong.value = violations;
    if (violations.length > 0) return null;
    if (triggers.length > 1) throw new Error(ONE_ONLY);
    return triggers[0] ?? null;
  };
  const save = async () => {
    error.value = null;
    try {
      const written = await read();
      if (!written) return;
      const changed = await update(trigger, written);
      say(changed.length > 0 ? `Changed: ${changed.join(", ")}.` : "Nothing was changed.");
      again();
      go(["triggers", trigger.id]);
    } catch (caught) {
      error.value = caught;
    }
  };
  const command = async () => {
    const written = await read();
    if (!written) throw new Error("Mend what is wrong first.");
    const changed = different(trigger, written);
    if (changed.length === 0) throw new Error("Nothing is changed yet.");
    return curl("PATCH", pathOf(trigger), changes(written, changed));
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void save();
  };
  return h(
    "form",
    { class: "editing", onsubmit: submit },
    edited.node,
    () => (error.value ? trouble(error.value) : null),
    h(
      "div",
      { class: "actions" },
      h("button", { class: "main", type: "submit" }, "Save"),
      copyButton("Copy as curl", command),
    ),
  );
}

/** @param {Trigger} trigger */
function pathOf({ id }) {
  return `triggers/v1/triggers/${encodeURIComponent(id)}`;
}

/**
 * @param {Trigger} that
 * @param {Trigger} other
 */
function different(that, other) {
  return CHANGEABLE.filter((name) => JSON.stringify(that[name]) !== JSON.stringify(other[name]));
}

/**
 * Returns the request of an update.
 *
 * @param {Trigger} after
 * @param {readonly string[]} changed
 */
function changes({ name, description, labels, rule }, changed) {
  return { updateMask: changed.join(","), name, description, labels, rule };
}

/**
 * Changes what the reader changed, and nothing else: somebody else may have changed the trigger since.
 *
 * @param {Trigger} before  as it was when the form was shown
 * @param {Trigger} after
 * @throws {Error}  if somebody else has changed the same
 */
async function update(before, after) {
  const path = pathOf(before);
  const fresh = /** @type {Trigger} */ (await call("GET", path));
  const meanwhile = different(before, fresh);
  /** @type {string[]} */
  const changed = different(before, after).filter((name) => different(fresh, after).includes(name));
  const both = changed.filter((name) => meanwhile.some((each) => each === name));
  if (both.length > 0) {
    throw new Error(
      `Somebody else has changed the ${both.join(" and the ")} since you began. Copy your text, and begin with "Edit" anew.`,
    );
  }
  if (changed.length > 0) await mutate("PATCH", path, changes(after, changed));
  const [was, is] = [before.status === "PAUSED", after.status === "PAUSED"];
  if (was !== is && is !== (fresh.status === "PAUSED")) {
    await mutate("POST", `${path}:${is ? "pause" : "resume"}`, {});
    changed.push(is ? "paused" : "resumed");
  }
  return changed;
}
