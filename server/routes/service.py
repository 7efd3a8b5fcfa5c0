"""The server's own routes: is it alive, is it ready, what are its schemas, and the page."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from chains.structured import StructuredChain
from schemas.document import schema_document
from server.runs.service import Runs
from server.runs.tending import Tending
from server.serving import Serving

PAGES = Path(__file__).parent.parent / "pages"


def service_routes(chains: dict[str, StructuredChain], serving: Serving, tending: Tending) -> APIRouter:
    """The routes. `/health` touches nothing; `/ready` says what is served, by which model."""
    router, settings = APIRouter(), serving.settings
    document = schema_document()

    @router.head("/health", include_in_schema=False)
    @router.get("/health", tags=["service"])
    async def health() -> dict[str, str]:
        """Alive."""
        return {"status": "alive"}

    @router.head("/ready", include_in_schema=False)
    @router.get("/ready", tags=["service"], responses={503: {"description": "Nothing should be sent here now"}})
    async def ready(response: Response) -> dict[str, Any]:
        """Ready to stream: the chains that are served, where, by which model and prompts, and who is let in."""
        trouble = _trouble(chains, serving.runs, tending)
        response.status_code = 503 if trouble else 200
        return {
            "status": trouble or "ready",
            "authentication": settings.auth.on,
            "chains": {
                name: {
                    "path": settings.chains[name].path,
                    "model": chain.model.name,
                    "languages": list(chain.model.languages),
                    "about": chain.model.about,
                    "prompts": {language: prompt.reference for language, prompt in (chain.shelf or {}).items()},
                }
                for name, chain in chains.items()
            },
        }

    @router.get("/schemas.json", tags=["service"])
    async def schemas() -> dict[str, Any]:
        """The JSON Schema of every request, result, event and error."""
        return document

    @router.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGES / "index.html", headers={"cache-control": "no-cache"})

    router.mount("/page", StaticFiles(directory=PAGES), name="page")
    return router


def _trouble(chains: dict[str, StructuredChain], runs: Runs, tending: Tending) -> str:
    """Why no request should be sent here, if none should."""
    if runs.owner.draining:
        return "shutting down"
    if lost := sorted({chain.model.name for chain in chains.values() if not chain.model.alive()}):
        return f"lost: {', '.join(lost)}"
    return tending.trouble
