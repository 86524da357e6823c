/** Runs of integrations. */

import { h } from "../../core/dom.js";
import { here, link } from "../../core/router.js";
import { search, select } from "../../parts/filters.js";
import { invocationTable } from "../../parts/invocations.js";
import { foot, listed } from "../../parts/lists.js";
import { progress } from "../../parts/jobs.js";
import { liveInvocations } from "../../parts/live-list.js";
import { locationField, place } from "../../parts/locations.js";
import { empty } from "../../parts/messages.js";
import { selection } from "../../parts/table.js";
import { bulkActions } from "./bulk.js";
import { narrowed, RANGES, STATE_CHOICES } from "./list.js";

function integration() {
  return `${place.value}/integrations/${here().query["integration"] || "-"}`;
}

function filter() {
  const { state, range, error } = here().query;
  return { integration: integration(), ...narrowed(state, range, error) };
}

export function title() {
  return "Executions";
}

export function draw() {
  const selected = selection(() => [place.value, here()]);
  const list = liveInvocations(filter, () => (place.value ? { integration: integration() } : null));
  return [
    h(
      "div",
      { class: "head" },
      h(
        "div",
        null,
        h("h1", null, "Executions"),
        h("p", { class: "soft" }, "Runs of integrations: scheduled, by hand, or by a schedule."),
      ),
      h("a", { class: "button", href: link(["schedules"]) }, "Schedules"),
    ),
    h(
      "div",
      { class: "filters", role: "search" },
      locationField(),
      search("Integration", "integration", "name"),
      select("State", "state", STATE_CHOICES),
      select("Scheduled", "range", RANGES),
      search("Error", "error", "text in the error …"),
    ),
    progress(),
    listed(
      list,
      () => [
        bulkActions(selected, filter, () => place.value),
        invocationTable(() => list.items.value, { selected }),
      ],
      nothing,
    ),
    foot(list, "execution"),
  ];
}

function nothing() {
  return empty(
    "No integration has run here.",
    h("p", null, "Google's client, or this command, schedules one:"),
    h(
      "pre",
      { class: "code", tabindex: "0" },
      "tocsin schedule NAME --trigger api_trigger/NAME_API_1 --at +1m --input key=value",
    ),
  );
}
