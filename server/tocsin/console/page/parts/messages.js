/** Tells the reader what happened, and opens dialogs. */

import { ApiError } from "../core/api.js";
import { append, h } from "../core/dom.js";
import { scope } from "../core/signals.js";

/** @typedef {import("../core/dom.js").Child} Child */

const toasts = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
document.body.append(toasts);

/**
 * Says something for some seconds.
 *
 * @param {...Child} words
 */
export function say(...words) {
  const toast = h("div", { class: "toast appears" }, ...words);
  // Beside an open dialog nothing is read aloud.
  (document.querySelector("dialog[open]") ?? document.body).append(toasts);
  toasts.append(toast);
  setTimeout(() => toast.remove(), 8000);
}

/**
 * Shows what went wrong, with the fields that the server named and the id of the request.
 *
 * @param {unknown} error
 * @param {() => void} [again]  tries it again
 */
export function trouble(error, again) {
  const known = error instanceof ApiError ? error : null;
  return h(
    "div",
    { class: "trouble", role: "alert" },
    h("p", null, error instanceof Error ? error.message : String(error)),
    known && known.violations.length > 0
      ? h(
          "ul",
          null,
          known.violations.map((each) => h("li", null, h("code", null, each.field), ` ${each.description}`)),
        )
      : null,
    known?.requestId ? h("small", null, `Request ${known.requestId}`) : null,
    again ? h("p", null, h("button", { type: "button", onclick: again }, "Try again")) : null,
  );
}

/**
 * Shows what the server says may surprise the reader, if it says something.
 *
 * @param {readonly string[]} lint
 */
export function surprises(lint) {
  if (lint.length === 0) return null;
  return h(
    "div",
    { class: "hint", role: "note" },
    lint.map((line) => h("p", null, line)),
  );
}

/**
 * Says in one line that an action failed.
 *
 * @param {unknown} error
 */
export function sayTrouble(error) {
  say(error instanceof Error ? error.message : String(error));
}

/**
 * Opens a dialog, and returns a function that closes it.
 *
 * @param {string} title
 * @param {(close: () => void) => Child} draw
 */
export function dialog(title, draw) {
  const heading = h("h2", { id: "dialog-title" }, title);
  const made = h("dialog", { "aria-labelledby": "dialog-title", class: "appears" }, heading);
  const close = () => made.close();
  const end = scope(() => append(made, [draw(close)]));
  // The way back leads away from what is asked about.
  addEventListener("hashchange", close);
  made.addEventListener("close", () => {
    removeEventListener("hashchange", close);
    if (made.contains(toasts)) document.body.append(toasts);
    made.remove();
    end();
  });
  document.body.append(made);
  made.showModal();
  return close;
}

/**
 * Teaches what to do where there is nothing yet.
 *
 * @param {string} title
 * @param {...Child} words
 */
export function empty(title, ...words) {
  return h("div", { class: "empty" }, h("h2", null, title), ...words);
}
