/** Pauses, resumes or deletes many triggers: those that are selected, or all of a filter. */

import { post } from "../../core/api.js";
import { curl } from "../../core/curl.js";
import { h } from "../../core/dom.js";
import { folder } from "../../core/folder.js";
import { may } from "../../core/session.js";
import { many } from "../../core/words.js";
import { confirmed } from "../../parts/asking.js";
import { say, sayTrouble } from "../../parts/messages.js";
import { permitted } from "../../parts/permitted.js";

/** @typedef {{ verb: string, words: string, done: string, danger?: boolean }} Action */

/** @type {Action[]} */
const ACTIONS = [
  { verb: "pause", words: "Pause", done: "paused" },
  { verb: "resume", words: "Resume", done: "resumed" },
  { verb: "delete", words: "Delete", done: "deleted", danger: true },
];

/**
 * @param {import("../../core/signals.js").Signal<ReadonlySet<string>>} selected
 * @param {() => import("../../core/api.js").Json} filter
 * @param {() => string} path  of the list
 * @param {() => void} again
 */
export function bulkActions(selected, filter, path, again) {
  const parent = `folders/${folder.value}`;
  if (!ACTIONS.some(({ verb }) => may(`serverless.triggers.${verb}`, parent))) return null;
  const what = () =>
    selected.value.size > 0 ? many(selected.value.size, "selected trigger") : "all that the filter finds";
  const run = (/** @type {Action} */ action) => {
    const ids = [...selected.peek()];
    const which = ids.length > 0 ? { triggerIds: ids } : { filter: filter() };
    change(action, `${path()}:${action.verb}`, which).then((changed) => {
      if (!changed) return;
      selected.value = new Set();
      again();
    }, sayTrouble);
  };
  return h(
    "div",
    { class: "actions" },
    h("span", { class: "soft" }, () => `With ${what()}:`),
    ACTIONS.map((action) =>
      permitted(`serverless.triggers.${action.verb}`, parent, () =>
        h(
          "button",
          { type: "button", class: action.danger ? "danger" : "", onclick: () => run(action) },
          `${action.words} …`,
        ),
      ),
    ),
  );
}

/**
 * Counts, asks, and changes in steps, so that no more is changed than was counted.
 *
 * @param {Action} action
 * @param {string} method  its path
 * @param {import("../../core/api.js").Json} which
 * @returns {Promise<boolean>}  whether it was done
 */
async function change({ words, done, danger = false }, method, which) {
  const call = (/** @type {object} */ more) => post(method, { selection: { ...which, ...more } });
  const { selected } = (await call({ validateOnly: true })).changes;
  const count = Number(selected?.count ?? 0);
  if (count === 0) {
    say("There is no such trigger any more.");
    return false;
  }
  const expected = selected?.atLeast ? {} : { expectedCount: String(count) };
  const agreed = await confirmed({
    title: `${words} ${many(count, "trigger", selected?.atLeast)}?`,
    words: danger
      ? "They fire no more, and deliveries that wait are cancelled. This can't be undone."
      : `They are ${done} one after the other.`,
    action: `${words} ${many(count, "trigger", selected?.atLeast)}`,
    command: curl("POST", method, { selection: { ...which, ...expected } }),
    danger,
  });
  if (!agreed) return false;
  let [changed, token, failures] = [0, "", /** @type {any[]} */ ([])];
  do {
    const { changes } = await call(token ? { pageToken: token } : expected);
    changed += Number(changes.changed ?? 0);
    failures = [...failures, ...(changes.failures ?? [])];
    token = changes.nextPageToken ?? "";
  } while (token);
  const first = failures[0];
  say(
    `${many(changed, "trigger")} ${done}.`,
    first ? ` ${many(failures.length, "trigger")} not: ${first.error.message}` : "",
  );
  return true;
}
