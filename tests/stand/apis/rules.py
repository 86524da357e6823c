"""One rule for each of the eleven kinds and each action that its contract allows."""

from typing import Any

Json = dict[str, Any]

ACCOUNT = "aje00000000000000acc"
RETRY: Json = {
    "retrySettings": {"retryAttempts": "3", "interval": "15s"},
    "deadLetterQueue": {
        "queueId": "yrn:yc:ymq:ru-central1:b1g0:dead",
        "serviceAccountId": ACCOUNT,
    },
}
FUNCTION: Json = {
    "functionId": "d4e00000000000000fun",
    "functionTag": "stable",
    "serviceAccountId": ACCOUNT,
}
CONTAINER: Json = {
    "containerId": "bba00000000000000con",
    "path": "/on/event",
    "serviceAccountId": ACCOUNT,
}
GATEWAY: Json = {"gatewayId": "d5d0000000000000gate", "path": "/ws", "serviceAccountId": ACCOUNT}
WORKFLOW: Json = {"workflowId": "dfq000000000000work0", "serviceAccountId": ACCOUNT}
BATCH: Json = {"size": "10", "cutoff": "20s"}

WITH_RETRY: Json = {
    "invokeFunction": FUNCTION | RETRY,
    "invokeContainer": CONTAINER | RETRY,
    "gatewayWebsocketBroadcast": GATEWAY,
    "startWorkflow": WORKFLOW | RETRY,
}
WITHOUT_WORKFLOW: Json = {
    name: action for name, action in WITH_RETRY.items() if name != "startWorkflow"
}

# Of each kind: its own fields, and the actions it can have.
KINDS: dict[str, tuple[Json, Json]] = {
    "timer": (
        {"cronExpression": "0 9 ? * MON-FRI 2098", "payload": '{"job": "nightly"}'},
        {
            "invokeFunction": FUNCTION,
            "invokeFunctionWithRetry": FUNCTION | RETRY,
            "invokeContainerWithRetry": CONTAINER | RETRY,
            "gatewayWebsocketBroadcast": GATEWAY,
            "startWorkflow": WORKFLOW | RETRY,
        },
    ),
    "messageQueue": (
        {
            "queueId": "yrn:yc:ymq:ru-central1:b1g0:orders",
            "serviceAccountId": ACCOUNT,
            "batchSettings": BATCH,
            "visibilityTimeout": "43200s",
        },
        {
            "invokeFunction": FUNCTION,
            "invokeContainer": CONTAINER,
            "gatewayWebsocketBroadcast": GATEWAY,
            "startWorkflow": WORKFLOW,
        },
    ),
    "iotMessage": (
        {
            "registryId": "are00000000000000reg",
            "deviceId": "are00000000000000dev",
            "mqttTopic": "$devices/are00000000000000dev/events/#",
            "batchSettings": BATCH,
        },
        WITHOUT_WORKFLOW,
    ),
    "iotBrokerMessage": (
        {"brokerId": "are00000000000000brk", "mqttTopic": "rooms/+", "batchSettings": BATCH},
        WITHOUT_WORKFLOW,
    ),
    "objectStorage": (
        {
            "eventType": [
                "OBJECT_STORAGE_EVENT_TYPE_CREATE_OBJECT",
                "OBJECT_STORAGE_EVENT_TYPE_DELETE_OBJECT",
            ],
            "bucketId": "photos",
            "prefix": "in/",
            "suffix": ".jpg",
            "batchSettings": BATCH,
        },
        WITH_RETRY,
    ),
    "containerRegistry": (
        {
            "eventType": ["CONTAINER_REGISTRY_EVENT_TYPE_CREATE_IMAGE_TAG"],
            "registryId": "crt00000000000000reg",
            "imageName": "shop/api",
            "tag": "v7",
            "batchSettings": BATCH,
        },
        WITH_RETRY,
    ),
    "cloudLogs": (
        {"logGroupId": ["eol0000000000000grp0"], "batchSettings": BATCH},
        {"invokeFunction": FUNCTION | RETRY, "invokeContainer": CONTAINER | RETRY},
    ),
    "logging": (
        {
            "logGroupId": "e230000000000000grp0",
            "resourceType": ["serverless.function"],
            "resourceId": ["d4e00000000000000fun"],
            "streamName": ["main"],
            "levels": ["WARN", "ERROR"],
            "batchSettings": BATCH,
        },
        WITH_RETRY,
    ),
    "billingBudget": (
        {"billingAccountId": "dn200000000000000acc", "budgetId": "dn200000000000000bud"},
        WITH_RETRY,
    ),
    "dataStream": (
        {
            "endpoint": "https://yds.serverless.yandexcloud.net",
            "database": "/ru-central1/b1g0/etn0",
            "stream": "clicks",
            "serviceAccountId": ACCOUNT,
            "batchSettings": {"size": "65536", "cutoff": "1.500s"},
        },
        WITH_RETRY,
    ),
    "mail": (
        {
            "batchSettings": BATCH,
            "attachmentsBucket": {"bucketId": "mail-in", "serviceAccountId": ACCOUNT},
        },
        WITH_RETRY,
    ),
}

RULES: dict[str, Json] = {
    f"{kind}-{action}": {kind: {**fields, action: invoke}}
    for kind, (fields, actions) in KINDS.items()
    for action, invoke in actions.items()
}

# The least that each kind needs: all that stands here is what the trigger must come back with.
LEAST: dict[str, Json] = {
    "timer": {"cronExpression": "0 0 1 1 ? 2099", "invokeFunctionWithRetry": {"functionId": "f"}},
    "messageQueue": {
        "queueId": "q",
        "serviceAccountId": "a",
        "batchSettings": {"cutoff": "0s"},
        "invokeFunction": {"functionId": "f"},
    },
    "iotMessage": {"registryId": "r", "invokeContainer": {"containerId": "c"}},
    "iotBrokerMessage": {"brokerId": "b", "invokeContainer": {"containerId": "c"}},
    "objectStorage": {
        "eventType": ["OBJECT_STORAGE_EVENT_TYPE_UPDATE_OBJECT"],
        "invokeFunction": {"functionId": "f"},
    },
    "containerRegistry": {
        "eventType": ["CONTAINER_REGISTRY_EVENT_TYPE_DELETE_IMAGE"],
        "invokeFunction": {"functionId": "f"},
    },
    "cloudLogs": {
        "logGroupId": ["g"],
        "batchSettings": {"cutoff": "1s"},
        "invokeFunction": {"functionId": "f"},
    },
    "logging": {"batchSettings": {"cutoff": "60s"}, "invokeFunction": {"functionId": "f"}},
    "billingBudget": {"billingAccountId": "b", "startWorkflow": {"workflowId": "w"}},
    "dataStream": {"invokeFunction": {"functionId": "f"}},
    "mail": {"invokeFunction": {"functionId": "f"}},
}
