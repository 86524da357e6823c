/** Knows whether the server has another version of this page by now. */

import { effect, signal, untracked } from "./signals.js";
import { liveState } from "./watch.js";

/** Whether it has. */
export const outdated = signal(false);

const mine = document.querySelector("script[type=module]")?.getAttribute("src") ?? "";

/** Asks the server for its page whenever it is there again: it may have been upgraded meanwhile. */
export function followVersion() {
  let before = liveState.peek();
  effect(() => {
    const now = liveState.value;
    if (before === "lost" && now === "live") untracked(() => void ask());
    before = now;
  });
}

async function ask() {
  try {
    const answer = await fetch(".", { cache: "no-store" });
    if (answer.ok) outdated.value = !(await answer.text()).includes(mine);
  } catch {
    // It is away again, and asked when it is back.
  }
}
