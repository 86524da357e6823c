"""The settings of queues and streams of Amazon's protocols."""

from pydantic import BaseModel, Field

from tocsin.outgoing.settings import AmazonAccount, QueueEndpoint, ServiceUrl


class QueueServiceSettings(AmazonAccount, QueueEndpoint):
    """The queue service, of the SQS protocol, whose queues are read."""

    urls: dict[str, ServiceUrl] = Field(
        {},
        description="URL of single queues, by the `queue_id` of the rule, at this service or at "
        "another. Others are asked for by the last part of their id.",
        examples=[{"yrn:yc:ymq:ru-central1:b1g1:in": "http://127.0.0.1:9324/000000000000/in"}],
    )


class StreamEndpoint(BaseModel):
    """Where a stream service is."""

    endpoint: ServiceUrl | None = Field(
        None,
        description="URL of the stream service. Rules that name another endpoint are read here "
        "too, but for those in `endpoints`.",
        examples=["http://127.0.0.1:4566"],
    )


class StreamServiceSettings(AmazonAccount, StreamEndpoint):
    """The stream service, of the Kinesis protocol, whose streams are read."""

    endpoints: dict[str, ServiceUrl] = Field(
        {},
        description="URL of single services, by the `endpoint` of the rule.",
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
    """Which queue object storages put their notifications into."""

    queue: ServiceUrl | None = Field(
        None,
        description="The queue's URL. Without it, notifications come by webhooks alone.",
        examples=["http://127.0.0.1:9324/000000000000/objects"],
    )


class NotificationQueueSettings(AmazonAccount, NotificationQueueUrl):
    """A queue, of the SQS protocol, that object storages put their notifications into."""
