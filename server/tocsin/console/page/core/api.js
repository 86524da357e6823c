/** Calls the REST API that everybody may call; this page has no other. */

import { setClock } from "./times.js";

/** @typedef {{ field: string, description: string }} Violation */
/** @typedef {Record<string, unknown>} Json */
/** @typedef {Record<string, string | number | boolean | readonly string[] | undefined>} Query */

/** Says that the server refused a call, or could not be reached (then `status` is 0). */
export class ApiError extends Error {
  /**
   * @param {number} status  of HTTP
   * @param {string} message
   * @param {Violation[]} violations
   * @param {string} requestId
   */
  constructor(status, message, violations, requestId) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.violations = violations;
    this.requestId = requestId;
  }
}

/** @type {(() => void)[]} */
const refusedListeners = [];

/**
 * Runs a function when a call was refused because nobody is signed in.
 *
 * @param {() => void} listener
 */
export function onRefused(listener) {
  refusedListeners.push(listener);
}

/**
 * Calls a method.
 *
 * @param {string} method  of HTTP
 * @param {string} path  without the first slash: the page may be served below a path
 * @param {{ query?: Query, body?: Json, signal?: AbortSignal }} [options]
 * @returns {Promise<any>}  the answer's JSON
 * @throws {ApiError}
 */
export async function call(method, path, options = {}) {
  return (await exchange(method, path, options)).answer;
}

/**
 * Calls a method, and returns its answer with what the server says may surprise people.
 *
 * @param {string} method
 * @param {string} path
 * @param {{ query?: Query, body?: Json, signal?: AbortSignal }} options
 * @returns {Promise<{ answer: any, lint: string[] }>}
 * @throws {ApiError}
 */
async function exchange(method, path, { query, body, signal }) {
  /** @type {Record<string, string>} */
  const headers = { "tocsin-console": "1" };
  if (body) headers["content-type"] = "application/json";
  const sent = body ? JSON.stringify(body) : null;
  let response;
  try {
    response = await fetch(address(path, query), { method, headers, body: sent, signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "The server does not answer.", [], "");
  }
  setClock(response.headers.get("date") ?? "", 2000);
  if (!response.ok) throw await refusedAnswer(response);
  const text = await response.text();
  const lint = (response.headers.get("x-tocsin-lint") ?? "").split("; ").filter(Boolean);
  return { answer: text ? JSON.parse(text) : {}, lint };
}

/**
 * Reads a resource or a list.
 *
 * @param {string} path
 * @param {Query} [query]
 * @param {AbortSignal} [signal]
 */
export function get(path, query, signal) {
  return call("GET", path, { ...(query && { query }), ...(signal && { signal }) });
}

/**
 * Reads a resource with what the server says of it that may surprise people.
 *
 * @param {string} path
 * @param {Query} query
 * @param {AbortSignal} [signal]
 */
export function getLinted(path, query, signal) {
  return exchange("GET", path, { query, ...(signal && { signal }) });
}

/**
 * Calls a method of POST.
 *
 * @param {string} path
 * @param {Json} [body]
 */
export function post(path, body = {}) {
  return call("POST", path, { body });
}

/**
 * Returns the address of a path of the API.
 *
 * @param {string} path
 * @param {Query} [query]
 */
export function address(path, query = {}) {
  const url = new URL(path, new URL(".", document.baseURI));
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "") continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      url.searchParams.append(name, String(each));
    }
  }
  return url.href;
}

/**
 * Reads why a call was refused.
 *
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
export async function refusedAnswer(response) {
  if (response.status === 401) for (const listener of refusedListeners) listener();
  const error = envelope(await response.text());
  const details = Array.isArray(error.details) ? error.details : [];
  const violations = details.flatMap((/** @type {any} */ each) => each.fieldViolations ?? []);
  const message = typeof error.message === "string" ? error.message : response.statusText;
  return new ApiError(
    response.status,
    message || `The server answered ${response.status}.`,
    violations,
    response.headers.get("x-request-id") ?? "",
  );
}

/**
 * Returns the error of an answer: Yandex's envelope is the error itself, Google's holds it.
 *
 * @param {string} text
 * @returns {any}
 */
function envelope(text) {
  try {
    const answer = JSON.parse(text);
    return answer.error ?? answer;
  } catch {
    return {};
  }
}
