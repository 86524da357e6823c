/** Asks before something is done to many things, or something that can't be undone. */

import { h } from "../core/dom.js";
import { copyButton } from "./copying.js";
import { dialog } from "./messages.js";

/** @typedef {import("../core/dom.js").Child} Child */

/**
 * Asks whether something shall be done.
 *
 * @param {object} question
 * @param {string} question.title
 * @param {Child} question.words
 * @param {string} question.action
 * @param {string} question.command  that does it from a terminal
 * @param {boolean} [question.danger]
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, words, action, command, danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    dialog(title, (close) => {
      /** @param {SubmitEvent} event */
      const agree = (event) => {
        event.preventDefault();
        answer = true;
        close();
      };
      return h(
        "form",
        { onsubmit: agree },
        h("div", null, words),
        h(
          "div",
          { class: "actions" },
          h("button", { class: danger ? "danger" : "main", type: "submit" }, action),
          h("button", { type: "button", onclick: close }, "Leave it"),
          copyButton("Copy as curl", () => command),
        ),
      );
    });
    document.querySelector("dialog[open]")?.addEventListener("close", () => resolve(answer));
  });
}
