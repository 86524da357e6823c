/** Reads and writes triggers as documents; the server does both, as it does for the terminal. */

import { post } from "../core/api.js";

/** @typedef {import("../core/messages.js").Trigger} Trigger */
/** @typedef {{ line?: number, column?: number, field?: string, description: string }} TextViolation */

/** Why a text with several triggers is refused. */
export const ONE_ONLY = "There are several triggers in the text, and one is expected. Nothing was changed.";

/**
 * Returns a trigger as text.
 *
 * @param {Trigger} trigger
 * @param {"yaml" | "json" | "curl" | "terraform"} form
 * @returns {Promise<string>}
 */
export async function renderedAs(trigger, form) {
  const address = new URL(".", document.baseURI).href.replace(/\/$/, "");
  const body = {
    triggers: [trigger],
    form: `FORM_${form.toUpperCase()}`,
    ...(form === "curl" && { address }),
  };
  return (await post("tocsin/v1/triggers:render", body)).text ?? "";
}

/**
 * Reads the triggers of a text, or all that is wrong with it.
 *
 * @param {string} text
 * @param {string} folderId  of triggers that name none
 * @returns {Promise<{ triggers: Trigger[], violations: TextViolation[] }>}
 */
export async function parsed(text, folderId) {
  const answer = await post("tocsin/v1/triggers:parse", { text, folderId });
  const triggers = (answer.triggers ?? []).map((/** @type {any} */ each) => each.trigger);
  return { triggers, violations: answer.violations ?? [] };
}
