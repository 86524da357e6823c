/** Writes numbers and the contract's names for people. */

const numbers = new Intl.NumberFormat("en");

/**
 * Returns a number for people; one that was not counted to its end says so.
 *
 * @param {number | string | undefined} count  JSON of int64 is text
 * @param {boolean} [capped]  whether there are more
 */
export function counted(count, capped = false) {
  return `${numbers.format(Number(count ?? 0))}${capped ? "+" : ""}`;
}

/**
 * Returns a count with its noun: `1 trigger`, `2 triggers`.
 *
 * @param {number} count
 * @param {string} noun
 * @param {boolean} [capped]
 */
export function many(count, noun, capped = false) {
  return `${counted(count, capped)} ${noun}${count === 1 && !capped ? "" : "s"}`;
}

/**
 * Returns an enum's value in words: `DEAD_LETTERED` becomes `dead lettered`.
 *
 * @param {string | undefined} value
 */
export function plain(value) {
  return (value ?? "").toLowerCase().replaceAll("_", " ");
}

/**
 * Returns text that is JSON with its lines and indents, and other text as it is.
 *
 * @param {string} text
 */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/**
 * Returns the text of bytes in Base64, or null if they are not UTF-8.
 *
 * @param {string | undefined} base64
 */
export function textOf(base64) {
  const bytes = Uint8Array.from(atob(base64 ?? ""), (each) => each.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Returns the JSON that somebody typed.
 *
 * @param {string} text
 * @returns {any}
 * @throws {Error}  in words, if it is none
 */
export function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`This is not JSON: ${why}`, { cause: error });
  }
}

/** Returns the id of a request, which no other has; browsers have `randomUUID` on HTTPS alone. */
export function requestId() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((each) => each.toString(16).padStart(2, "0"))
    .join("");
}

/**
 * Returns the Base64 of a text's UTF-8.
 *
 * @param {string} text
 */
export function base64Of(text) {
  let bytes = "";
  for (const each of new TextEncoder().encode(text)) bytes += String.fromCharCode(each);
  return btoa(bytes);
}
