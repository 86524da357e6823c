/** Documents to begin with, one a kind. */

const RETRYING = ["  function_id: hello", "  retry_settings: {retry_attempts: 3, interval: 10s}"];

/** @type {Record<string, { words: string, text: string }>} */
export const DOCUMENTS = {
  timer: document(
    "a timer",
    "every-minute",
    ["timer:", '  cron_expression: "* * ? * * *"'],
    ["invoke_function_with_retry:", ...RETRYING],
  ),
  messageQueue: document(
    "a message queue",
    "from-a-queue",
    [
      "message_queue:",
      "  queue_id: yrn:yc:ymq:ru-central1:folder:orders",
      "  service_account_id: reader",
      "  batch_settings: {size: 10, cutoff: 10s}",
    ],
    ["invoke_function:", "  function_id: hello"],
  ),
  iotMessage: document("IoT messages", "from-devices", [
    "iot_message:",
    "  registry_id: registry",
    "  mqtt_topic: $devices/+/events",
  ]),
  iotBrokerMessage: document("messages of an MQTT broker", "from-a-broker", [
    "iot_broker_message:",
    "  broker_id: broker",
    "  mqtt_topic: sensors/+/temperature",
  ]),
  objectStorage: document("object storage", "new-pictures", [
    "object_storage:",
    "  event_type: [OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT]",
    "  bucket_id: pictures",
    "  suffix: .jpg",
  ]),
  containerRegistry: document("a container registry", "new-images", [
    "container_registry:",
    "  event_type: [CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE_TAG]",
    "  registry_id: registry",
  ]),
  logging: document("logs", "errors-in-logs", [
    "logging:",
    "  log_group_id: group",
    "  levels: [ERROR, FATAL]",
    "  batch_settings: {size: 100, cutoff: 10s}",
  ]),
  cloudLogs: document("cloud logs, in their retired form", "lines-of-logs", [
    "cloud_logs:",
    "  log_group_id: [group]",
    "  batch_settings: {size: 10, cutoff: 10s}",
  ]),
  billingBudget: document("a budget", "budget-is-spent", [
    "billing_budget:",
    "  billing_account_id: account",
    "  budget_id: budget",
  ]),
  dataStream: document("a data stream", "from-a-stream", [
    "data_stream:",
    "  endpoint: https://streams.example.com",
    "  database: /ru-central1/cloud/database",
    "  stream: orders",
    "  service_account_id: reader",
    "  batch_settings: {size: 1000, cutoff: 10s}",
  ]),
  mail: document("mail", "mail-to-a-function", ["mail:"]),
};

/**
 * @param {string} words
 * @param {string} name
 * @param {string[]} rule
 * @param {string[]} [action]
 */
function document(words, name, rule, action = ["invoke_function:", ...RETRYING]) {
  const lines = [...rule, ...action.map((each) => `  ${each}`)];
  return { words, text: [`name: ${name}`, "rule:", ...lines.map((each) => `  ${each}`), ""].join("\n") };
}
