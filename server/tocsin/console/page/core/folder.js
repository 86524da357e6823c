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

/**
 * Shows another folder, from the first page of its triggers.
 *
 * @param {string} id
 */
export function move(id) {
  choose(id);
  if (here().path[0] !== undefined || here().query["folder"] !== undefined) go(["triggers"]);
}
