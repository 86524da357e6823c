"""Serves `tocsin.v1.ConsoleService`: the page in the browser, and its files."""

import asyncio

from tocsin.console import headers
from tocsin.console.assets import Asset, Page
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.rest.documents import Document, document_of
from tocsin.wire.serving import Method
from tocsin_protos.tocsin.v1 import console_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["ConsoleService"]


class ConsoleService:
    """Serves a page that was read before; each file is compressed when it is first asked for."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._documents: dict[str, Document] = {}

    def methods(self) -> dict[str, Method]:
        return {"GetPage": self.get_page, "GetAsset": self.get_asset}

    async def get_page(
        self, _request: contract.GetPageRequest, call: Call
    ) -> contract.GetPageResponse:
        """Returns the page."""
        document = await self._document("", self._page.index)
        return contract.GetPageResponse(page=await document.send(call, headers.OF_PAGE))

    async def get_asset(
        self, request: contract.GetAssetRequest, call: Call
    ) -> contract.GetAssetResponse:
        """Returns a file of the page."""
        if request.tree != self._page.tree:
            raise errors.page_outdated(headers.NOT_KEPT)
        asset = self._page.assets.get(request.path)
        if asset is None:
            raise errors.asset_not_found(request.path, headers.NOT_KEPT)
        document = await self._document(request.path, asset)
        return contract.GetAssetResponse(asset=await document.send(call, headers.OF_ASSET))

    async def _document(self, path: str, asset: Asset) -> Document:
        document = self._documents.get(path)
        if document is None:
            document = await asyncio.to_thread(document_of, asset.media_type, asset.content)
            self._documents[path] = document
        return document
