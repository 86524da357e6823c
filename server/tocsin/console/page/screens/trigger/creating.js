/** Makes a trigger: a timer by a form, any kind as a document. */

import { getLinted } from "../../core/api.js";
import { curl } from "../../core/curl.js";
import { h } from "../../core/dom.js";
import { folder, choose } from "../../core/folder.js";
import { go, link } from "../../core/router.js";
import { effect, onCleanup, signal } from "../../core/signals.js";
import { copyButton } from "../../parts/copying.js";
import { ONE_ONLY, parsed } from "../../parts/documents.js";
import { editor } from "../../parts/editor.js";
import { say, surprises, trouble } from "../../parts/messages.js";
import { mutate } from "../../parts/operations.js";
import { moment } from "../../core/times.js";
import { DOCUMENTS } from "./templates.js";

const CREATE = "triggers/v1/triggers";
const CREATE_PAUSED = "tocsin/v1/triggers:createPaused";

/** @type {[string, string][]} */
const RHYTHMS = [
  ["* * ? * * *", "Every minute"],
  ["0/5 * ? * * *", "Every five minutes"],
  ["0 * ? * * *", "Every hour"],
  ["0 9 ? * MON-FRI *", "At 09:00 UTC on working days"],
  ["0 0 * * ? *", "At midnight UTC"],
];

export function title() {
  return "New trigger";
}

export function draw() {
  const error = signal(/** @type {unknown} */ (null));
  return [
    h(
      "div",
      { class: "head" },
      h(
        "div",
        null,
        h("p", { class: "crumbs" }, h("a", { href: link(["triggers"]) }, "Triggers")),
        h("h1", null, "New trigger"),
      ),
    ),
    timerForm(error),
    () => (error.value ? trouble(error.value) : null),
    documentForm(error),
  ];
}

/** @param {import("../../core/signals.js").Signal<unknown>} error */
function timerForm(error) {
  const cron = signal("* * ? * * *");
  const body = (/** @type {HTMLFormElement} */ form) => {
    const data = Object.fromEntries(
      [...new FormData(form)].map(([name, value]) => [
        name,
        name === "payload" ? String(value) : String(value).trim(),
      ]),
    );
    const action = data["what"] === "container" ? "invokeContainerWithRetry" : "invokeFunction";
    const id = data["what"] === "container" ? "containerId" : "functionId";
    const timer = {
      cronExpression: data["cron"],
      payload: data["payload"],
      [action]: { [id]: data["target"] },
    };
    return { folderId: data["folder"], name: data["name"], rule: { timer } };
  };
  const create = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void made(body(/** @type {HTMLFormElement} */ (event.target)), error);
  };
  /** @type {HTMLFormElement} */
  const form = h(
    "form",
    { class: "card", onsubmit: create },
    h("h2", null, "A timer"),
    h(
      "div",
      { class: "fields" },
      field("Folder", h("input", { name: "folder", required: true, value: () => folder.value || "default" })),
      field("Name", h("input", { name: "name", required: true, placeholder: "every-minute" })),
      field(
        "Cron expression, in UTC",
        h("input", {
          name: "cron",
          required: true,
          list: "rhythms",
          value: cron.peek(),
          oninput: (/** @type {Event} */ event) =>
            (cron.value = /** @type {HTMLInputElement} */ (event.target).value),
        }),
      ),
      field(
        "Calls a",
        h(
          "select",
          { name: "what" },
          h("option", { value: "function" }, "function"),
          h("option", { value: "container" }, "container"),
        ),
      ),
      field("with the id", h("input", { name: "target", required: true, placeholder: "hello" })),
      field("Payload", h("input", { name: "payload" })),
    ),
    h(
      "datalist",
      { id: "rhythms" },
      RHYTHMS.map(([value, words]) => h("option", { value }, words)),
    ),
    preview(cron),
    h(
      "div",
      { class: "actions" },
      h("button", { class: "main", type: "submit" }, "Create the timer"),
      copyButton("Copy as curl", () => curl("POST", CREATE, body(form))),
    ),
    h(
      "p",
      { class: "soft" },
      "Which URL a function or a container has, its operator says in ",
      h("code", null, "[targets]"),
      " of ",
      h("code", null, "tocsin.toml"),
      ".",
    ),
  );
  return form;
}

