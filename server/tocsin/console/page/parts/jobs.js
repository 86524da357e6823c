/** Follows work on many invocations, which the server does step by step. */

import { ApiError, get, post } from "../core/api.js";
import { curl } from "../core/curl.js";
import { h } from "../core/dom.js";
import { onCleanup, signal } from "../core/signals.js";
import { counted, many } from "../core/words.js";
import { permitted } from "./permitted.js";
import { confirmed } from "./asking.js";
import { copyButton } from "./copying.js";
import { say, sayTrouble } from "./messages.js";

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
 * @returns {Promise<boolean>}  whether it was begun
 */
export async function changeMany(path, which, { words, noun, warning, more = {} }) {
  const count = await post(path, { ...more, selection: { ...which, validateOnly: true } });
  const { count: number = "0", atLeast } = count.changes?.selected ?? {};
  if (Number(number) === 0) {
    say(`There is no ${noun} with which that can be done.`);
    return false;
  }
  const what = `${words}: ${many(Number(number), noun, atLeast)}`;
  const expected = atLeast ? {} : { expectedCount: number };
  const body = { ...more, selection: { ...which, ...expected } };
  const command = curl("POST", path, body);
  if (!(await confirmed({ title: `${what}?`, words: warning, action: what, command }))) return false;
  const { changes } = await post(path, body);
  if (changes.job) {
    job.value = changes.job;
    return true;
  }
  const failures = changes.failures ?? [];
  const first = failures[0] ? ` ${many(failures.length, noun)} not: ${failures[0].error.message}` : "";
  say(`${words}: ${many((changes.invocationIds ?? []).length, noun)}.`, first);
  return true;
}

/** Shows how far the job is, for as long as it goes on. */
export function progress() {
  const follow = setInterval(() => {
    const at = job.peek();
    if (at?.state !== "STATE_RUNNING") return;
    get(`tocsin/v1/jobs/${encodeURIComponent(at.id)}`).then((answer) => {
      job.value = answer.job;
    }, lost);
  }, STEP);
  onCleanup(() => clearInterval(follow));
  return () => (job.value ? bar(job.value) : null);
}

/**
 * Gives up a job of which nothing can be read; a server that does not answer may answer the next time.
 *
 * @param {unknown} error
 */
function lost(error) {
  if (error instanceof ApiError && (error.status === 0 || error.status >= 500)) return;
  job.value = null;
  sayTrouble(error);
}

/** @param {Job} at */
function bar({ id, state, resource, selected, changed, skipped }) {
  const total = Number(selected?.count ?? 0);
  const done = Number(changed ?? 0) + Number(skipped ?? 0);
  const running = state === "STATE_RUNNING";
  const cancel = `tocsin/v1/jobs/${encodeURIComponent(id)}:cancel`;
  const stop = () => void post(cancel).then((answer) => (job.value = answer.job), sayTrouble);
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
        ? permitted("tocsin.jobs.cancel", resource, () => [
            h("button", { type: "button", onclick: stop }, "Stop"),
            copyButton("Copy as curl", () => curl("POST", cancel, {})),
          ])
        : h("button", { type: "button", class: "plain", onclick: () => (job.value = null) }, "Close"),
    ),
  );
}
