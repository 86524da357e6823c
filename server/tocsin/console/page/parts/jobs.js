/** Follows work on many invocations, which the server does step by step. */

import { get, post } from "../core/api.js";
import { h } from "../core/dom.js";
import { onCleanup, signal } from "../core/signals.js";
import { counted, many } from "../core/words.js";
import { confirmed, say, sayTrouble } from "./messages.js";

/** @typedef {import("../core/messages.js").Job} Job */

const STEP = 1000;

/** The job that was begun last on this page. */
export const job = signal(/** @type {Job | null} */ (null));

/**
 * Counts what a selection would change, asks, and changes it; a filter's are changed by a job.
 *
 * @param {string} path  of the method, such as `tocsin/v1/invocations:retryMany`
 * @param {import("../core/api.js").Json} which  `invocationIds` or `filter`
 * @param {{ words: string, noun: string, warning: string, more?: import("../core/api.js").Json }} about
 *   `more` are fields of the request beside its selection
 */
export async function changeMany(path, which, { words, noun, warning, more = {} }) {
  const count = await post(path, { ...more, selection: { ...which, validateOnly: true } });
  const { count: number = "0", atLeast } = count.changes?.selected ?? {};
  const what = `${words}: ${many(Number(number), noun, atLeast)}`;
  if (!(await confirmed({ title: `${what}?`, words: warning, action: what }))) return;
  const expected = atLeast ? {} : { expectedCount: number };
  const { changes } = await post(path, { ...more, selection: { ...which, ...expected } });
  if (changes.job) {
    job.value = changes.job;
    return;
  }
  const failures = changes.failures ?? [];
  const first = failures[0] ? ` ${many(failures.length, noun)} not: ${failures[0].error.message}` : "";
  say(`${words}: ${many((changes.invocationIds ?? []).length, noun)}.`, first);
}

/** Shows how far the job is, for as long as it goes on. */
export function progress() {
  const follow = setInterval(() => {
    const at = job.peek();
    if (at?.state !== "STATE_RUNNING") return;
    get(`tocsin/v1/jobs/${encodeURIComponent(at.id)}`).then((answer) => {
      job.value = answer.job;
    }, sayTrouble);
  }, STEP);
  onCleanup(() => clearInterval(follow));
  return () => (job.value ? bar(job.value) : null);
}

/** @param {Job} at */
function bar({ id, state, selected, changed, skipped }) {
  const total = Number(selected?.count ?? 0);
  const done = Number(changed ?? 0) + Number(skipped ?? 0);
  const running = state === "STATE_RUNNING";
  const stop = () =>
    void post(`tocsin/v1/jobs/${encodeURIComponent(id)}:cancel`).then(
      (answer) => (job.value = answer.job),
      sayTrouble,
    );
  return h(
    "section",
    { class: "card job", "aria-live": "polite" },
    h("progress", { max: Math.max(total, done, 1), value: done, "aria-label": "How far it is" }),
    h(
      "p",
      { class: "actions" },
      `${counted(changed)} of ${counted(total, selected?.atLeast)} changed` +
        (Number(skipped ?? 0) > 0 ? `, ${counted(skipped)} left as they were` : "") +
        (running ? "" : state === "STATE_CANCELLED" ? "; it was stopped." : "; it is done."),
      running
        ? h("button", { type: "button", onclick: stop }, "Stop")
        : h("button", { type: "button", class: "plain", onclick: () => (job.value = null) }, "Close"),
    ),
  );
}
