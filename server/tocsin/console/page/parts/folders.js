/** Chooses the folder whose triggers are shown. */

import { get } from "../core/api.js";
import { each, h } from "../core/dom.js";
import { folder, move, choose } from "../core/folder.js";
import { here } from "../core/router.js";
import { effect, signal, untracked } from "../core/signals.js";
import { counted } from "../core/words.js";
import { foot, one, paged } from "./lists.js";
import { dialog } from "./messages.js";

/** @typedef {{ id: string, triggers?: { count?: string, atLeast?: boolean } }} Folder */
/** @typedef {{ folders?: Folder[], nextPageToken?: string }} Answer */

const PATH = "tocsin/v1/folders";
/** As many as one finds one's way in without a search. */
const FEW = 100;
/** Milliseconds after the last key until the search begins. */
const PAUSE = 200;

/** The folders that the reader may see, and how many triggers are in each. */
export function folderPicker() {
  const read = one((ended) => /** @type {Promise<Answer>} */ (get(PATH, { pageSize: FEW }, ended)));
  let at = here().path.join("/");
  effect(() => {
    // Somebody has made or deleted something since the last screen, perhaps.
    const now = here().path.join("/");
    if (now !== at) untracked(read.again);
    at = now;
  });
  effect(() => {
    const first = read.value.value?.folders?.[0];
    if (first && !folder.peek()) untracked(() => choose(first.id));
  });
  return () => {
    const { folders = [], nextPageToken } = read.value.value ?? {};
    return nextPageToken ? searched() : listed(folders);
  };
}

/** @param {Folder[]} folders */
function listed(folders) {
  const change = (/** @type {Event} */ event) => move(/** @type {HTMLSelectElement} */ (event.target).value);
  return h("label", { class: "actions" }, h("span", { class: "soft" }, "Folder"), () => {
    const chosen = folder.value;
    const missing = chosen && !folders.some(({ id }) => id === chosen);
    return h(
      "select",
      { onchange: change },
      missing ? h("option", { value: chosen, selected: true }, chosen) : null,
      !chosen && folders.length === 0 ? h("option", { value: "" }, "none yet") : null,
      folders.map((found) => h("option", { value: found.id, selected: found.id === chosen }, words(found))),
    );
  });
}

/** @param {Folder} folder */
function words({ id, triggers }) {
  return `${id} (${counted(triggers?.count, triggers?.atLeast)})`;
}

function searched() {
  return h(
    "span",
    { class: "actions" },
    h("span", { class: "soft" }, "Folder"),
    h("button", { type: "button", onclick: search }, () => `${folder.value} …`),
  );
}

function search() {
  dialog("Choose a folder", (close) => {
    const prefix = signal("");
    const list = paged(async (token, ended) => {
      const query = { prefix: prefix.value, pageSize: FEW, pageToken: token };
      const answer = /** @type {Answer} */ (await get(PATH, query, ended));
      return { items: answer.folders ?? [], next: answer.nextPageToken ?? "" };
    });
    let waiting = 0;
    const typed = (/** @type {Event} */ event) => {
      const { value } = /** @type {HTMLInputElement} */ (event.target);
      clearTimeout(waiting);
      waiting = setTimeout(() => (prefix.value = value.trim()), PAUSE);
    };
    const take = (/** @type {string} */ id) => {
      close();
      move(id);
    };
    return [
      h(
        "label",
        { class: "field" },
        h("span", null, "Its id begins with"),
        h("input", { type: "search", autofocus: true, spellcheck: "false", oninput: typed }),
      ),
      h(
        "ul",
        { class: "choices", "aria-label": "Folders" },
        each(
          () => list.items.value,
          ({ id }) => id,
          (found) =>
            h(
              "li",
              null,
              h("button", { type: "button", class: "plain", onclick: () => take(found.peek().id) }, () =>
                words(found.value),
              ),
            ),
        ),
      ),
      foot(list, "folder"),
      h("div", { class: "actions" }, h("button", { type: "button", onclick: close }, "Leave it")),
    ];
  });
}
