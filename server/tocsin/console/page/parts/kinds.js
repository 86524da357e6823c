/** Says what a trigger is, in words. */

/** @typedef {import("../core/messages.js").Trigger} Trigger */

/** @type {Record<string, string>} */
const NAMES = {
  timer: "Timer",
  messageQueue: "Message queue",
  iotMessage: "IoT message",
  iotBrokerMessage: "IoT broker message",
  objectStorage: "Object storage",
  containerRegistry: "Container registry",
  cloudLogs: "Cloud logs",
  logging: "Logging",
  billingBudget: "Budget",
  dataStream: "Data stream",
  mail: "Mail",
};

/** The kinds, as the contract names them and in words. */
export const KINDS = /** @type {[string, string][]} */ (
  Object.entries(NAMES).map(([name, words]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    words,
  ])
);

/**
 * Returns the name of a kind; one that this page does not know yet keeps its own.
 *
 * @param {string | undefined} kind  as the contract names it: `message_queue`, `messageQueue`
 */
export function kindName(kind) {
  const camel = (kind ?? "").replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  return NAMES[camel] ?? kind ?? "unknown";
}

/**
 * Returns the kind of a trigger, and what its rule says.
 *
 * @param {Trigger} trigger
 * @returns {[kind: string, rule: Record<string, any>]}
 */
export function ruleOf(trigger) {
  return Object.entries(trigger.rule)[0] ?? ["", {}];
}

/**
 * Says in a line what a rule calls.
 *
 * @param {Record<string, any>} rule
 */
export function actionOf(rule) {
  for (const [name, action] of Object.entries(rule)) {
    const id = action?.functionId ?? action?.containerId ?? action?.workflowId ?? action?.gatewayId;
    if (id) return { name, id: String(id), action };
  }
  return null;
}

/** @type {Record<string, string>} */
const VERBS = {
  invokeFunction: "function",
  invokeFunctionWithRetry: "function",
  invokeContainer: "container",
  invokeContainerWithRetry: "container",
  gatewayWebsocketBroadcast: "websocket of the gateway",
  startWorkflow: "workflow",
};

/**
 * Says in words what an action calls.
 *
 * @param {{ name: string, id: string } | null} action
 */
export function actionWords(action) {
  return action ? `${VERBS[action.name] ?? action.name} ${action.id}` : "nothing";
}
