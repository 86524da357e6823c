/** Writes the commands that do from a terminal what the page does. */

import { address } from "./api.js";
import { who } from "./session.js";

/**
 * Returns a command that makes the same call from a terminal; the key is in a variable.
 *
 * @param {string} method
 * @param {string} path
 * @param {import("./api.js").Json} [body]
 */
export function curl(method, path, body) {
  const lines = [`curl -X ${method} ${quoted(address(path))}`];
  if (who.peek()?.accessControl) lines.push('-H "Authorization: Api-Key $TOCSIN_API_KEY"');
  if (body) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
