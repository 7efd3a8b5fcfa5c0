"""The app without a network: requests go straight to it."""

from functools import cache

import httpx
from fastapi import FastAPI

from server import create_app
from server.settings import parse_settings


@cache
def app_of(config: str) -> FastAPI:
    """The app of these settings; its models keep their turn from one test to the next."""
    return create_app(parse_settings(config, "the test's settings"))


def client_of(config: str) -> httpx.AsyncClient:
    """A client of the app. What the app raises is raised here: no fault hides behind a status."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app_of(config)), base_url="http://127.0.0.1")
