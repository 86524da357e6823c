/** Calls methods that answer with an operation. */

import { ApiError, call } from "../core/api.js";

/**
 * Calls a method and returns its operation, which has ended.
 *
 * @param {string} method
 * @param {string} path
 * @param {import("../core/api.js").Json} [body]
 * @throws {ApiError}  also if the operation ended with an error
 */
export async function mutate(method, path, body) {
  const operation = await call(method, path, body ? { body } : {});
  if (operation.error) throw new ApiError(400, operation.error.message ?? "It failed.", [], "");
  return operation;
}
