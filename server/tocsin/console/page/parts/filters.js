/** Fields that narrow a list. What they say is in the address, so that it can be passed on. */

import { h } from "../core/dom.js";
import { ask, here } from "../core/router.js";
import { effect, onCleanup } from "../core/signals.js";

/**
 * Makes a field of text, which narrows the list when the typing pauses.
 *
 * @param {string} words
 * @param {string} name  of the parameter
 * @param {string} placeholder
 */
export function search(words, name, placeholder) {
  let typing = 0;
  onCleanup(() => clearTimeout(typing));
  // A link to this list, and the way back, change it too; what is being typed comes first.
  const asked = () => {
    const value = here().query[name] ?? "";
    return typing || input.value.trim() === value ? input.value : value;
  };
  const change = (/** @type {Event} */ event) => {
    clearTimeout(typing);
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    typing = setTimeout(() => {
      typing = 0;
      ask({ [name]: value.trim() });
    }, 300);
  };
  const input = h("input", { type: "search", placeholder, oninput: change });
  effect(() => {
    input.value = asked();
  });
  return h("label", { class: "field" }, h("span", null, words), input);
}

/**
 * Makes a choice.
 *
 * @param {string} words
 * @param {string} name  of the parameter
 * @param {readonly (readonly [value: string, words: string])[]} choices
 * @param {string} [first]  what holds until one is chosen
 */
export function select(words, name, choices, first = "") {
  const change = (/** @type {Event} */ event) =>
    ask({ [name]: /** @type {HTMLSelectElement} */ (event.target).value });
  return h(
    "label",
    { class: "field" },
    h("span", null, words),
    h(
      "select",
      { onchange: change },
      choices.map(([value, shown]) =>
        h("option", { value, selected: () => (here().query[name] ?? first) === value }, shown),
      ),
    ),
  );
}
