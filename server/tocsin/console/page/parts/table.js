/** A table whose rows can be walked with `j` and `k`, opened with Enter, sorted and selected. */

import { each, h } from "../core/dom.js";
import { shortcut } from "../core/keyboard.js";
import { effect, onCleanup, signal } from "../core/signals.js";

/** @typedef {import("../core/dom.js").Child} Child */

/**
 * @template T
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: T) => Child} cell
 * @property {string} [class]  `number`, `tight`
 * @property {string} [order]  by which the list can be sorted
 */

/**
 * @template T
 * @typedef {object} Table
 * @property {string} label  what the rows are, for people who don't see them
 * @property {Column<T>[]} columns
 * @property {() => readonly T[]} rows
 * @property {(row: T) => string} key
 * @property {(row: T) => string} [name]  of a row that can be selected, for people who don't see it
 * @property {(row: T) => string} [open]  the link of a row
 * @property {import("../core/signals.js").Signal<ReadonlySet<string>>} [selected]  keys of rows
 * @property {() => string} [order]  such as `name` or `name desc`
 * @property {(order: string) => void} [sort]
 */

/**
 * Makes an empty selection of rows; it is empty again when another list is asked for, since nothing
 * may be done to rows that are not shown.
 *
 * @param {() => unknown} asked  reads what the list is of
 */
export function selection(asked) {
  const selected = signal(/** @type {ReadonlySet<string>} */ (new Set()));
  effect(() => {
    asked();
    selected.value = new Set();
  });
  return selected;
}

/**
 * Makes a table.
 *
 * @template T
 * @param {Table<T>} table
 */
export function table({ label, columns, rows, key, name = key, open, selected, order, sort }) {
  const at = signal("");
  const body = h(
    "tbody",
    null,
    each(rows, key, (row) => {
      const id = key(row.peek());
      return h(
        "tr",
        { "data-key": id, "data-here": () => (at.value === id ? true : null) },
        selected
          ? h(
              "td",
              { class: "tight" },
              box(
                selected,
                () => [id],
                () => `Select ${name(row.value)}`,
              ),
            )
          : null,
        columns.map((column) => h("td", { class: column.class }, () => column.cell(row.value))),
      );
    }),
  );
  walk(at, rows, key, open, body);
  return h(
    "div",
    { class: "table-box", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          selected
            ? h(
                "th",
                { class: "tight", scope: "col" },
                box(
                  selected,
                  () => rows().map(key),
                  () => "Select all shown",
                ),
              )
            : null,
          columns.map((column) => heading(column, order, sort)),
        ),
      ),
      body,
    ),
  );
}

/**
 * @template T
 * @param {Column<T>} column
 * @param {(() => string) | undefined} order
 * @param {((order: string) => void) | undefined} sort
 */
function heading(column, order, sort) {
  const by = column.order;
  if (!by || !order || !sort) return h("th", { class: column.class, scope: "col" }, column.title);
  const falling = () => order() === `${by} desc`;
  const sorted = () => order() === by || falling();
  return h(
    "th",
    {
      class: column.class,
      scope: "col",
      "aria-sort": () => (sorted() ? (falling() ? "descending" : "ascending") : null),
    },
    h(
      "button",
      { type: "button", onclick: () => sort(order() === by ? `${by} desc` : by) },
      column.title,
      () => (sorted() ? (falling() ? " ↓" : " ↑") : ""),
    ),
  );
}

/**
 * @param {import("../core/signals.js").Signal<ReadonlySet<string>>} selected
 * @param {() => string[]} keys
 * @param {() => string} label
 */
function box(selected, keys, label) {
  const change = (/** @type {Event} */ event) => {
    const on = /** @type {HTMLInputElement} */ (event.target).checked;
    const next = new Set(selected.peek());
    for (const name of keys()) {
      if (on) next.add(name);
      else next.delete(name);
    }
    selected.value = next;
  };
  const all = () => keys().length > 0 && keys().every((name) => selected.value.has(name));
  return h("input", { type: "checkbox", "aria-label": label, checked: all, onchange: change });
}

/**
 * @template T
 * @param {import("../core/signals.js").Signal<string>} at
 * @param {() => readonly T[]} rows
 * @param {(row: T) => string} key
 * @param {((row: T) => string) | undefined} open
 * @param {HTMLElement} body
 */
function walk(at, rows, key, open, body) {
  const step = (/** @type {number} */ by) => {
    const keys = rows().map(key);
    const next = Math.min(Math.max(keys.indexOf(at.peek()) + by, 0), keys.length - 1);
    at.value = keys[next] ?? "";
    body.children[next]?.scrollIntoView({ block: "nearest" });
  };
  shortcut("j", "Next row", () => step(1));
  shortcut("k", "Row before", () => step(-1));
  shortcut("Enter", "Open the row", () => {
    const row = rows().find((one) => key(one) === at.peek());
    if (row && open) location.hash = open(row);
  });
  onCleanup(() => {
    at.value = "";
  });
}
