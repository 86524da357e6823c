/** Reads lists page by page, and shows what is not read yet. */

import { h } from "../core/dom.js";
import { effect, onCleanup, signal, untracked } from "../core/signals.js";
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

/** When a list is long enough to be looked at, and how often it asks until then. */
const ENOUGH = 20;
const MOST_CALLS = 5;

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

  const run = async (/** @type {Promise<Page<T>>} */ first, /** @type {readonly T[]} */ before) => {
    const mine = reading;
    state.value = "reading";
    try {
      let found = before;
      let answer = first;
      // One call looks at a limited number of rows, so a page can be short, or empty, and not the last.
      for (let calls = 1; ; calls += 1) {
        const page = await answer;
        if (mine.signal.aborted) return;
        found = [...found, ...page.items];
        items.value = found;
        next.value = page.next;
        if (!page.next || found.length >= before.length + ENOUGH || calls === MOST_CALLS) break;
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
    untracked(() => void run(answer, []));
  });
  onCleanup(() => reading.abort());
  return {
    items,
    state,
    error,
    next,
    more: () => void run(read(next.peek(), restart()), items.peek()),
    again: () => void run(read("", restart()), []),
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
    const words = `${number} ${noun}${number === 1 ? "" : "s"} shown${left ? ", there are more" : ""}`;
    return [
      h("span", null, list.state.value === "reading" ? "Reading …" : words),
      left && number < MOST ? h("button", { type: "button", onclick: list.more }, "Show more") : null,
      left && number >= MOST ? h("span", null, "Narrow the filter to see others.") : null,
    ];
  });
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
