/** Changes a trigger as a document. */

import { call } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { go } from "../../core/router.js";
import { signal } from "../../core/signals.js";
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
  const save = async () => {
    error.value = null;
    edited.wrong.value = [];
    try {
      const { triggers, violations } = await parsed(edited.text(), trigger.folderId);
      edited.wrong.value = violations;
      if (violations.length > 0 || !triggers[0]) return;
      if (triggers.length > 1) throw new Error(ONE_ONLY);
      const changed = await update(trigger, triggers[0]);
      say(changed.length > 0 ? `Changed: ${changed.join(", ")}.` : "Nothing was changed.");
      again();
      go(["triggers", trigger.id]);
    } catch (caught) {
      error.value = caught;
    }
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
    h("div", { class: "actions" }, h("button", { class: "main", type: "submit" }, "Save")),
  );
}

/**
 * Changes what the reader changed, and nothing else: somebody else may have changed the trigger since.
 *
 * @param {Trigger} before  as it was when the form was shown
 * @param {Trigger} after
 * @throws {Error}  if somebody else has changed the same
 */
async function update(before, after) {
  const path = `triggers/v1/triggers/${encodeURIComponent(before.id)}`;
  const fresh = /** @type {Trigger} */ (await call("GET", path));
  const differ = (/** @type {Trigger} */ that, /** @type {Trigger} */ other) =>
    CHANGEABLE.filter((name) => JSON.stringify(that[name]) !== JSON.stringify(other[name]));
  const meanwhile = differ(before, fresh);
  /** @type {string[]} */
  const changed = differ(before, after).filter((name) => differ(fresh, after).includes(name));
  const both = changed.filter((name) => meanwhile.some((each) => each === name));
  if (both.length > 0) {
    throw new Error(
      `Somebody else has changed the ${both.join(" and the ")} since you began. Copy your text, and begin with "Edit" anew.`,
    );
  }
  if (changed.length > 0) {
    const { name, description, labels, rule } = after;
    await mutate("PATCH", path, { updateMask: changed.join(","), name, description, labels, rule });
  }
  const [was, is] = [before.status === "PAUSED", after.status === "PAUSED"];
  if (was !== is && is !== (fresh.status === "PAUSED")) {
    await mutate("POST", `${path}:${is ? "pause" : "resume"}`, {});
    changed.push(is ? "paused" : "resumed");
  }
  return changed;
}
