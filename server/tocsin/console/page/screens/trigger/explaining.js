/** Says why a trigger fired at an instant, or why it did not. */

import { get } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { ask, link } from "../../core/router.js";
import { signal } from "../../core/signals.js";
import { both, clock, moment } from "../../core/times.js";
import { plain } from "../../core/words.js";
import { one } from "../../parts/lists.js";
import { trouble } from "../../parts/messages.js";
import { badge } from "../../parts/states.js";

/**
 * @param {import("../../core/messages.js").Trigger} trigger
 * @param {string | undefined} asked  an instant by RFC 3339
 */
export function explaining(trigger, asked) {
  const instant = signal(asked ?? "");
  const choose = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const [local, zone] = [String(form.get("at")), String(form.get("zone"))];
    if (!local) return;
    instant.value =
      zone === "utc" ? `${local}:00Z`.replace(/(:\d\d:\d\d):00Z$/, "$1Z") : new Date(local).toISOString();
    ask({ at: instant.value });
  };
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Why did it not fire?"),
    h(
      "form",
      { class: "filters", onsubmit: choose },
      h(
        "label",
        { class: "field" },
        h("span", null, "At"),
        h("input", { type: "datetime-local", name: "at", required: true, value: written(asked) }),
      ),
      h(
        "label",
        { class: "field" },
        h("span", null, "Zone"),
        h(
          "select",
          { name: "zone" },
          h("option", { value: "local" }, `Mine (${Intl.DateTimeFormat().resolvedOptions().timeZone})`),
          h("option", { value: "utc" }, "UTC, as cron expressions are"),
        ),
      ),
      h("button", { class: "main", type: "submit" }, "Explain"),
    ),
    () =>
      instant.value
        ? answer(trigger.id, instant.value)
        : h("p", { class: "soft" }, "Name a minute; the answer says what was decided then."),
  );
}

/** @param {string | undefined} instant */
function written(instant) {
  const at = instant ? new Date(instant) : new Date(clock());
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/**
 * @param {string} id
 * @param {string} instant
 */
function answer(id, instant) {
  const read = one((ended) =>
    get(`tocsin/v1/triggers/${encodeURIComponent(id)}:explain`, { instant }, ended),
  );
  return () => {
    if (read.error.value) return trouble(read.error.value, read.again);
    const found = read.value.value;
    if (!found) return h("p", null, "Asking …");
    return h(
      "div",
      { class: "answer" },
      h("h3", null, plain((found.reason ?? "").replace(/^REASON_/, ""))),
      h("p", null, found.explanation),
      h(
        "dl",
        { class: "facts" },
        fact("Minute", found.tick),
        fact("Decided", found.decidedAt),
        fact("Tick before", found.previousTick),
        fact("Tick after", found.nextTick),
        found.cronExpression
          ? [h("dt", null, "Cron then"), h("dd", null, h("code", null, found.cronExpression))]
          : null,
        found.pause ? [h("dt", null, "Pause"), h("dd", null, pauseWords(found.pause))] : null,
      ),
      (found.deliveries ?? []).map((/** @type {any} */ each) =>
        h(
          "p",
          null,
          h("a", { href: link(["invocations", each.invocation.id]) }, badge(each.invocation.state)),
          ` ${each.explanation}`,
        ),
      ),
    );
  };
}

/**
 * @param {string} name
 * @param {string | undefined} instant
 */
function fact(name, instant) {
  return instant ? [h("dt", null, name), h("dd", null, moment(instant))] : null;
}

/** @param {{ pausedAt?: string, resumedAt?: string }} pause */
function pauseWords({ pausedAt, resumedAt }) {
  const from = pausedAt ? `from ${both(pausedAt)}` : "before pauses were recorded";
  return `${from} ${resumedAt ? `to ${both(resumedAt)}` : "until now"}`;
}
