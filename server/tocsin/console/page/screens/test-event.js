/** Tries an event: which triggers would it fire, and what speaks against it? */

import { post } from "../core/api.js";
import { curl } from "../core/curl.js";
import { h } from "../core/dom.js";
import { folder } from "../core/folder.js";
import { link } from "../core/router.js";
import { effect, signal } from "../core/signals.js";
import { jsonOf, many, pretty } from "../core/words.js";
import { copyButton } from "../parts/copying.js";
import { EVENT_KINDS, eventOf } from "../parts/events.js";
import { kindName } from "../parts/kinds.js";
import { empty, trouble } from "../parts/messages.js";

/**
 * @typedef {object} Verdict
 * @property {string} triggerId
 * @property {string} [name]
 * @property {string} [kind]
 * @property {boolean} [fires]
 * @property {Record<string, any>[]} [obstacles]
 * @property {string} [payload]
 */

const PATH = "tocsin/v1/events:test";

export function title() {
  return "Test an event";
}

export function draw() {
  const area = h("textarea", {
    "aria-label": "The event as JSON",
    rows: 12,
    spellcheck: "false",
    value: written("messageQueue"),
  });
  const verdicts = signal(/** @type {Verdict[] | null} */ (null));
  const error = signal(/** @type {unknown} */ (null));
  effect(() => {
    if (folder.value) verdicts.value = null;
  });
  const body = () => ({ event: jsonOf(area.value), folderId: folder.peek(), includePayload: true });
  const test = async () => {
    error.value = null;
    try {
      verdicts.value = await allOf(body());
    } catch (caught) {
      error.value = caught;
    }
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void test();
  };
  const change = (/** @type {Event} */ event) =>
    (area.value = written(/** @type {HTMLSelectElement} */ (event.target).value));
  return [
    h(
      "div",
      { class: "head" },
      h(
        "div",
        null,
        h("h1", null, "Test an event"),
        h(
          "p",
          { class: "soft" },
          "Which triggers of the folder would it fire? Nothing is called, and nothing is stored.",
        ),
      ),
    ),
    h(
      "form",
      { class: "card", onsubmit: submit },
      h(
        "label",
        { class: "field" },
        h("span", null, "Kind"),
        h(
          "select",
          { onchange: change },
          EVENT_KINDS.map((kind) => h("option", { value: kind }, kindName(kind))),
        ),
      ),
      area,
      h(
        "div",
        { class: "actions" },
        h("button", { class: "main", type: "submit" }, "Test it"),
        copyButton("Copy as curl", () => curl("POST", PATH, body())),
      ),
    ),
    () => (error.value ? trouble(error.value) : null),
    () => (verdicts.value ? answer(verdicts.value) : null),
  ];
}

/** @param {string} kind */
function written(kind) {
  return JSON.stringify(eventOf(kind), null, 2);
}

/**
 * @param {import("../core/api.js").Json} body
 * @returns {Promise<Verdict[]>}
 */
async function allOf(body) {
  /** @type {Verdict[]} */
  const found = [];
  let pageToken = "";
  do {
    const page = await post(PATH, { ...body, pageSize: 100, ...(pageToken && { pageToken }) });
    found.push(...(page.verdicts ?? []));
    pageToken = page.nextPageToken ?? "";
  } while (pageToken && found.length < 1000);
  return found;
}

/** @param {Verdict[]} verdicts */
function answer(verdicts) {
  if (verdicts.length === 0) return empty("No trigger of this folder takes events of this kind.");
  const firing = verdicts.filter((each) => each.fires);
  const others = verdicts.filter((each) => !each.fires);
  return h(
    "section",
    { class: "card", "aria-live": "polite" },
    h(
      "h2",
      null,
      firing.length > 0 ? `It would fire ${many(firing.length, "trigger")}.` : "It would fire none.",
    ),
    h("ul", { class: "verdicts" }, [...firing, ...others].map(line)),
  );
}

/** @param {Verdict} verdict */
function line({ triggerId, name, fires, obstacles = [], payload }) {
  return h(
    "li",
    null,
    h(
      "span",
      { class: "badge", "data-tone": fires ? "good" : "wait", "data-shape": fires ? "dot" : "ring" },
      fires ? "fires" : "does not",
    ),
    " ",
    h("a", { href: link(["triggers", triggerId]) }, name || triggerId),
    obstacles.length > 0
      ? h(
          "ul",
          { class: "soft" },
          obstacles.map((each) => h("li", null, obstacleWords(each))),
        )
      : null,
    payload
      ? h(
          "details",
          null,
          h("summary", null, "What the target would get"),
          h("pre", { class: "code", tabindex: "0" }, pretty(payload)),
        )
      : null,
  );
}

/** @type {Record<string, string>} */
const COMPARISONS = {
  COMPARISON_ANY_OF: "one of",
  COMPARISON_PREFIX: "what begins with",
  COMPARISON_SUFFIX: "what ends with",
  COMPARISON_TOPIC: "the topic",
};

/** @param {Record<string, any>} obstacle */
function obstacleWords({ paused, otherKind, filtered, unreadable }) {
  if (paused) return "It is paused.";
  if (unreadable) return "This version of the server can't read its rule.";
  if (otherKind)
    return `It takes events of the kind ${kindName(otherKind.expected)}, and this is ${kindName(otherKind.got)}.`;
  if (filtered) {
    const wanted = (filtered.expected ?? []).map((/** @type {string} */ each) => `"${each}"`).join(", ");
    return `${filtered.field} must be ${COMPARISONS[filtered.comparison] ?? ""} ${wanted}, and is "${filtered.got ?? ""}".`;
  }
  return "It does not take it.";
}
