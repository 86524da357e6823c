/** Knows who reads this page, and what they may do. */

import { get } from "./api.js";
import { signal } from "./signals.js";

/**
 * @typedef {object} Who
 * @property {boolean} [accessControl]
 * @property {string} [subject]
 * @property {string} [name]
 * @property {string} [expiresAt]
 * @property {{ resource: string, permissions?: string[] }[]} [allowed]
 */

/** Who is signed in; null until the server said so. */
export const who = signal(/** @type {Who | null} */ (null));

/** Asks the server who reads this page. */
export async function readWho() {
  who.value = await get("tocsin/v1/access/whoami");
}

/**
 * Tells whether the reader may do something, so that no button is shown that would be refused.
 *
 * @param {string} permission  such as `serverless.triggers.pause`
 * @param {string} [resource]  such as `folders/ID`; without one, whether it may be done anywhere
 */
export function may(permission, resource) {
  const { accessControl, allowed = [] } = who.value ?? {};
  if (who.value && !accessControl) return true;
  return allowed.some(
    (each) =>
      (each.permissions ?? []).includes(permission) &&
      (resource === undefined || each.resource === "*" || `${resource}/`.startsWith(`${each.resource}/`)),
  );
}
