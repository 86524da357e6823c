/** Copies text, such as the command that does the same. */

import { h } from "../core/dom.js";
import { dialog, say, sayTrouble } from "./messages.js";

/**
 * Makes a button that copies a text.
 *
 * @param {string} label
 * @param {() => string | Promise<string>} text
 */
export function copyButton(label, text) {
  const copy = async () => {
    const copied = await text();
    try {
      await navigator.clipboard.writeText(copied);
      say("Copied.");
    } catch {
      fallback(copied);
    }
  };
  return h("button", { type: "button", class: "plain", onclick: () => void copy().catch(sayTrouble) }, label);
}

// Browsers let pages copy on https and on loopback alone; elsewhere the reader does it.
/** @param {string} text */
function fallback(text) {
  dialog("Copy this", (close) => [
    h("pre", { class: "code", tabindex: "0" }, text),
    h("div", { class: "actions" }, h("button", { type: "button", class: "main", onclick: close }, "Close")),
  ]);
}
