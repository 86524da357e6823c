/** Keys for people who would rather not take their hands off them. */

import { onCleanup } from "./signals.js";

/** @typedef {{ key: string, does: string, run: (event: KeyboardEvent) => void }} Shortcut */

/** @type {Shortcut[]} */
const known = [];

/**
 * Binds a key for as long as the effect around lives; it does nothing while somebody types.
 *
 * @param {string} key  as in `KeyboardEvent.key`
 * @param {string} does  what it does, in words
 * @param {(event: KeyboardEvent) => void} run
 */
export function shortcut(key, does, run) {
  const made = { key, does, run };
  known.push(made);
  onCleanup(() => {
    known.splice(known.indexOf(made), 1);
  });
}

/** Returns the keys that do something here, for the list that `?` shows. */
export function shortcuts() {
  return [...new Map(known.map((each) => [each.key, each])).values()];
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  // Enter on a link or a button is theirs.
  if (event.key === "Enter" && focusable(event.target)) return;
  const found = known.findLast((each) => each.key === event.key);
  if (!found) return;
  event.preventDefault();
  found.run(event);
});

/** @param {EventTarget | null} target */
function focusable(target) {
  return target instanceof Element && target.matches("a, button, summary");
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}
