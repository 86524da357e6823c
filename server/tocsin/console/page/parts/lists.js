/** Reads lists page by page, and shows what is not read yet. */

import { h } from "../core/dom.js";
import { computed, effect, onCleanup, signal, untracked } from "../core/signals.js";
import { many } from "../core/words.js";
import { trouble } from "./messages.js";

/**
 * @template T
 * @typedef {{ items: readonly T[], next: string }} Page
 */

/**
 * @template T
 * @typedef {object} Paged
 * @property {import("../core/signals.js").Signal<readonly T[]>} items
 * @property {import("../core/signals.js").Signal<"reading" | "read" | "failed">} state
 * @property {import("../core/signals.js").Signal<unknown>} error
 * @property {import("../core/signals.js").Signal<string>} next  the token of the next page
 * @property {() => void} more  reads the next page
 * @property {() => void} again  reads the pages that are shown anew
 */

/** Most items that the page holds; who wants to see others narrows the filter. */
export const MOST = 1000;

/** @typedef {import("../core/dom.js").Child} Child */

/**
 * Draws a list, or what teaches where there is nothing. It is drawn anew when that changes, and not
 * when a row does: a key or a click that is under way must find its button.
 *
 * @param {Paged<any>} list
 * @param {() => Child} rows
 * @param {() => Child} nothing
 * @returns {() => Child}
 */
export function listed(list, rows, nothing) {
  const none = computed(
    () => list.state.value === "read" && list.items.value.length === 0 && list.next.value === "",
  );
  return () => untracked(none.value ? nothing : rows);
}

/** When a list is long enough to be looked at, and how many empty pages it reads until then. */
const ENOUGH = 20;
const MOST_EMPTY = 5;

/**
 * Reads a list, and reads it anew when what `read` looks at before its first wait changes.
 *
 * @template T
 * @param {(token: string, signal: AbortSignal) => Promise<Page<T>>} read
 * @returns {Paged<T>}
 */
export function paged(read) {
  /** @type {import("../core/signals.js").Signal<readonly T[]>} */
  const items = signal(/** @type {readonly T[]} */ ([]));
  const state = signal(/** @type {"reading" | "read" | "failed"} */ ("reading"));
  const error = signal(/** @type {unknown} */ (null));
  const next = signal("");
  let reading = new AbortController();

  /**
   * @param {Promise<Page<T>>} first
   * @param {readonly T[]} before  what stays
   * @param {number} wanted  how many items are enough
   */
  const run = async (first, before, wanted) => {
    const mine = reading;
    state.value = "reading";
    try {
      let found = before;
      let answer = first;
      let empty = 0;
      // One call looks at a limited number of rows, so a page can be short, or empty, and not the last.
      for (;;) {
        const page = await answer;
        if (mine.signal.aborted) return;
        found = [...found, ...page.items];
        empty = page.items.length > 0 ? 0 : empty + 1;
        if (!page.next || found.length >= wanted || empty === MOST_EMPTY) {
          items.value = found;
          next.value = page.next;
          break;
        }
        answer = read(page.next, mine.signal);
      }
      state.value = "read";
    } catch (caught) {
      if (mine.signal.aborted) return;
      error.value = caught;
      state.value = "failed";
    }
  };
  const restart = () => {
    reading.abort();
    reading = new AbortController();
    return reading.signal;
  };
  effect(() => {
    const answer = read("", restart());
    untracked(
      () =>
        void run(answer, [], ENOUGH).then(() => {
          // What is shown is not what was asked for.
          if (state.peek() === "failed") [items.value, next.value] = [[], ""];
        }),
    );
  });
  onCleanup(() => reading.abort());
  return {
    items,
    state,
    error,
    next,
    more: () => void run(read(next.peek(), restart()), items.peek(), items.peek().length + ENOUGH),
    again: () => void run(read("", restart()), [], Math.max(items.peek().length, ENOUGH)),
  };
}

/**
 * Shows how far a list was read, and reads on.
 *
 * @template T
 * @param {Paged<T>} list
 * @param {string} noun
 */
export function foot(list, noun) {
  return h("div", { class: "table-foot" }, () => {
    if (list.state.value === "failed") return trouble(list.error.value, list.again);
    const number = list.items.value.length;
    const left = list.next.value !== "";
    if (number === 0 && !left && list.state.value === "read") return null;
    const words =
      number === 0
        ? `No ${noun} is like that so far; not all were looked at.`
        : `${many(number, noun)} shown${left ? ", there are more" : ""}`;
    const on = number === 0 ? "Look on" : "Show more";
    return [
      h("span", null, list.state.value === "reading" ? "Reading …" : words),
      left && number < MOST ? h("button", { type: "button", onclick: list.more }, on) : null,
      left && number >= MOST ? h("span", null, "Narrow the filter to see others.") : null,
    ];
  });
}

/**
 * Draws what was read, once: what is drawn follows the value by itself.
 *
 * What somebody types there outlives a server that does not answer, and a thing that is deleted.
 *
 * @param {{ value: { value: unknown }, error: { value: unknown }, again: () => void }} read
 * @param {() => Child} draw
 * @returns {Child}
 */
export function whenRead(read, draw) {
  const known = computed(() => read.value.value !== null);
  return [
    () => (read.error.value ? trouble(read.error.value, read.again) : null),
    () => {
      if (known.value) return untracked(draw);
      return read.error.value ? null : h("p", null, "Reading …");
    },
  ];
}

/**
 * Reads one thing, and reads it anew when what `read` looks at before its first wait changes.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} read
 */
export function one(read) {
  const value = signal(/** @type {T | null} */ (null));
  const error = signal(/** @type {unknown} */ (null));
  let reading = new AbortController();
  const again = () => {
    reading.abort();
    const mine = (reading = new AbortController());
    const answer = read(mine.signal);
    untracked(() => {
      answer.then(
        (found) => {
          if (mine.signal.aborted) return;
          // What did not change is not drawn anew.
          if (JSON.stringify(found) !== JSON.stringify(value.peek())) value.value = found;
          error.value = null;
        },
        (caught) => {
          if (!mine.signal.aborted) error.value = caught;
        },
      );
    });
  };
  effect(again);
  onCleanup(() => reading.abort());
  return { value, error, again };
}
