"""The application: settings in, an ASGI app out."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from server.auth.access import access_of
from server.auth.door import Door
from server.draining import drained
from server.errors import Faults, add_error_handlers
from server.guard import arrival, stall
from server.guard.body import BodyLimit
from server.guard.capacity import Capacity
from server.guard.disconnect import CancelOnDisconnect
from server.guard.headers import SecurityHeaders
from server.guard.hosts import Hosts
from server.guard.https import HttpsOnly
from server.guard.shares import Shares
from server.loading import load_chains, load_models, watch_models
from server.observe.logs import quiet_libraries
from server.observe.requests import Requests
from server.observe.runs import observer_of
from server.prompts import hold_prompts, watch_prompts
from server.routes.chains import Served, chain_routes
from server.routes.metrics import metrics_routes
from server.routes.runs import run_routes
from server.routes.service import service_routes
from server.runs.owner import Owner, going
from server.runs.service import Runs
from server.runs.store import StoreUnavailable
from server.runs.tending import Tending
from server.serving import Serving, watching
from server.settings import Settings
from server.stores import redis_url, store_of
from server.wire.spoken import spoken

_log = logging.getLogger(__name__)

UNOBSERVED: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)
"""FastAPI's own traces and logs are off: they tell paths and queries, in which stand run ids and tickets."""

THIS_MACHINE = ["localhost", "127.0.0.1", "[::1]"]
"""By which names a server is called that only this machine can reach."""

LAST_WORDS_S = 2.0
"""Seconds that answers have which were cut off at the end."""

VERSION = "0.1.0"
"""As pyproject.toml has it, which is not there where only the server is."""


def create_app(settings: Settings, file: Path | None = None) -> FastAPI:
    """The app that serves these settings. Loads the models it needs, which for the embedded one takes a second.

    `file`: where the settings come from. In development the prompts that it names are taken when it changes.
    """
    quiet_libraries()
    models = load_models(settings)
    chains = load_chains(settings, models)
    hold_prompts(settings, chains)
    store, bounds = store_of(settings.runs), settings.run_bounds()
    totals = {name: settings.run_limits(name).total for name in chains}
    access = access_of(settings, bounds.longest_s(totals.values()) + settings.runs.ttl_s, redis_url(settings.runs))
    observer = observer_of(settings, chains, VERSION)
    watch = watching(settings, observer)
    owner = Owner(store, chains, totals, bounds, access.quota.meter_of, watch)
    runs = Runs(store, owner, bounds, longest_s=max(totals.values()))
    tending = Tending(runs, store, bounds, observer.store_reachable)
    answering: set[asyncio.Task[Any]] = set()
    said = {name: spoken(chain) for name, chain in chains.items()}
    serving = Serving(settings, access, runs, observer, watch, said)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        with suppress(StoreUnavailable):  # it may be away for a while, as at any other time
            await store.open()
            tending.opened.set()
        await access.open()
        works = [watch_models(models, observer.model_alive), runs.errands.serve(), tending.run()]
        if settings.mode == "development":
            works.append(watch_prompts(settings, chains, file))
        tasks = [asyncio.create_task(work) for work in works]
        with drained(runs, settings.limits.drain_s, deaf=settings.workers > 1):
            yield {
                arrival.STATE: settings.limits.request_s,
                arrival.TOLD: lambda: observer.limited("request_s"),
                stall.STATE: settings.limits.reader_s,
                stall.TOLD: observer.cut,
            }
        await runs.give_up()
        if answering:  # whom the server has cut off by now: they are still to be told
            await asyncio.wait(answering, timeout=LAST_WORDS_S)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await store.close()
        await access.close()
        for model in models.values():
            model.close()
        await asyncio.to_thread(observer.traces.close)

    documented = None if settings.mode == "production" else "/openapi.json"
    app = FastAPI(
        title="Structured streams",
        lifespan=lifespan,
        openapi_url=documented,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # its redirects are made of what the client calls this server
        telemetry=UNOBSERVED,
    )
    add_error_handlers(app)
    app.include_router(service_routes(chains, serving, tending))
    app.include_router(run_routes(serving))
    for name in settings.chains:
        app.include_router(chain_routes(Served(settings, access, runs, observer, watch, said, name, chains[name])))
    app.include_router(metrics_routes(observer.metrics, settings.metrics))
    _add_guards(app, serving, answering)
    return app


def _add_guards(app: FastAPI, serving: Serving, answering: set[asyncio.Task[Any]]) -> None:
    """From the inside out: what is added last sees a request first."""
    settings, access = serving.settings, serving.access
    app.add_middleware(BodyLimit, limit=settings.limits.body_bytes, depth=settings.limits.json_depth)
    app.add_middleware(CancelOnDisconnect)
    app.add_middleware(Capacity, limit=settings.limits.requests, queue_s=settings.limits.queue_s)
    app.add_middleware(Shares, quota=access.quota)
    app.add_middleware(Door, keeper=access.keeper)
    app.add_middleware(Faults, going=lambda: going() if serving.runs.owner.draining else None, answering=answering)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors.origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["authorization", "content-type", "last-event-id", "idempotency-key", "traceparent"],
        allow_credentials=settings.auth.on,  # a run's cookie; the origins are exact
        expose_headers=["retry-after"],
    )
    if settings.http.proxies and not (settings.http.certificate or settings.http.plain):
        app.add_middleware(HttpsOnly)
    app.add_middleware(Hosts, names=settings.http.hosts or THIS_MACHINE)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Requests, observer=serving.observer)
