"""Serves `tocsin.v1.JobService`, which shows jobs and stops them."""

from tocsin.access.permissions.resources import folder
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.jobs import rows
from tocsin.store.jobs.rows import cancel_job, find_job, page_of_jobs
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import PageTokens, page_size
from tocsin.wire.serving import Method
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import job_service_pb2 as contract
from tocsin_protos.tocsin.v1.job_service_pb2 import InvocationCount, Job

SERVICE = contract.DESCRIPTOR.services_by_name["JobService"]

# For a caller who may see only some jobs, a call reads so many.
LOOKED_AT = 1000


class JobService:
    """Serves `JobService`."""

    def __init__(self, database: Database, clock: Clock, pages: PageTokens) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages

    def methods(self) -> dict[str, Method]:
        return {"Get": self.get, "List": self.list, "Cancel": self.cancel}

    async def get(self, request: contract.JobServiceGetRequest) -> contract.JobServiceGetResponse:
        """Shows a job."""
        job = await self._database.read(lambda tx: _find(tx, request.job_id))
        return contract.JobServiceGetResponse(job=job_message(job))

    async def list(
        self, request: contract.JobServiceListRequest, call: Call
    ) -> contract.JobServiceListResponse:
        """Lists the jobs that the caller may see, the latest first."""
        tokens = self._pages.of(call, request, request.folder_id)
        resource = folder(request.folder_id) if request.folder_id else ""
        size, before = page_size(request.page_size), tokens.position(request.page_token) or ""
        looked_at = size if call.sight is None else LOOKED_AT
        found = await self._database.read(
            lambda tx: page_of_jobs(tx, before=before, limit=looked_at + 1, resource=resource)
        )
        shown: list[rows.Job] = []
        last = ""
        for job in found[:looked_at]:
            if len(shown) == size:
                break
            last = job.id
            if call.sees(job.resource):
                shown.append(job)
        more = bool(found) and last != found[-1].id
        return contract.JobServiceListResponse(
            jobs=[job_message(job) for job in shown],
            next_page_token=tokens.token(last) if more else "",
        )

    async def cancel(
        self, request: contract.JobServiceCancelRequest
    ) -> contract.JobServiceCancelResponse:
        """Stops a job."""
        now = self._clock.now()

        def cancel(tx: Transaction) -> rows.Job:
            _find(tx, request.job_id)
            cancel_job(tx, request.job_id, now=now)
            return _find(tx, request.job_id)

        job = await self._database.write(cancel)
        return contract.JobServiceCancelResponse(job=job_message(job))


def job_message(job: rows.Job) -> Job:
    """Converts a stored job."""
    message = Job(
        id=job.id,
        kind=f"KIND_{job.kind.name}",
        state=f"STATE_{job.state.name}",
        resource=job.resource,
        selected=InvocationCount(count=job.selected, at_least=job.at_least),
        changed=job.changed,
        skipped=job.skipped,
        created_at=to_timestamp(job.created_at),
        created_by=job.subject,
    )
    for field, instant in (("reached", job.reached_at), ("finished_at", job.finished_at)):
        if instant is not None:
            getattr(message, field).CopyFrom(to_timestamp(instant))
    return message


def _find(tx: Transaction, job_id: str) -> rows.Job:
    job = find_job(tx, job_id)
    if job is None:
        raise errors.job_not_found(job_id)
    return job
