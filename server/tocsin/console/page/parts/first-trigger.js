/** Teaches the command that makes the first trigger. */

import { h } from "../core/dom.js";
import { folder } from "../core/folder.js";

/** The command, as text. */
export function firstTrigger() {
  const base = new URL(".", document.baseURI).href;
  const body = `{
  "folderId": ${JSON.stringify(folder.value || "default")}, "name": "every-minute",
  "rule": {"timer": {"cronExpression": "* * ? * * *", "invokeFunction": {"functionId": "hello"}}}}`;
  return h(
    "pre",
    { class: "code", tabindex: "0" },
    `curl -X POST ${base}triggers/v1/triggers -H 'Content-Type: application/json' -d '${body.replaceAll("'", "'\\''")}'`,
  );
}
