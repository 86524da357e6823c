/** Shows what the reader may do, and leaves out what would be refused. */

import { may } from "../core/session.js";

/** @typedef {import("../core/dom.js").Child} Child */

/**
 * @param {string} permission
 * @param {string | undefined} resource  of what would be changed, such as `folders/ID`; undefined for any
 * @param {() => Child} draw
 * @returns {() => Child}
 */
export function permitted(permission, resource, draw) {
  return () => (may(permission, resource) ? draw() : null);
}
