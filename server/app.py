"""The application: settings in, an ASGI app out."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from pydantic import ValidationError

from chains.models.model import Model
from chains.models.spec import ModelSpec
from chains.structured import StructuredChain
from server.errors import Faults, add_error_handlers
from server.guard.body import BodyLimit
from server.guard.capacity import Capacity
from server.guard.disconnect import CancelOnDisconnect
from server.logs import quiet_libraries
from server.routes.chains import chain_routes
from server.routes.service import service_routes
from server.settings import ChainSettings, Settings, SettingsError, complaints


def create_app(settings: Settings) -> FastAPI:
    """The app that serves these settings. Loads the models it needs, which for the embedded one takes a second."""
    quiet_libraries()
    models = _load_models(settings)
    chains = {
        name: _build(name, served, models[settings.model_name(name)], settings)
        for name, served in settings.chains.items()
    }

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        for model in models.values():
            model.close()

    app = FastAPI(title="Structured streams", lifespan=lifespan, docs_url=None, redoc_url=None)
    add_error_handlers(app)
    app.include_router(service_routes(chains, settings))
    for name, served in settings.chains.items():
        app.include_router(chain_routes(chains[name], served, settings))
    _add_guards(app, settings)
    return app


def _add_guards(app: FastAPI, settings: Settings) -> None:
    """From the inside out: what is added last sees a request first."""
    app.add_middleware(BodyLimit, limit=settings.limits.body_bytes)
    app.add_middleware(CancelOnDisconnect)
    app.add_middleware(Capacity, limit=settings.limits.requests)
    app.add_middleware(Faults)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors.origins,
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "last-event-id"],
    )


def _load_models(settings: Settings) -> dict[str, Model]:
    names = {settings.model_name(chain) for chain in settings.chains}
    return {name: _load(name, settings.models[name]) for name in sorted(names)}


def _load(name: str, spec: ModelSpec) -> Model:
    """Loads one model. `SettingsError` says which of the `parameters`, which are LangChain's to know, are wrong."""
    try:
        return spec.load()
    except ValidationError as error:
        raise SettingsError(f"models.{name}.parameters cannot be used:\n{complaints(error)}") from error


def _build(name: str, served: ChainSettings, model: Model, settings: Settings) -> StructuredChain:
    """Imports a chain's builder and calls it. `SettingsError` says what in `runnable` is wrong."""
    module, _, function = served.runnable.partition(":")
    try:
        build = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"chains.{name}.runnable: {served.runnable} cannot be imported ({error})") from error
    chain = build(model, settings.run_limits)
    if not isinstance(chain, StructuredChain):
        raise SettingsError(f"chains.{name}.runnable: {served.runnable} does not build a StructuredChain")
    return chain
