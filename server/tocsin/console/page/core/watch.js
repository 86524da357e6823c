/** Keeps a stream of changes open, so that nothing here polls. */

import { address, ApiError, get, refusedAnswer } from "./api.js";
import { effect, onCleanup, signal, untracked } from "./signals.js";
import { setClock } from "./times.js";

/** @typedef {import("./messages.js").Change} Change */
/** @typedef {{ topics: string[], folderId?: string, triggerId?: string, integration?: string }} Interest */

/** What the frame watches where a screen watches nothing: whether the server lives. */
const NOTHING = /** @type {Interest} */ ({ topics: ["TOPIC_COUNTS"] });

/** A stream that says nothing for so long is dead: the server sends something every 15 seconds. */
const SILENCE = 40_000;

/** For so many milliseconds what is read waits for the changes that follow upon it. */
const PATIENCE = 300;

/** Whether changes arrive. */
export const liveState = signal(/** @type {"connecting" | "live" | "lost"} */ ("connecting"));

/** @type {import("./signals.js").Signal<Interest>} */
const interest = signal(NOTHING);
/** @type {Set<(change: Change) => void>} */
const listeners = new Set();

/**
 * The beginning of a stream: `isAwaited` while nothing was read that it could have missed.
 *
 * @typedef {{ isAwaited: boolean, over: Promise<void>, end: () => void }} Beginning
 */

let beginning = begin();

/** @returns {Beginning} */
function begin() {
  let resolve = () => {};
  const over = /** @type {Promise<void>} */ (new Promise((done) => (resolve = done)));
  const made = {
    isAwaited: true,
    over,
    end() {
      made.isAwaited = false;
      resolve();
    },
  };
  setTimeout(made.end, PATIENCE);
  return made;
}

/**
 * Hears of changes for as long as the effect around lives. All that hear at a time have the same
 * interest.
 *
 * A change after which others may be missing has a `reset`: what was read before must be read anew.
 * The first one has none if all was read by `follow`.
 *
 * @param {Interest} what
 * @param {(change: Change) => void} hear
 */
export function watch(what, hear) {
  const before = interest.peek();
  if (JSON.stringify(before) !== JSON.stringify(what)) {
    beginning = begin();
    interest.value = what;
  }
  listeners.add(hear);
  onCleanup(() => {
    listeners.delete(hear);
    if (listeners.size === 0) interest.value = NOTHING;
  });
}

/**
 * Reads what the screen watches, once changes of it arrive, so that it need not be read twice.
 *
 * @param {string} path
 * @param {import("./api.js").Query} query
 * @param {AbortSignal} ended
 */
export async function follow(path, query, ended) {
  // A screen reads and watches in one step, in any order.
  await null;
  await beginning.over;
  return get(path, query, ended);
}

const openings = signal(0);

/** Opens the stream anew, after a refusal that no longer holds. */
export function watchAgain() {
  openings.value += 1;
}

/** Opens the stream, and opens it again whenever it ends. */
export function startWatching() {
  effect(() => {
    const what = interest.value;
    void openings.value;
    const ended = new AbortController();
    onCleanup(() => ended.abort());
    untracked(() => void keepOpen(what, beginning, ended.signal));
  });
}

/**
 * @param {Interest} what
 * @param {Beginning} first
 * @param {AbortSignal} ended
 */
async function keepOpen(what, first, ended) {
  let cursor = "";
  let pause = 250;
  while (!ended.aborted) {
    try {
      for await (const change of changes(what, cursor, ended)) {
        liveState.value = "live";
        pause = 250;
        cursor = change.cursor || cursor;
        if (change.sentAt) setClock(change.sentAt, 300);
        if (first.isAwaited) delete change.reset;
        first.end();
        for (const hear of listeners) hear(change);
      }
    } catch (error) {
      if (ended.aborted) return;
      first.end();
      liveState.value = "lost";
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return;
      if (error instanceof ApiError && error.status === 400) cursor = "";
    }
    // Also where it was ended as no longer allowed: the next answer says whether one must sign in.
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 10_000);
  }
}

/**
 * @param {Interest} what
 * @param {string} cursor
 * @param {AbortSignal} ended
 * @returns {AsyncGenerator<Change>}
 */
async function* changes(what, cursor, ended) {
  const { topics, ...scope } = what;
  const url = address("tocsin/v1/watch", { topics, ...scope, cursor });
  const headers = { accept: "text/event-stream", "tocsin-console": "1" };
  const response = await fetch(url, { headers, signal: ended });
  if (!response.ok || !response.body) throw await refusedAnswer(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const silent = setTimeout(() => void reader.cancel(), SILENCE);
    const { value, done } = await reader.read().finally(() => clearTimeout(silent));
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const data = part.replace(/^data: ?/gm, "");
      if (data) yield JSON.parse(data);
    }
  }
}
