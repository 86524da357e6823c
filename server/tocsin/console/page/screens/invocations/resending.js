/** Sends an invocation again with another payload, and shows the difference. */

import { post } from "../../core/api.js";
import { curl } from "../../core/curl.js";
import { h } from "../../core/dom.js";
import { go } from "../../core/router.js";
import { signal } from "../../core/signals.js";
import { base64Of, jsonOf, pretty, requestId, textOf } from "../../core/words.js";
import { copyButton } from "../../parts/copying.js";
import { differences } from "../../parts/differences.js";
import { say, trouble } from "../../parts/messages.js";

/** @typedef {import("../../core/messages.js").Invocation} Invocation */

/** @param {Invocation} invocation */
export function resending(invocation) {
  const text = textOf(invocation.payload);
  if (text === null || (invocation.leftOut ?? []).includes("payload")) return null;
  const of = invocation.integration ? parametersOf(text) : { before: pretty(text), body: bytes };
  if (!of) return null;
  const { before, body } = of;
  const edited = signal(before);
  const error = signal(/** @type {unknown} */ (null));
  const path = `tocsin/v1/invocations/${encodeURIComponent(invocation.id)}:resend`;
  // What was not changed goes as it came, to the byte.
  const sent = () => (edited.peek() === before ? {} : body(edited.peek()));
  const send = async () => {
    error.value = null;
    try {
      const once = invocation.integration ? {} : { requestId: requestId() };
      const answer = await post(path, { ...sent(), ...once });
      say("It is sent again, as a new invocation.");
      go(["invocations", answer.invocation.id]);
    } catch (caught) {
      error.value = caught;
    }
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void send();
  };
  const type = (/** @type {Event} */ event) =>
    (edited.value = /** @type {HTMLTextAreaElement} */ (event.target).value);
  return h(
    "details",
    { class: "card" },
    h("summary", null, "Send again with changes"),
    h(
      "form",
      { class: "editing", onsubmit: submit },
      h(
        "label",
        { class: "field" },
        h("span", null, invocation.integration ? "Input parameters, as JSON" : "Payload"),
        h("textarea", { rows: 14, spellcheck: "false", value: before, oninput: type }),
      ),
      () =>
        edited.value === before
          ? h("p", { class: "soft" }, "Nothing is changed yet.")
          : differences(before, edited.value),
      () => (error.value ? trouble(error.value) : null),
      h(
        "div",
        { class: "actions" },
        h("button", { class: "main", type: "submit" }, "Send it"),
        copyButton("Copy as curl", () => curl("POST", path, sent())),
      ),
    ),
  );
}

/** @param {string} text */
function bytes(text) {
  return { body: base64Of(text) };
}

/**
 * Returns the parameters of an execution as they are edited: its payload has more than these.
 *
 * @param {string} payload
 */
function parametersOf(payload) {
  try {
    const parameters = JSON.parse(payload).parameters ?? {};
    const before = JSON.stringify(parameters, null, 2);
    return { before, body: (/** @type {string} */ text) => ({ parameters: jsonOf(text) }) };
  } catch {
    return null;
  }
}
