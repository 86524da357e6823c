/** Chooses the folder whose triggers are shown. */

import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { folder, move, choose } from "../core/folder.js";
import { here } from "../core/router.js";
import { effect, untracked } from "../core/signals.js";
import { counted } from "../core/words.js";
import { one } from "./lists.js";

/** @typedef {{ id: string, triggers?: { count?: string, atLeast?: boolean } }} Folder */

/** The folders that the reader may see, and how many triggers are in each. */
export function folderPicker() {
  const read = one(async (signal) => {
    const answer = await get("tocsin/v1/folders", { pageSize: 1000 }, signal);
    return /** @type {Folder[]} */ (answer.folders ?? []);
  });
  let at = here().path.join("/");
  effect(() => {
    // Somebody has made or deleted something since the last screen, perhaps.
    const now = here().path.join("/");
    if (now !== at) untracked(read.again);
    at = now;
  });
  effect(() => {
    const first = read.value.value?.[0];
    if (first && !folder.peek()) untracked(() => choose(first.id));
  });
  const change = (/** @type {Event} */ event) => move(/** @type {HTMLSelectElement} */ (event.target).value);
  return h("label", { class: "actions" }, h("span", { class: "soft" }, "Folder"), () => {
    const folders = read.value.value ?? [];
    const chosen = folder.value;
    const missing = chosen && !folders.some((each) => each.id === chosen);
    return h(
      "select",
      { onchange: change },
      missing ? h("option", { value: chosen, selected: true }, chosen) : null,
      !chosen && folders.length === 0 ? h("option", { value: "" }, "none yet") : null,
      folders.map((each) =>
        h(
          "option",
          { value: each.id, selected: each.id === chosen },
          `${each.id} (${counted(each.triggers?.count, each.triggers?.atLeast)})`,
        ),
      ),
    );
  });
}
