/** Signs the reader in: by an API key, or by an issuer that sends the browser back here. */

import { get, post } from "../core/api.js";
import { h } from "../core/dom.js";
import { readWho } from "../core/session.js";
import { signal } from "../core/signals.js";
import { trouble } from "../parts/messages.js";

/** @typedef {import("../core/session.js").Ways} Ways */

/** Where the reader was before an issuer was asked. */
const PLACE = "tocsin.place";

/** What went wrong last. */
const wrong = signal(/** @type {unknown} */ (null));
const busy = signal(false);

/**
 * Draws the ways to sign in.
 *
 * @param {Ways} ways
 */
export function signIn(ways) {
  document.title = "Sign in · Tocsin";
  return h(
    "main",
    { class: "screen sign-in", id: "screen", tabindex: "-1" },
    h("h1", null, "Sign in"),
    () => (wrong.value ? trouble(wrong.value) : null),
    ways.issuers.length > 0 ? h("div", { class: "stack" }, ways.issuers.map(issuerButton)) : null,
    keyForm(ways.issuers.length === 0),
  );
}

/**
 * Tells somebody who is signed in why there is nothing to see.
 *
 * @param {import("../core/session.js").Who} who
 */
export function withoutRole(who) {
  document.title = "No role · Tocsin";
  const command = `tocsin access bindings add '${who.subject}' viewer folders/FOLDER`;
  return h(
    "main",
    { class: "screen sign-in", id: "screen", tabindex: "-1" },
    h("h1", null, "You have no role yet"),
    h("p", null, "You are signed in as ", h("code", null, who.subject), ", who may see nothing here."),
    h("p", null, "An administrator gives you a role, such as ", h("code", null, command), "."),
    h(
      "div",
      { class: "actions" },
      h("button", { type: "button", onclick: () => location.reload() }, "Look again"),
    ),
  );
}

/** @param {import("../core/session.js").Issuer} issuer */
function issuerButton(issuer) {
  return h(
    "button",
    {
      type: "button",
      class: "main",
      disabled: () => busy.value,
      onclick: () => void tried(() => goTo(issuer)),
    },
    `Sign in with ${issuer.title}`,
  );
}

/** @param {boolean} alone  whether there is no other way */
function keyForm(alone) {
  const key = h("input", {
    type: "password",
    name: "api-key",
    autocomplete: "current-password",
    spellcheck: "false",
    required: true,
    autofocus: alone,
  });
  return h(
    "form",
    {
      class: "card",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void tried(() => signInWith(key));
      },
    },
    h("label", { class: "field" }, h("span", null, "API key"), key),
    h(
      "small",
      null,
      "An administrator makes one: ",
      h("code", null, "tocsin access api-keys create ACCOUNT"),
    ),
    h(
      "div",
      { class: "actions" },
      h("button", { type: "submit", class: alone ? "main" : "", disabled: () => busy.value }, "Sign in"),
    ),
  );
}

/** @param {HTMLInputElement} key */
async function signInWith(key) {
  await post("tocsin/v1/session:signIn", { apiKey: key.value });
  key.value = "";
  await readWho();
}

/** @param {import("../core/session.js").Issuer} issuer */
async function goTo(issuer) {
  const asked = { issuer: issuer.name, redirectUri: pageUrl() };
  const { authorizationUrl } = await post("tocsin/v1/session:beginSignIn", asked);
  sessionStorage.setItem(PLACE, location.hash);
  location.assign(authorizationUrl);
}

/**
 * Completes a sign-in with which an issuer has sent the browser back, and goes to where it began.
 *
 * The code leaves the address at once: it must not stay in the history, nor be sent to anybody.
 *
 * @param {URLSearchParams} answer  what the issuer put into the address
 */
export async function complete(answer) {
  const place = sessionStorage.getItem(PLACE) ?? "";
  sessionStorage.removeItem(PLACE);
  history.replaceState(null, "", `${location.pathname}${place}`);
  dispatchEvent(new HashChangeEvent("hashchange"));
  await tried(async () => {
    const refused = answer.get("error");
    if (refused) throw new Error(`The issuer refused: ${answer.get("error_description") || refused}`);
    // The browser asked this once while it loaded the scripts: that answer is older than the sign-in.
    await get("tocsin/v1/session");
    await post("tocsin/v1/session:completeSignIn", {
      code: answer.get("code") ?? "",
      state: answer.get("state") ?? "",
      iss: answer.get("iss") ?? "",
      redirectUri: pageUrl(),
    });
  });
}

/** @param {() => Promise<void>} work */
async function tried(work) {
  busy.value = true;
  wrong.value = null;
  try {
    await work();
  } catch (error) {
    wrong.value = error;
  } finally {
    busy.value = false;
  }
}

/** Returns the URL to which issuers send the browser back. */
function pageUrl() {
  return location.origin + location.pathname;
}
