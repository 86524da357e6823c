/** Chooses the project and location whose integrations are shown. */

import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { effect, signal, untracked } from "../core/signals.js";
import { one } from "./lists.js";

const REMEMBERED = "tocsin.location";

/** `projects/P/locations/L`; empty until one is chosen or found. */
export const place = signal(localStorage.getItem(REMEMBERED) ?? "");

/** @param {string} name */
function choose(name) {
  place.value = name;
  localStorage.setItem(REMEMBERED, name);
}

/** The locations that the reader may see. */
export function locationField() {
  const read = one(async (ended) => {
    const answer = await get("tocsin/v1/locations", {}, ended);
    return (answer.locations ?? []).map((/** @type {{ name: string }} */ each) => each.name);
  });
  effect(() => {
    const first = read.value.value?.[0];
    if (first && !place.peek()) untracked(() => choose(first));
  });
  const change = (/** @type {Event} */ event) =>
    choose(/** @type {HTMLSelectElement} */ (event.target).value);
  return h("label", { class: "field" }, h("span", null, "Project and location"), () => {
    const found = /** @type {string[]} */ (read.value.value ?? []);
    const names = place.value && !found.includes(place.value) ? [place.value, ...found] : found;
    return h(
      "select",
      { onchange: change },
      names.length === 0 ? h("option", { value: "" }, "none yet") : null,
      names.map((name) => h("option", { value: name, selected: name === place.value }, name)),
    );
  });
}
