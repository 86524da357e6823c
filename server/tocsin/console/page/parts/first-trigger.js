/** Teaches the command that makes the first trigger. */

import { curl } from "../core/curl.js";
import { h } from "../core/dom.js";
import { folder } from "../core/folder.js";

/** The command, as text. */
export function firstTrigger() {
  const timer = { cronExpression: "* * ? * * *", invokeFunction: { functionId: "hello" } };
  const body = { folderId: folder.value || "default", name: "every-minute", rule: { timer } };
  return h("pre", { class: "code", tabindex: "0" }, curl("POST", "triggers/v1/triggers", body));
}
