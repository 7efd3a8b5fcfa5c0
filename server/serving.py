"""What the routes are made from: one of each for an app."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.auth.access import Access
from server.observe.runs import Observer
from server.runs.service import Runs
from server.runs.watch import Watch, Watching
from server.settings import Settings


@dataclass(frozen=True)
class Serving:
    """How it is set, who is let in, what goes on, who sees it, how a run is watched, and what of a chain's answer is
    said in a conversation, by the chain's name in the settings (empty: nothing).
    """

    settings: Settings
    access: Access
    runs: Runs
    observer: Observer
    watching: Watching
    spoken: Mapping[str, str]


def watching(settings: Settings, observer: Observer) -> Watching:
    """How this observer watches runs, whose chains have the models of these settings."""

    def watch(run_id: str, chain: str, user: str, traceparent: str | None, asked: Any) -> Watch:
        model = settings.model_name(chain) if chain in settings.chains else ""  # another worker may serve it
        return observer.run(run_id, chain, user, model, traceparent=traceparent, asked=asked)

    return watch