/** @param {import("../../core/signals.js").Signal<string>} cron */
function preview(cron) {
  const times = signal(/** @type {string[]} */ ([]));
  const wrong = signal("");
  const lint = signal(/** @type {string[]} */ ([]));
  effect(() => {
    const cronExpression = cron.value;
    const asked = setTimeout(() => {
      getLinted("tocsin/v1/nextFireTimes", { cronExpression, count: 3 }).then(
        (read) => {
          if (cron.peek() !== cronExpression) return;
          times.value = read.answer.fireTimes ?? [];
          lint.value = read.lint;
          wrong.value = times.value.length > 0 ? "" : "It never fires.";
        },
        (error) => {
          if (cron.peek() === cronExpression)
            wrong.value = error.violations?.[0]?.description ?? error.message;
        },
      );
    }, 200);
    onCleanup(() => clearTimeout(asked));
  });
  return h("div", { class: "preview", role: "status" }, () =>
    wrong.value
      ? h("p", { class: "hint" }, wrong.value)
      : times.value.length > 0
        ? [
            h(
              "p",
              { class: "actions" },
              h("span", { class: "soft" }, "It fires next:"),
              times.value.map((at) => moment(at)),
            ),
            surprises(lint.value),
          ]
        : null,
  );
}

/** @param {import("../../core/signals.js").Signal<unknown>} error */
function documentForm(error) {
  const kind = signal("timer");
  return h(
    "section",
    { class: "card" },
    h("h2", null, "Any kind, as a document"),
    h(
      "label",
      { class: "field" },
      h("span", null, "Begin with an example of"),
      h(
        "select",
        {
          onchange: (/** @type {Event} */ event) =>
            (kind.value = /** @type {HTMLSelectElement} */ (event.target).value),
        },
        Object.entries(DOCUMENTS).map(([name, { words }]) => h("option", { value: name }, words)),
      ),
    ),
    () => {
      const edited = editor({
        label: "The trigger as YAML",
        text: DOCUMENTS[kind.value]?.text ?? "",
        rows: 14,
      });
      const create = async () => {
        error.value = null;
        edited.wrong.value = [];
        try {
          const { triggers, violations } = await parsed(edited.text(), folder.peek() || "default");
          edited.wrong.value = violations;
          const trigger = triggers[0];
          if (violations.length > 0 || !trigger) return;
          if (triggers.length > 1) throw new Error(ONE_ONLY);
          const { folderId, name, description, labels, rule, status } = trigger;
          const path = status === "PAUSED" ? CREATE_PAUSED : CREATE;
          await made({ folderId, name, description, labels, rule }, error, path);
        } catch (caught) {
          error.value = caught;
        }
      };
      return [
        edited.node,
        h(
          "div",
          { class: "actions" },
          h("button", { class: "main", type: "button", onclick: () => void create() }, "Create the trigger"),
        ),
      ];
    },
  );
}

/**
 * @param {import("../../core/api.js").Json} body
 * @param {import("../../core/signals.js").Signal<unknown>} error
 * @param {string} [path]  of the method
 */
async function made(body, error, path = CREATE) {
  error.value = null;
  try {
    const operation = await mutate("POST", path, body);
    choose(String(body["folderId"]));
    say("The trigger is made.");
    go(["triggers", operation.metadata.triggerId]);
  } catch (caught) {
    error.value = caught;
  }
}

/**
 * @param {string} words
 * @param {HTMLElement} input
 */
function field(words, input) {
  return h("label", { class: "field" }, h("span", null, words), input);
}
