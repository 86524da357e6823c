/** Loads the screen of the place where the reader is, and shows it. */

import { h } from "./core/dom.js";
import { here, link } from "./core/router.js";
import { effect, scope, signal, untracked } from "./core/signals.js";
import { empty } from "./parts/messages.js";

/** @typedef {import("./core/dom.js").Child} Child */
/** @typedef {{ title: (path: string[]) => string, draw: (path: string[]) => Child }} Screen */

/** @type {Record<string, () => Promise<Screen>>} */
const SCREENS = {
  "/": () => import("./screens/overview/overview.js"),
  "/triggers": () => import("./screens/triggers/triggers.js"),
  "/triggers/new": () => import("./screens/trigger/creating.js"),
  "/triggers/*": () => import("./screens/trigger/trigger.js"),
  "/triggers/*/*": () => import("./screens/trigger/trigger.js"),
  "/invocations": () => import("./screens/invocations/list.js"),
  "/invocations/*": () => import("./screens/invocations/invocation.js"),
  "/dead-letters": () => import("./screens/dead-letters/dead-letters.js"),
  "/executions": () => import("./screens/invocations/executions.js"),
  "/schedules": () => import("./screens/schedules/list.js"),
  "/schedules/*": () => import("./screens/schedules/schedule.js"),
  "/test-event": () => import("./screens/test-event.js"),
};

/** The screen that is shown. */
export const shown = signal(/** @type {Node | null} */ (null));

/** Shows the screen of the place: anew when its path changes, and not when a filter does. */
export function showScreens() {
  let leave = () => {};
  let at = /** @type {string | null} */ (null);
  effect(() => {
    const { path } = here();
    const name = path.join("/");
    if (name === at) return;
    at = name;
    untracked(() => {
      void loaded(path).then((screen) => {
        if (at !== name) return;
        leave();
        leave = scope(() => {
          shown.value = h("main", { class: "screen", id: "screen", tabindex: "-1" }, screen.draw(path));
        });
        document.title = `${screen.title(path)} · Tocsin`;
        scrollTo(0, 0);
      });
    });
  });
}

/**
 * @param {string[]} path
 * @returns {Promise<Screen>}
 */
async function loaded(path) {
  const pattern = path.map((part, index) => (index === 0 ? part : "*")).join("/");
  const load = SCREENS[`/${path.join("/")}`] ?? SCREENS[`/${pattern}`];
  if (!load) return { title: () => "Not found", draw: nowhere };
  return load();
}

function nowhere() {
  return empty("There is no such screen.", h("p", null, h("a", { href: link([]) }, "To the overview")));
}
