/** Shows how a thing stands: in a word, a colour and a shape, since not everybody sees colours. */

import { h } from "../core/dom.js";
import { plain } from "../core/words.js";

/** @type {Record<string, [tone: string, shape: string]>} */
const LOOKS = {
  ACTIVE: ["good", "dot"],
  PAUSED: ["warn", "ring"],
  PENDING: ["wait", "ring"],
  RUNNING: ["busy", "dot"],
  RETRYING: ["warn", "dot"],
  DEAD_LETTERING: ["dead", "ring"],
  SUCCEEDED: ["good", "dot"],
  FAILED: ["bad", "square"],
  DEAD_LETTERED: ["dead", "square"],
  CANCELLED: ["wait", "square"],
};

/**
 * Returns the name of a state without its type: `STATE_FAILED` becomes `FAILED`.
 *
 * @param {string | undefined} state
 */
export function bare(state) {
  return (state ?? "").replace(/^STATE_/, "");
}

/**
 * Returns the colour of a state: `good`, `bad`, `warn`, `busy`, `dead` or `wait`.
 *
 * @param {string | undefined} state
 */
export function tone(state) {
  return LOOKS[bare(state)]?.[0] ?? "wait";
}

/**
 * Shows a state.
 *
 * @param {string | undefined} state  of an invocation or a trigger
 * @param {string} [words]
 */
export function badge(state, words) {
  const [colour, shape] = LOOKS[bare(state)] ?? ["wait", "dot"];
  return h("span", { class: "badge", "data-tone": colour, "data-shape": shape }, words ?? plain(bare(state)));
}

/** The states of invocations in which nothing will happen any more. */
export const FINAL = ["SUCCEEDED", "FAILED", "DEAD_LETTERED", "CANCELLED"];

/** All states of invocations, as they follow upon each other. */
export const STATES = [
  "PENDING",
  "RUNNING",
  "RETRYING",
  "DEAD_LETTERING",
  "SUCCEEDED",
  "FAILED",
  "DEAD_LETTERED",
  "CANCELLED",
];
