/** One delivery: what was sent, what came back, and each attempt on a line of time. */

import { post } from "../../core/api.js";
import { curl } from "../../core/curl.js";
import { h } from "../../core/dom.js";
import { link } from "../../core/router.js";
import { untracked } from "../../core/signals.js";
import { duration, fromNow, milliseconds, moment } from "../../core/times.js";
import { plain, pretty, textOf } from "../../core/words.js";
import { follow, watch } from "../../core/watch.js";
import { copyButton } from "../../parts/copying.js";
import { originLink, originOf } from "../../parts/invocations.js";
import { one, whenRead } from "../../parts/lists.js";
import { say, sayTrouble } from "../../parts/messages.js";
import { permitted } from "../../parts/permitted.js";
import { badge, bare, FINAL } from "../../parts/states.js";
import { attempts } from "./attempts.js";
import { resending } from "./resending.js";

/** @typedef {import("../../core/messages.js").Invocation} Invocation */

/** @param {string[]} path */
function pathOf([, id = ""]) {
  return `tocsin/v1/invocations/${encodeURIComponent(id)}`;
}

/** @param {string[]} path */
export function title([, id = ""]) {
  return `Invocation ${id}`;
}

/** @param {string[]} path */
export function draw(path) {
  const read = one((signal) => follow(pathOf(path), {}, signal));
  watch({ topics: ["TOPIC_INVOCATIONS"] }, (change) => {
    if (change.reset || change.invocations?.some((each) => each.id === path[1])) read.again();
  });
  const invocation = () => /** @type {Invocation} */ (read.value.value?.invocation);
  return whenRead(read, () => [
    () => head(invocation(), pathOf(path), read.again),
    () => facts(invocation(), read.value.value?.traceUrl),
    () => attempts(invocation()),
    () => bodies(invocation()),
    permitted("tocsin.invocations.resend", invocation().integration ?? invocation().parent, () =>
      untracked(() => resending(invocation())),
    ),
  ]);
}

/**
 * @param {Invocation} invocation
 * @param {string} path
 * @param {() => void} again
 */
function head(invocation, path, again) {
  const state = bare(invocation.state);
  const resource = invocation.integration ?? invocation.parent;
  const act = (/** @type {string} */ verb, /** @type {string} */ done) => () =>
    void post(`${path}:${verb}`)
      .then(() => (say(done), again()))
      .catch(sayTrouble);
  const retriable = FINAL.includes(state) || state === "RETRYING" || state === "DEAD_LETTERING";
  const cancellable = ["PENDING", "RETRYING", "DEAD_LETTERING"].includes(state);
  return h(
    "div",
    { class: "head" },
    h(
      "div",
      null,
      h(
        "p",
        { class: "crumbs" },
        h("a", { href: link(["invocations"]) }, "Invocations"),
        ` / ${invocation.id}`,
      ),
      h("h1", null, `${originOf(invocation)} `, h("small", null, "for ", moment(invocation.scheduledAt))),
    ),
    badge(invocation.state),
    h(
      "div",
      { class: "actions" },
      retriable
        ? permitted("tocsin.invocations.retry", resource, () => [
            h("button", { type: "button", onclick: act("retry", "It is delivered again.") }, "Deliver again"),
            copyButton("Copy as curl", () => curl("POST", `${path}:retry`, {})),
          ])
        : null,
      cancellable
        ? permitted("tocsin.invocations.cancel", resource, () => [
            h(
              "button",
              { type: "button", class: "danger", onclick: act("cancel", "It is cancelled.") },
              "Cancel",
            ),
            copyButton("Copy as curl", () => curl("POST", `${path}:cancel`, {})),
          ])
        : null,
    ),
  );
}

/**
 * @param {Invocation} invocation
 * @param {string | undefined} traceUrl
 */
function facts(invocation, traceUrl) {
  const { lastError, dueAt, traceId, resentFrom, schedule, triggerId, scheduledAt } = invocation;
  return h(
    "section",
    { class: "card" },
    lastError && bare(invocation.state) !== "SUCCEEDED"
      ? h("div", { class: "trouble" }, h("strong", null, "Why it failed: "), lastError)
      : null,
    h(
      "dl",
      { class: "facts" },
      fact("What", originLink(invocation)),
      fact("Calls", h("code", null, invocation.target ?? "")),
      fact("Cause", plain((invocation.cause ?? "").replace(/^CAUSE_/, ""))),
      fact("Scheduled for", moment(scheduledAt)),
      fact("Late", invocation.lateness ? duration(milliseconds(invocation.lateness)) : "–"),
      fact("Began", moment(invocation.startedAt)),
      fact("Ended", moment(invocation.finishedAt)),
      fact("Took", invocation.duration ? duration(milliseconds(invocation.duration)) : "–"),
      dueAt ? fact("Next call", h("span", null, fromNow(dueAt), ", ", moment(dueAt))) : null,
      invocation.node ? fact("On node", invocation.node) : null,
      invocation.deadLetterQueue
        ? fact("Dead letters go to", h("code", null, invocation.deadLetterQueue))
        : null,
      resentFrom
        ? fact("Sent again from", h("a", { href: link(["invocations", resentFrom]) }, resentFrom))
        : null,
      schedule ? fact("Schedule", h("a", { href: link(["schedules", schedule]) }, schedule)) : null,
      traceId
        ? fact(
            "Trace",
            traceUrl ? h("a", { href: traceUrl, rel: "noreferrer" }, traceId) : h("code", null, traceId),
          )
        : null,
    ),
    triggerId && scheduledAt
      ? h(
          "p",
          null,
          h(
            "a",
            { href: link(["triggers", triggerId, "why"], { at: scheduledAt }) },
            "Why did it fire then?",
          ),
        )
      : null,
  );
}

/**
 * @param {string} name
 * @param {import("../../core/dom.js").Child} value
 */
function fact(name, value) {
  return [h("dt", null, name), h("dd", null, value)];
}

/** @param {Invocation} invocation */
function bodies({ id, payload, answer, headers = [], leftOut = [] }) {
  return h(
    "div",
    { class: "cards" },
    h(
      "section",
      { class: "card" },
      h(
        "header",
        null,
        h("h2", null, "What was sent"),
        copyButton("Copy", () => textOf(payload) ?? payload ?? ""),
      ),
      headers.length > 0
        ? h(
            "details",
            null,
            h("summary", null, "Headers"),
            h(
              "pre",
              { class: "code", tabindex: "0" },
              headers.map((each) => `${each.name}: ${each.value}`).join("\n"),
            ),
          )
        : null,
      content(payload, leftOut.includes("payload"), id),
    ),
    answer || leftOut.includes("answer")
      ? h(
          "section",
          { class: "card" },
          h("h2", null, "What the target answered"),
          content(answer, leftOut.includes("answer"), id),
        )
      : null,
  );
}

/**
 * @param {string | undefined} base64
 * @param {boolean} leftOut
 * @param {string} id
 */
function content(base64, leftOut, id) {
  if (leftOut)
    return h(
      "p",
      { class: "hint" },
      "It is too large to show here. ",
      h("code", null, `tocsin invocations get ${id} --whole`),
      " has it.",
    );
  const text = textOf(base64);
  if (text === "") return h("p", { class: "soft" }, "Nothing.");
  return h("pre", { class: "code", tabindex: "0" }, text === null ? `${base64} (Base64)` : pretty(text));
}
