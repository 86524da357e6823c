/** Shows what differs between two texts, line by line. */

import { h } from "../core/dom.js";

/** @typedef {{ kind: " " | "-" | "+", text: string }} Line */

/** Most lines that are compared one by one; longer texts are shown one after the other. */
const MOST = 2000;

/**
 * @param {string} before
 * @param {string} after
 */
export function differences(before, after) {
  return h(
    "pre",
    { class: "code differences", tabindex: "0", "aria-label": "What is changed" },
    near(compared(before.split("\n"), after.split("\n"))).map(({ kind, text }) =>
      h(kind === "+" ? "ins" : kind === "-" ? "del" : "span", null, `${kind} ${text}\n`),
    ),
  );
}

/**
 * Returns the lines of both texts, by a longest common subsequence.
 *
 * @param {string[]} before
 * @param {string[]} after
 * @returns {Line[]}
 */
export function compared(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end))
    end += 1;
  const [old, fresh] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  return [
    ...lines(" ", before.slice(0, start)),
    ...middle(old, fresh),
    ...lines(" ", end > 0 ? before.slice(-end) : []),
  ];
}

/**
 * @param {string[]} old
 * @param {string[]} fresh
 * @returns {Line[]}
 */
function middle(old, fresh) {
  if (old.length * fresh.length > MOST * MOST) return [...lines("-", old), ...lines("+", fresh)];
  // common[i][j]: the length of the longest common subsequence of old from i and fresh from j.
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(fresh.length + 1));
  const at = (/** @type {number} */ i, /** @type {number} */ j) => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    const row = /** @type {Uint16Array} */ (common[i]);
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      row[j] = old[i] === fresh[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  /** @type {Line[]} */
  const found = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && old[i] === fresh[j]) {
      found.push({ kind: " ", text: old[i] ?? "" });
      [i, j] = [i + 1, j + 1];
    } else if (i < old.length && (j === fresh.length || at(i + 1, j) >= at(i, j + 1))) {
      found.push({ kind: "-", text: old[i] ?? "" });
      i += 1;
    } else {
      found.push({ kind: "+", text: fresh[j] ?? "" });
      j += 1;
    }
  }
  return found;
}

/**
 * Returns the lines that differ and three around each.
 *
 * @param {Line[]} all
 */
function near(all) {
  const wanted = new Set(
    all.flatMap(({ kind }, index) => (kind === " " ? [] : [-3, -2, -1, 0, 1, 2, 3].map((by) => index + by))),
  );
  return all.filter((_, index) => wanted.has(index));
}

/**
 * @param {Line["kind"]} kind
 * @param {string[]} texts
 * @returns {Line[]}
 */
function lines(kind, texts) {
  return texts.map((text) => ({ kind, text }));
}
