/** Deliveries that used up their calls: by cause, and one by one. */

import { h } from "../../core/dom.js";
import { folder } from "../../core/folder.js";
import { ask, here, link } from "../../core/router.js";
import { may } from "../../core/session.js";
import { effect } from "../../core/signals.js";
import { both, fromNow } from "../../core/times.js";
import { counted, many } from "../../core/words.js";
import { follow, watch } from "../../core/watch.js";
import { invocationTable } from "../../parts/invocations.js";
import { changeMany, progress } from "../../parts/jobs.js";
import { foot, listed, one, paged } from "../../parts/lists.js";
import { empty, sayTrouble, trouble } from "../../parts/messages.js";
import { permitted } from "../../parts/permitted.js";
import { selection } from "../../parts/table.js";

/** @typedef {import("../../core/messages.js").Invocation} Invocation */
/** @typedef {import("../../core/messages.js").Cause} Cause */

const REDRIVE = "tocsin/v1/deadLetters:redriveMany";
const WARNING =
  "Each one gets all the calls that its rule allows, the oldest first. Messages that are in the dead letter queue stay there.";

export function title() {
  return "Dead letters";
}

export function draw() {
  const selected = selection(() => [folder.value, here()]);
  const causes = one(async (ended) =>
    folder.value ? follow("tocsin/v1/deadLetters/causes", { folderId: folder.value }, ended) : {},
  );
  const list = paged(async (token, ended) => {
    if (!folder.value) return { items: [], next: "" };
    const query = { folderId: folder.value, causeId: here().query["cause"], pageSize: 100, pageToken: token };
    const answer = await follow("tocsin/v1/deadLetters", query, ended);
    return {
      items: /** @type {Invocation[]} */ (answer.deadLetters ?? []),
      next: answer.nextPageToken ?? "",
    };
  });
  effect(() => {
    watch({ topics: ["TOPIC_INVOCATIONS"], folderId: folder.value }, (change) => {
      const known = new Set(list.items.peek().map((each) => each.id));
      const mine = (change.invocations ?? []).some(
        (each) =>
          known.has(each.id) || each.state === "STATE_DEAD_LETTERED" || each.state === "STATE_DEAD_LETTERING",
      );
      if (!change.reset && !mine) return;
      causes.again();
      list.again();
    });
  });
  return [
    h(
      "div",
      { class: "head" },
      h(
        "div",
        null,
        h("h1", null, "Dead letters"),
        h("p", { class: "soft" }, "Deliveries that used up their calls, and wait for somebody."),
      ),
    ),
    progress(),
    () => (causes.error.value ? trouble(causes.error.value, causes.again) : null),
    () => byCause(causes.value.value ?? {}),
    listed(
      list,
      () => [() => bulk(selected), invocationTable(() => list.items.value, { selected })],
      () => nothing,
    ),
    foot(list, "dead letter"),
  ];
}

/** @param {{ causes?: Cause[], searchedUntil?: string }} found */
function byCause({ causes = [], searchedUntil }) {
  if (causes.length === 0) return null;
  return h(
    "section",
    { class: "card" },
    h(
      "header",
      null,
      h("h2", null, "By cause"),
      here().query["cause"]
        ? h(
            "button",
            { type: "button", class: "plain", onclick: () => ask({ cause: "" }) },
            "Show all causes",
          )
        : null,
    ),
    h("ul", { class: "verdicts" }, causes.map(cause)),
    searchedUntil
      ? h("p", { class: "hint" }, `Counted from ${both(searchedUntil)} on; older ones are not looked at.`)
      : null,
  );
}

/** @param {Cause} found */
function cause({ causeId, target, error, letters, oldestAt, newestAt, exampleInvocationId, triggers = [] }) {
  const which = { filter: { folderId: folder.value } };
  const redrive = () =>
    void changeMany(REDRIVE, which, {
      words: "Redrive",
      noun: "dead letter",
      warning: WARNING,
      more: { causeId },
    }).catch(sayTrouble);
  return h(
    "li",
    { "data-here": here().query["cause"] === causeId ? true : null },
    h(
      "div",
      { class: "actions" },
      h("strong", null, counted(letters?.count, letters?.atLeast)),
      h("code", null, target ?? ""),
      h("button", { type: "button", class: "plain", onclick: () => ask({ cause: causeId }) }, "Browse"),
      h("a", { href: link(["invocations", exampleInvocationId ?? ""]) }, "An example"),
      permitted("tocsin.deadLetters.redrive", `folders/${folder.value}`, () =>
        h("button", { type: "button", onclick: redrive }, "Redrive them …"),
      ),
    ),
    h("div", { class: "clipped" }, error || "No error is known."),
    h(
      "small",
      null,
      "from ",
      fromNow(oldestAt),
      " to ",
      fromNow(newestAt),
      triggers.length > 0 ? `, of ${triggers.map((each) => each.name || each.triggerId).join(", ")}` : "",
    ),
  );
}

function nothing() {
  return here().query["cause"]
    ? empty(
        "No dead letter has this cause any more.",
        h("p", null, h("a", { href: link(["dead-letters"]) }, "Show all causes")),
      )
    : empty("There are no dead letters in this folder.", h("p", null, "That is as it should be."));
}

/** @param {import("../../core/signals.js").Signal<ReadonlySet<string>>} selected */
function bulk(selected) {
  if (!may("tocsin.deadLetters.redrive", `folders/${folder.value}`)) return null;
  const causeId = here().query["cause"];
  const what = () =>
    selected.value.size > 0
      ? many(selected.value.size, "selected dead letter")
      : causeId
        ? "all of this cause"
        : "all of this folder";
  const redrive = () => {
    const ids = [...selected.peek()];
    const which = ids.length > 0 ? { invocationIds: ids } : { filter: { folderId: folder.value } };
    const more = causeId && ids.length === 0 ? { causeId } : {};
    changeMany(REDRIVE, which, { words: "Redrive", noun: "dead letter", warning: WARNING, more }).then(
      (changed) => {
        if (changed) selected.value = new Set();
      },
      sayTrouble,
    );
  };
  return h(
    "div",
    { class: "actions" },
    h("span", { class: "soft" }, () => `With ${what()}:`),
    h("button", { type: "button", onclick: redrive }, "Redrive …"),
  );
}
