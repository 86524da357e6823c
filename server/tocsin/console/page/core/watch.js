/** Keeps a stream of changes open, so that nothing here polls. */

import { address, ApiError, refusedAnswer } from "./api.js";
import { effect, onCleanup, signal, untracked } from "./signals.js";
import { setClock } from "./times.js";

/** @typedef {import("./messages.js").Change} Change */
/** @typedef {{ topics: string[], folderId?: string, triggerId?: string, integration?: string }} Interest */

/** What the frame watches where a screen watches nothing: whether the server lives. */
const NOTHING = /** @type {Interest} */ ({ topics: ["TOPIC_COUNTS"] });

/** A stream that says nothing for so long is dead: the server sends something every 15 seconds. */
const SILENCE = 40_000;

/** Whether changes arrive. */
export const liveState = signal(/** @type {"connecting" | "live" | "lost"} */ ("connecting"));

/** @type {import("./signals.js").Signal<Interest>} */
const interest = signal(NOTHING);
/** @type {Set<(change: Change) => void>} */
const listeners = new Set();

/**
 * Hears of changes for as long as the effect around lives.
 *
 * The first change, and every one after which others may be missing, has a `reset`: what was read
 * before must be read anew.
 *
 * @param {Interest} what
 * @param {(change: Change) => void} hear
 */
export function watch(what, hear) {
  listeners.add(hear);
  interest.value = what;
  onCleanup(() => {
    listeners.delete(hear);
    if (interest.peek() === what) interest.value = NOTHING;
  });
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
    untracked(() => void keepOpen(what, ended.signal));
  });
}

/**
 * @param {Interest} what
 * @param {AbortSignal} ended
 */
async function keepOpen(what, ended) {
  let cursor = "";
  let pause = 250;
  while (!ended.aborted) {
    try {
      for await (const change of changes(what, cursor, ended)) {
        liveState.value = "live";
        pause = 250;
        cursor = change.cursor || cursor;
        if (change.sentAt) setClock(change.sentAt, 300);
        for (const hear of listeners) hear(change);
      }
    } catch (error) {
      if (ended.aborted) return;
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
