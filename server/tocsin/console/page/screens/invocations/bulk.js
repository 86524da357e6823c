/** Does something with many invocations: with those that are selected, or with all of a filter. */

import { h } from "../../core/dom.js";
import { may } from "../../core/session.js";
import { many } from "../../core/words.js";
import { changeMany } from "../../parts/jobs.js";
import { sayTrouble } from "../../parts/messages.js";
import { FINAL, STATES } from "../../parts/states.js";

/** @typedef {import("../../core/messages.js").Invocation} Invocation */

/** @type {{ verb: string, words: string, warning: string, states: string[] }[]} */
const ACTIONS = [
  {
    verb: "retry",
    words: "Deliver again",
    warning: "Each one keeps its id and gets all the calls that its rule allows.",
    states: FINAL,
  },
  {
    verb: "cancel",
    words: "Cancel",
    warning: "Those that wait for a call are cancelled; what is under way ends as it may.",
    states: STATES.filter((state) => !FINAL.includes(state)),
  },
];

/**
 * @param {import("../../core/signals.js").Signal<ReadonlySet<string>>} selected
 * @param {() => Record<string, any>} filter
 * @param {() => string} resource  of which they are
 * @returns {() => import("../../core/dom.js").Child}
 */
export function bulkActions(selected, filter, resource) {
  return () => {
    const offered = ACTIONS.filter(({ verb }) => may(`tocsin.invocations.${verb}`, resource()));
    if (offered.length === 0) return null;
    const what = () =>
      selected.value.size > 0
        ? many(selected.value.size, "selected invocation")
        : "all that the filter finds";
    const run = (/** @type {typeof ACTIONS[number]} */ { verb, words, warning, states }) => {
      const ids = [...selected.peek()];
      const named = { states: states.map((each) => `STATE_${each}`), ...filter() };
      const which = ids.length > 0 ? { invocationIds: ids } : { filter: named };
      changeMany(`tocsin/v1/invocations:${verb}Many`, which, { words, warning, noun: "invocation" }).then(
        (changed) => {
          if (changed) selected.value = new Set();
        },
        sayTrouble,
      );
    };
    return h(
      "div",
      { class: "actions" },
      h("span", { class: "soft" }, () => `With ${what()}:`),
      offered.map((action) =>
        h("button", { type: "button", onclick: () => run(action) }, `${action.words} …`),
      ),
    );
  };
}
