/** One trigger: what it is, when it fires, how its last runs went. */

import { curl } from "../../core/curl.js";
import { h } from "../../core/dom.js";
import { go, here, link } from "../../core/router.js";
import { copyButton } from "../../parts/copying.js";
import { actionOf, actionWords, kindName, ruleOf } from "../../parts/kinds.js";
import { one, whenRead } from "../../parts/lists.js";
import { confirmed } from "../../parts/asking.js";
import { say, sayTrouble, trouble } from "../../parts/messages.js";
import { permitted } from "../../parts/permitted.js";
import { badge } from "../../parts/states.js";
import { mutate } from "../../parts/operations.js";
import { moment } from "../../core/times.js";
import { follow, watch } from "../../core/watch.js";
import { renderedAs } from "../../parts/documents.js";
import { editing } from "./editing.js";
import { explaining } from "./explaining.js";
import { firing } from "./firing.js";
import { intake } from "./intake.js";
import { nextFires } from "./next-fires.js";
import { runs } from "./runs.js";

/** @typedef {import("../../core/messages.js").Trigger} Trigger */

/** @type {[path: string, words: string, permission: string][]} */
const TABS = [
  ["", "Runs", "serverless.triggers.get"],
  ["why", "Why did it not fire?", "tocsin.invocations.get"],
  ["fire", "Fire now", "tocsin.triggers.fire"],
  ["edit", "Edit", "serverless.triggers.update"],
];

/** @param {string[]} path */
export function title([, id = ""]) {
  return `Trigger ${id}`;
}

/** @param {string[]} path */
export function draw([, id = "", tab = ""]) {
  const read = one((signal) => follow(`triggers/v1/triggers/${encodeURIComponent(id)}`, {}, signal));
  watch({ topics: ["TOPIC_TRIGGERS", "TOPIC_INVOCATIONS", "TOPIC_INTAKES"], triggerId: id }, (change) => {
    if (change.reset || change.triggers) read.again();
  });
  const trigger = () => /** @type {Trigger} */ (read.value.value);
  return whenRead(read, () => [
    () => head(trigger(), read.again),
    () => tabs(trigger(), tab),
    body(trigger, tab, read.again),
  ]);
}

/**
 * @param {Trigger} trigger
 * @param {() => void} again
 */
function head(trigger, again) {
  const paused = trigger.status === "PAUSED";
  const path = `triggers/v1/triggers/${encodeURIComponent(trigger.id)}`;
  const parent = `folders/${trigger.folderId}`;
  const turn = () =>
    void mutate("POST", `${path}:${paused ? "resume" : "pause"}`, {})
      .then(again)
      .catch(sayTrouble);
  return h(
    "div",
    { class: "head" },
    h(
      "div",
      null,
      h("p", { class: "crumbs" }, h("a", { href: link(["triggers"]) }, "Triggers"), ` / ${trigger.id}`),
      h("h1", null, trigger.name || trigger.id),
      trigger.description ? h("p", { class: "soft" }, trigger.description) : null,
    ),
    badge(trigger.status),
    h(
      "div",
      { class: "actions" },
      permitted(`serverless.triggers.${paused ? "resume" : "pause"}`, parent, () => [
        h("button", { type: "button", onclick: turn }, paused ? "Resume" : "Pause"),
        copyButton("Copy as curl", () => curl("POST", `${path}:${paused ? "resume" : "pause"}`, {})),
      ]),
      permitted("serverless.triggers.delete", parent, () =>
        h(
          "button",
          { type: "button", class: "danger", onclick: () => void remove(trigger, path) },
          "Delete …",
        ),
      ),
    ),
  );
}

/**
 * @param {Trigger} trigger
 * @param {string} path
 */
async function remove(trigger, path) {
  const agreed = await confirmed({
    title: `Delete ${trigger.name || trigger.id}?`,
    words: "It fires no more, and deliveries that wait are cancelled. This can't be undone.",
    action: "Delete it",
    command: curl("DELETE", path),
    danger: true,
  });
  if (!agreed) return;
  try {
    await mutate("DELETE", path);
    say(`${trigger.name || trigger.id} is deleted.`);
    go(["triggers"]);
  } catch (error) {
    sayTrouble(error);
  }
}

/**
 * @param {Trigger} trigger
 * @param {string} at
 */
function tabs({ id, folderId }, at) {
  return h(
    "nav",
    { class: "tabs", "aria-label": "Of this trigger" },
    TABS.map(([name, words, permission]) =>
      permitted(permission, `folders/${folderId}`, () =>
        h(
          "a",
          { href: link(["triggers", id, name].filter(Boolean)), "aria-current": name === at ? "page" : null },
          words,
        ),
      ),
    ),
  );
}

/**
 * @param {() => Trigger} trigger
 * @param {string} tab
 * @param {() => void} again
 */
function body(trigger, tab, again) {
  if (tab === "why") return explaining(trigger(), here().query["at"]);
  if (tab === "fire") return firing(trigger());
  if (tab === "edit") return editing(trigger(), again);
  const [kind] = ruleOf(trigger());
  return [
    runs(trigger()),
    h(
      "div",
      { class: "cards" },
      () => facts(trigger()),
      kind === "timer" ? nextFires(trigger()) : intake(trigger()),
    ),
    () => written(trigger()),
  ];
}

/** @param {Trigger} trigger */
function facts(trigger) {
  const [kind, rule] = ruleOf(trigger);
  const labels = Object.entries(trigger.labels ?? {});
  return h(
    "section",
    { class: "card" },
    h("h2", null, "What it is"),
    h(
      "dl",
      { class: "facts" },
      h("dt", null, "Kind"),
      h("dd", null, kindName(kind)),
      rule["cronExpression"]
        ? [h("dt", null, "Cron"), h("dd", null, h("code", null, rule["cronExpression"]), " UTC")]
        : null,
      h("dt", null, "Calls"),
      h("dd", null, actionWords(actionOf(rule))),
      h("dt", null, "Created"),
      h("dd", null, moment(trigger.createdAt)),
      labels.length > 0
        ? [
            h("dt", null, "Labels"),
            h(
              "dd",
              null,
              labels.map(([name, value]) => h("div", null, h("code", null, `${name}=${value}`))),
            ),
          ]
        : null,
    ),
  );
}

/** @param {Trigger} trigger */
function written(trigger) {
  const read = one(() => renderedAs(trigger, "yaml"));
  return h(
    "section",
    { class: "card" },
    h(
      "header",
      null,
      h("h2", null, "The rule as the contract has it"),
      h(
        "div",
        { class: "actions" },
        copyButton("Copy as YAML", () => renderedAs(trigger, "yaml")),
        copyButton("as curl", () => renderedAs(trigger, "curl")),
        copyButton("as Terraform", () => renderedAs(trigger, "terraform")),
      ),
    ),
    () =>
      read.error.value
        ? trouble(read.error.value, read.again)
        : h("pre", { class: "code", tabindex: "0" }, read.value.value ?? ""),
  );
}
