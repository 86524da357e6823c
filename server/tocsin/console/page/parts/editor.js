/** Edits a text whose lines have numbers, and marks those in which something is wrong. */

import { h } from "../core/dom.js";
import { signal } from "../core/signals.js";
import { many } from "../core/words.js";

/** @typedef {import("./documents.js").TextViolation} TextViolation */

/**
 * Makes an editor.
 *
 * @param {{ label: string, text: string, rows?: number }} options
 */
export function editor({ label, text, rows = 20 }) {
  /** @type {import("../core/signals.js").Signal<readonly TextViolation[]>} */
  const wrong = signal(/** @type {readonly TextViolation[]} */ ([]));
  const lines = signal(text.split("\n").length);
  const area = h("textarea", {
    "aria-label": label,
    rows,
    spellcheck: "false",
    wrap: "off",
    value: text,
    oninput: () => (lines.value = area.value.split("\n").length),
    onscroll: () => (gutter.scrollTop = area.scrollTop),
    onkeydown: (/** @type {KeyboardEvent} */ event) => indent(event, area),
  });
  const gutter = h("div", { class: "gutter", "aria-hidden": "true" }, () => {
    const marked = new Set(wrong.value.map((each) => each.line));
    return Array.from({ length: lines.value }, (_, index) =>
      h("div", { "data-wrong": marked.has(index + 1) }, index + 1),
    );
  });
  const jump = (/** @type {TextViolation} */ to) => {
    const start =
      area.value
        .split("\n")
        .slice(0, (to.line ?? 1) - 1)
        .join("\n").length + (to.line === 1 ? 0 : 1);
    area.focus();
    area.setSelectionRange(start + (to.column ?? 1) - 1, start + (to.column ?? 1) - 1);
  };
  const node = h("div", { class: "editor" }, h("div", { class: "lines" }, gutter, area), () =>
    wrong.value.length > 0 ? violations(wrong.value, jump) : null,
  );
  return { node, wrong, text: () => area.value };
}

/**
 * @param {readonly TextViolation[]} wrong
 * @param {(to: TextViolation) => void} jump
 */
function violations(wrong, jump) {
  return h(
    "div",
    { class: "trouble", role: "alert" },
    h(
      "p",
      null,
      `${many(wrong.length, "thing")} ${wrong.length === 1 ? "is" : "are"} wrong; nothing was changed.`,
    ),
    h(
      "ul",
      null,
      wrong.map((each) =>
        h(
          "li",
          null,
          each.line
            ? h("button", { type: "button", class: "plain", onclick: () => jump(each) }, `Line ${each.line}`)
            : null,
          each.field ? [h("code", null, each.field), " "] : null,
          each.description,
        ),
      ),
    ),
  );
}

/**
 * Keeps the indent of the line before, since YAML lives by it.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLTextAreaElement} area
 */
function indent(event, area) {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const line = area.value.slice(0, area.selectionStart).split("\n").at(-1) ?? "";
  const blanks = /^ */.exec(line)?.[0] ?? "";
  area.setRangeText(`\n${blanks}`, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input"));
}
