/** Knows who reads this page, and what they may do. */

import { ApiError, get, onRefused, post } from "./api.js";
import { signal } from "./signals.js";

/**
 * @typedef {object} Who
 * @property {boolean} [accessControl]
 * @property {string} [subject]
 * @property {string} [name]
 * @property {string} [expiresAt]
 * @property {{ resource: string, permissions?: string[] }[]} [allowed]
 */

/** @typedef {{ name: string, title: string }} Issuer */
/** @typedef {{ accessControl: boolean, issuers: Issuer[], hasSession: boolean }} Ways */

/** Who is signed in; null until the server said so. */
export const who = signal(/** @type {Who | null} */ (null));

/** How one can sign in, while one must; null otherwise. */
export const ways = signal(/** @type {Ways | null} */ (null));

/** Asks the server who reads this page, or how they can sign in. */
export async function readWho() {
  /** @type {Ways} */
  const found = await get("tocsin/v1/session");
  if (!found.accessControl) {
    who.value = { accessControl: false };
  } else if (!found.hasSession || !(await readSubject())) {
    ways.value = found;
  }
}

/** Reads who is signed in; returns false if their session has ended. */
async function readSubject() {
  try {
    const read = await get("tocsin/v1/access/whoami");
    // What is shown was read by somebody else, who may see other things.
    if (who.peek()?.subject && who.peek()?.subject !== read.subject) location.reload();
    who.value = read;
    ways.value = null;
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
}

let asking = false;

// A session that ends while the page is open: the screen stays, so that nothing typed is lost. Many
// calls are refused at once then; only the first one asks, as the form must not be drawn again.
onRefused(async () => {
  if (!who.peek()?.accessControl || ways.peek() || asking) return;
  asking = true;
  try {
    ways.value = await get("tocsin/v1/session");
  } catch (error) {
    // Whatever is refused next asks again.
    if (!(error instanceof ApiError)) throw error;
  } finally {
    asking = false;
  }
});

/** Returns what an issuer has put into the address, if it has sent the browser back here. */
export function issuersAnswer() {
  const texts = [location.search];
  // A place of the page begins with a slash.
  if (!location.hash.startsWith("#/")) texts.push(location.hash.slice(1));
  for (const text of texts) {
    const found = new URLSearchParams(text);
    if (found.has("state") && (found.has("code") || found.has("error"))) return found;
  }
  return null;
}

/** Ends the session, and forgets what was read. */
export async function signOut() {
  await post("tocsin/v1/session:signOut");
  location.reload();
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
