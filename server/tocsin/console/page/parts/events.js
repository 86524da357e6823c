/** Templates of events and of what targets receive, one a kind. */

/** @typedef {Record<string, any>} Rule */

/** What an event of a kind needs, from what the rule names. */
/** @type {Record<string, (rule: Rule) => Record<string, unknown>>} */
const EVENTS = {
  messageQueue: (rule) => ({ queueId: rule["queueId"] ?? "", body: "a message" }),
  iotMessage: (rule) => ({
    registryId: rule["registryId"] ?? "",
    deviceId: rule["deviceId"] ?? "",
    mqttTopic: rule["mqttTopic"] ?? "topic",
    payload: btoa("a message"),
  }),
  iotBrokerMessage: (rule) => ({
    brokerId: rule["brokerId"] ?? "",
    mqttTopic: rule["mqttTopic"] ?? "topic",
    payload: btoa("a message"),
  }),
  objectStorage: (rule) => ({
    change: "OBJECT_CHANGE_CREATE",
    bucketId: rule["bucketId"] ?? "",
    objectId: `${rule["prefix"] ?? ""}object${rule["suffix"] ?? ""}`,
  }),
  containerRegistry: (rule) => ({
    change: "REGISTRY_CHANGE_CREATE_IMAGE_TAG",
    registryId: rule["registryId"] ?? "",
    imageName: rule["imageName"] ?? "image",
    tag: rule["tag"] ?? "latest",
  }),
  cloudLogs: (rule) => ({
    logGroupId: Object.values(rule["logGroupId"] ?? [""])[0] ?? "",
    message: "a line",
  }),
  logging: (rule) => ({
    logGroupId: rule["logGroupId"] ?? "",
    level: "LOG_RECORD_LEVEL_ERROR",
    message: "a line",
    jsonPayload: {},
  }),
  billingBudget: (rule) => ({
    billingAccountId: rule["billingAccountId"] ?? "",
    budgetId: rule["budgetId"] ?? "",
    amount: 100,
    currency: "RUB",
    budgetedAmount: 100,
    thresholdAmount: 100,
  }),
  dataStream: (rule) => ({
    endpoint: rule["endpoint"] ?? "",
    database: rule["database"] ?? "",
    stream: rule["stream"] ?? "",
    data: btoa("{}"),
  }),
  mail: (rule) => ({
    recipient: rule["email"] ?? "",
    headers: [{ name: "From", value: "sender@example.com" }],
    message: "Hello",
  }),
};

/** The kinds whose events can be made by hand, in JSON's names. */
export const EVENT_KINDS = Object.keys(EVENTS);

/**
 * Returns an event of a kind that a rule would take, as `SourceEvent` has it.
 *
 * @param {string} kind
 * @param {Rule} [rule]
 * @returns {Record<string, unknown>}
 */
export function eventOf(kind, rule = {}) {
  return { [kind]: EVENTS[kind]?.(rule) ?? {} };
}

/**
 * Returns a body such as targets of a kind receive.
 *
 * @param {string} kind
 * @param {Rule} rule
 */
export function templateOf(kind, rule) {
  return { messages: [{ event_metadata: { event_type: kind }, details: EVENTS[kind]?.(rule) ?? {} }] };
}
