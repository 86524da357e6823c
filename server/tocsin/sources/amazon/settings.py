"""Defines the settings of queues and streams of Amazon's protocols."""

from pydantic import BaseModel, Field

from tocsin.outgoing.settings import AmazonAccount, QueueEndpoint, ServiceUrl


class QueueServiceSettings(AmazonAccount, QueueEndpoint):
    """Sets the queue service whose queues are read, by the SQS protocol."""

    urls: dict[str, ServiceUrl] = Field(
        {},
        description="URLs of single queues, by the `queue_id` of the rule, at this service or "
        "another. Other queues are looked up by the last part of their id.",
        examples=[{"yrn:yc:ymq:ru-central1:b1g1:in": "http://127.0.0.1:9324/000000000000/in"}],
    )


class StreamEndpoint(BaseModel):
    """Sets the URL of a stream service."""

    endpoint: ServiceUrl | None = Field(
        None,
        description="URL of the stream service. It also serves rules that name another endpoint, "
        "except those in `endpoints`.",
        examples=["http://127.0.0.1:4566"],
    )


class StreamServiceSettings(AmazonAccount, StreamEndpoint):
    """Sets the stream service whose streams are read, by the Kinesis protocol."""

    endpoints: dict[str, ServiceUrl] = Field(
        {},
        description="URLs of single services, by the `endpoint` of the rule.",
        examples=[
            {
                "https://yds.serverless.yandexcloud.net": "https://yds.serverless.yandexcloud.net",
            }
        ],
    )

    def url(self, named: str) -> str | None:
        """Returns the URL of the service that a rule names by its `endpoint`."""
        return self.endpoints.get(named, self.endpoint)


class NotificationQueueUrl(BaseModel):
    """Sets the URL of a queue of notifications."""

    queue: ServiceUrl | None = Field(
        None,
        description="URL of the queue; without it, notifications come only by webhooks.",
        examples=["http://127.0.0.1:9324/000000000000/objects"],
    )


class NotificationQueueSettings(AmazonAccount, NotificationQueueUrl):
    """Sets the queue of object storages' notifications, by the SQS protocol."""
