"""`/metrics`: what is measured, for those who may read it. For everybody else there is no such path."""

import asyncio
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from server.observe.metrics import Metrics
from server.settings import MetricsSettings

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
PASSED_ON = ("forwarded", "x-forwarded-for")


def metrics_routes(metrics: Metrics, settings: MetricsSettings) -> APIRouter:
    """The route. All methods lead there: a 405 would tell what a 404 hides."""
    router = APIRouter()
    networks = [ip_network(reader) for reader in settings.readers]

    def may_read(request: Request) -> bool:
        """A scraper comes itself. What a proxy has passed on came from outside, though the proxy is a neighbour."""
        if request.client is None or any(name in request.headers for name in PASSED_ON):
            return False
        try:
            address = ip_address(request.client.host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in networks)

    @router.api_route("/metrics", methods=METHODS, include_in_schema=False)
    async def read(request: Request) -> Response:
        if not may_read(request):
            raise HTTPException(404)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"allow": "GET, HEAD"})
        body, kind = await asyncio.to_thread(metrics.exposition)
        return Response(body, media_type=kind, headers={"cache-control": "no-store"})

    return router
