/** Fires a trigger by hand. */

import { post } from "../../core/api.js";
import { curl } from "../../core/curl.js";
import { h } from "../../core/dom.js";
import { go } from "../../core/router.js";
import { signal } from "../../core/signals.js";
import { copyButton } from "../../parts/copying.js";
import { kindName, ruleOf } from "../../parts/kinds.js";
import { say, trouble } from "../../parts/messages.js";
import { jsonOf, requestId } from "../../core/words.js";
import { templateOf } from "../../parts/events.js";

/** @param {import("../../core/messages.js").Trigger} trigger */
export function firing(trigger) {
  const [kind, rule] = ruleOf(trigger);
  const timer = kind === "timer";
  const first = timer ? String(rule["payload"] ?? "") : JSON.stringify(templateOf(kind, rule), null, 2);
  const editor = h("textarea", { id: "payload", rows: timer ? 4 : 16, spellcheck: "false", value: first });
  const error = signal(/** @type {unknown} */ (null));
  const path = `tocsin/v1/triggers/${encodeURIComponent(trigger.id)}:fire`;
  const body = () => (timer ? { payload: editor.value } : { json: jsonOf(editor.value) });
  const fire = async () => {
    error.value = null;
    try {
      const answer = await post(path, { ...body(), requestId: requestId() });
      say("Fired.");
      go(["invocations", answer.invocations[0].id]);
    } catch (caught) {
      error.value = caught;
    }
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void fire();
  };
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Fire now"),
    h("p", { class: "soft" }, words(kind, timer)),
    h(
      "form",
      { class: "editing", onsubmit: submit },
      h(
        "label",
        { class: "field" },
        h("span", null, timer ? "Payload of the tick" : "Body, as JSON"),
        editor,
      ),
      h(
        "div",
        { class: "actions" },
        h("button", { class: "main", type: "submit" }, "Fire"),
        copyButton("Copy as curl", () => curl("POST", path, body())),
      ),
      () => (error.value ? trouble(error.value) : null),
    ),
  );
}

/**
 * @param {string} kind
 * @param {boolean} timer
 */
function words(kind, timer) {
  return timer
    ? "The target gets what it gets at a tick, with this payload. A pause does not stop it."
    : `The target gets this body, unchanged; it begins as the messages of a trigger of the kind "${kindName(kind)}" look. A pause does not stop it.`;
}
