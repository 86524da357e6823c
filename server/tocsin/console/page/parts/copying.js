/** Copies text, such as the command that does the same. */

import { h } from "../core/dom.js";
import { say } from "./messages.js";

/**
 * Makes a button that copies a text.
 *
 * @param {string} label
 * @param {() => string | Promise<string>} text
 */
export function copyButton(label, text) {
  const copy = async () => {
    const copied = await text();
    await navigator.clipboard.writeText(copied);
    say("Copied.");
  };
  return h(
    "button",
    { type: "button", class: "plain", onclick: () => void copy().catch(() => fallback(text)) },
    label,
  );
}

// Browsers let pages copy on https and on loopback alone; elsewhere the reader does it.
/** @param {() => string | Promise<string>} text */
async function fallback(text) {
  const { dialog } = await import("./messages.js");
  const shown = await text();
  dialog("Copy this", () => h("pre", { class: "code", tabindex: "0" }, shown));
}
