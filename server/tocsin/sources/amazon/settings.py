"""Defines the settings of queues and streams of Amazon's protocols."""

from pydantic import BaseModel, Field
from yarl import URL

from tocsin.outgoing.queue_urls import queue_name
from tocsin.outgoing.settings import AmazonAccount, QueueEndpoint, ServiceUrl
from tocsin.sources.folders import FolderId, Folders, NamedFolderSettings, admits


class QueueServiceSettings(AmazonAccount, QueueEndpoint, NamedFolderSettings):
    """Sets the queue service whose queues are read, by the SQS protocol."""

    urls: dict[str, ServiceUrl] = Field(
        {},
        description="URLs of single queues, by the `queue_id` of the rule, at this service or "
        "another. Other queues are looked up by the last part of their id.",
        examples=[{"yrn:yc:ymq:ru-central1:b1g1:in": "http://127.0.0.1:9324/000000000000/in"}],
    )
    folders_of: dict[str, list[FolderId]] = Field(
        {},
        description="Folders of single queues, by the queue's name: the last part of its id, or of "
        "its URL in `urls`.",
        examples=[{"in": ["b1g00000000000000001"]}],
    )

    shared: bool = Field(
        False,
        description="Whether a queue may feed several triggers, which share its messages: each "
        "message goes to one of them. Otherwise the second trigger is refused.",
    )

    @property
    def configured(self) -> bool:
        return self.endpoint is not None or bool(self.urls)

    def sole_queue(self, queue_id: str, folder_id: str) -> str | None:
        """Returns the queue that a rule in a folder reads, if it may feed no other trigger.

        It is the queue's URL in the settings, or the name by which its service is asked. A rule in
        a folder to which the queue is not bound reads nothing, and keeps no other from reading.
        """
        if self.shared or not admits(self.folders_of_queue(queue_id), folder_id):
            return None
        url = self.urls.get(queue_id)
        if url is not None:
            return str(url)
        return queue_id if self.endpoint is None else queue_name(queue_id)

    def folders_of_queue(self, queue_id: str) -> Folders:
        """Returns the folders of a queue. Several ids may lead to it, but its name is one."""
        url = self.urls.get(queue_id)
        name = queue_name(queue_id) if url is None else URL(url).path.rpartition("/")[2]
        return self.folders_for(name)


class StreamEndpoint(BaseModel):
    """Sets the URL of a stream service."""

    endpoint: ServiceUrl | None = Field(
        None,
        description="URL of the stream service. It also serves rules that name another endpoint, "
        "except those in `endpoints`.",
        examples=["http://127.0.0.1:4566"],
    )


class StreamServiceSettings(AmazonAccount, StreamEndpoint, NamedFolderSettings):
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

    folders_of: dict[str, list[FolderId]] = Field(
        {},
        description="Folders of single streams, by the name that the service is asked for: "
        "`DATABASE/STREAM`, or `STREAM` in rules without a database.",
        examples=[{"/ru-central1/b1g1/etn1/clicks": ["b1g00000000000000001"]}],
    )

    @property
    def configured(self) -> bool:
        return self.endpoint is not None or bool(self.endpoints)

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


class NotificationQueueSettings(AmazonAccount, NotificationQueueUrl, NamedFolderSettings):
    """Sets the queue of object storages' notifications, by the SQS protocol."""

    folders_of: dict[str, list[FolderId]] = Field(
        {},
        description="Folders of single buckets, by the bucket's name.",
        examples=[{"uploads": ["b1g00000000000000001"]}],
    )
