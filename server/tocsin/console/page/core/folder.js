/** Keeps the folder whose triggers are shown, from one visit to the next. */

import { go, here } from "./router.js";
import { effect, signal, untracked } from "./signals.js";

const REMEMBERED = "tocsin.folder";

/** The id of the folder; empty until one is chosen or found. */
export const folder = signal(here().query["folder"] ?? localStorage.getItem(REMEMBERED) ?? "");

effect(() => {
  const linked = here().query["folder"];
  if (linked !== undefined) untracked(() => choose(linked));
});

/**
 * Shows another folder.
 *
 * @param {string} id
 */
export function choose(id) {
  folder.value = id;
  localStorage.setItem(REMEMBERED, id);
}

/** Screens that show another folder as they show this one. */
const LISTS = ["triggers", "invocations", "dead-letters", "test-event"];

/**
 * Shows another folder: on the same screen, if it is of a folder.
 *
 * @param {string} id
 */
export function move(id) {
  choose(id);
  const { path, query } = here();
  const [first] = path;
  if (first === undefined && query["folder"] === undefined) return;
  go(path.length === 1 && first && LISTS.includes(first) ? path : ["triggers"]);
}
