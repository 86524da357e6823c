/** The frame of the page: where one is, what there is, and the screen that was asked for. */

import { h, svg } from "./core/dom.js";
import { shortcut, shortcuts } from "./core/keyboard.js";
import { go, here, link } from "./core/router.js";
import { issuersAnswer, readWho, signOut, ways, who } from "./core/session.js";
import { effect, scope, signal, untracked } from "./core/signals.js";
import { followVersion, outdated } from "./core/version.js";
import { liveState, startWatching, watchAgain } from "./core/watch.js";
import { folderPicker } from "./parts/folders.js";
import { dialog, sayTrouble, trouble } from "./parts/messages.js";
import { showScreens, shown } from "./screens.js";

/** What is shown in place of a screen while one must sign in. */
const door = signal(/** @type {Node | null} */ (null));

/** @type {[string, string][]} */
const MENU = [
  ["", "Overview"],
  ["triggers", "Triggers"],
  ["invocations", "Invocations"],
  ["dead-letters", "Dead letters"],
  ["executions", "Executions"],
  ["schedules", "Schedules"],
  ["test-event", "Test an event"],
];

function menu() {
  return h(
    "nav",
    { class: "menu", "aria-label": "Screens" },
    h(
      "ul",
      null,
      MENU.map(([name, words]) =>
        h(
          "li",
          null,
          h(
            "a",
            {
              href: link(name ? [name] : []),
              "aria-current": () => ((here().path[0] ?? "") === name ? "page" : null),
            },
            words,
          ),
        ),
      ),
    ),
  );
}

function bell() {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("path", {
      fill: "currentColor",
      d:
        "M12 2a2 2 0 0 1 2 2v.6A6.5 6.5 0 0 1 18.5 11v4.2l1.8 2.6a.8.8 0 0 1-.7 1.2H4.4a.8.8 0 0 1-.7-1.2" +
        "l1.8-2.6V11A6.5 6.5 0 0 1 10 4.6V4a2 2 0 0 1 2-2zM9.3 20.3h5.4a2.8 2.8 0 0 1-5.4 0z",
    }),
  );
}

const LIVE = { connecting: "Connecting", live: "Live", lost: "Not live" };

function bar() {
  return h(
    "header",
    { class: "bar" },
    h("a", { class: "brand", href: link([]) }, bell(), "Tocsin"),
    () => (isIn() ? folderPicker() : null),
    h("span", { class: "push" }),
    () => (isIn() ? live() : null),
    signedIn,
    h("button", { type: "button", class: "plain", onclick: showShortcuts, "aria-label": "Keys" }, "?"),
  );
}

function live() {
  return h(
    "span",
    { class: "live", "data-state": () => liveState.value, role: "status" },
    () => LIVE[liveState.value],
  );
}

function signedIn() {
  if (!who.value?.accessControl) return null;
  return [
    h("span", { title: who.value.subject }, who.value.name || who.value.subject),
    h("button", { type: "button", class: "plain", onclick: () => signOut().catch(sayTrouble) }, "Sign out"),
  ];
}

function newer() {
  if (!outdated.value) return null;
  return h(
    "div",
    { class: "lost", role: "alert" },
    "The server has another version of this page now. ",
    h("button", { type: "button", onclick: () => location.reload() }, "Load it"),
  );
}

function lost() {
  return liveState.value === "lost"
    ? h(
        "div",
        { class: "lost", role: "alert" },
        "The server does not answer. This page tries again by itself; what it shows may be old.",
      )
    : null;
}

function showShortcuts() {
  dialog("Keys", (close) => [
    h(
      "dl",
      { class: "facts" },
      shortcuts().map((each) => [h("dt", null, h("kbd", null, each.key)), h("dd", null, each.does)]),
    ),
    h("div", { class: "actions" }, h("button", { type: "button", class: "main", onclick: close }, "Close")),
  ]);
}

function bindKeys() {
  shortcut("?", "Show the keys", showShortcuts);
  shortcut("/", "Search", () => {
    const search = document.querySelector("input[type=search]");
    if (search instanceof HTMLElement) search.focus();
  });
  for (const [key, name, words] of /** @type {const} */ ([
    ["o", "", "overview"],
    ["t", "triggers", "triggers"],
    ["i", "invocations", "invocations"],
    ["d", "dead-letters", "dead letters"],
  ])) {
    shortcut(key, `To the ${words}`, () => go(name ? [name] : []));
  }
}

scope(() => {
  bindKeys();
  effect(() => {
    if (isIn()) untracked(showOnce);
  });
  effect(() => {
    // What the first screen watches is known then.
    if (shown.value) untracked(startOnce);
  });
  effect(openDoor);
  begin();
  document.body.prepend(
    h("a", { class: "skip unseen", href: "#screen", onclick: skip }, "To the content"),
    h("div", { class: "frame" }, bar(), () => (isIn() ? menu() : null), screen, lost, newer),
  );
});

function screen() {
  return door.value ?? shown.value ?? h("main", { class: "screen" });
}

function openDoor() {
  const [found, reader] = [ways.value, who.value];
  const excluded = hasNoRole() ? reader : null;
  if (!found && !excluded) {
    if (door.peek()) watchAgain();
    door.value = null;
    return;
  }
  void import("./screens/sign-in.js").then(({ signIn, withoutRole }) => {
    scope(() => {
      if (ways.peek() !== found || who.peek() !== reader) return;
      door.value = found ? signIn(found) : excluded && withoutRole(excluded);
    });
  });
}

function hasNoRole() {
  return who.value?.accessControl && (who.value.allowed ?? []).length === 0;
}

/** Tells whether there is anything that the reader may see. */
function isIn() {
  return who.value && !hasNoRole();
}

function begin() {
  start().catch((error) => {
    scope(() => {
      door.value = h("main", { class: "screen" }, trouble(error, begin));
    });
  });
}

async function start() {
  const answer = issuersAnswer();
  if (answer) await (await import("./screens/sign-in.js")).complete(answer);
  await readWho();
}

let drawn = false;

function showOnce() {
  if (drawn) return;
  drawn = true;
  scope(showScreens);
}

let started = false;

function startOnce() {
  if (started) return;
  started = true;
  // It goes on whatever screen is shown.
  scope(startWatching);
  scope(followVersion);
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("screen")?.focus();
}
