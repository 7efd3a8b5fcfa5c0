"""The bench on the real embedded model, with the settings that ship."""

from pathlib import Path

import pytest

from chains.prompts import prompts_of
from lab.bench import Bench, bench
from lab.cases import load_cases
from lab.served import load_model
from tests.server.process import ROOT

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(240)]


async def two_cases(cache: Path) -> Bench:
    """On a model that is started for it."""
    cases, prompt = load_cases("meeting_info", "en")[:2], prompts_of("meeting_info")["en"]
    model = load_model("embedded", ROOT / "langserve.yaml")
    try:
        return await bench("meeting_info", cases, [prompt], {"embedded": model}, cache=cache, progress=False)
    finally:
        model.close()


async def test_runs_are_made_and_found_again_although_the_model_was_started_anew(tmp_path: Path) -> None:
    made = await two_cases(tmp_path)
    for trial in made.trials:
        assert trial.first_token_ms is not None
        assert 0 < trial.first_token_ms <= trial.total_ms
        assert trial.parameters["temperature"] == 0.5
    assert "repeat_penalty 1.15" in made.caption[-1]
    assert "135M" in made.caption[-1]  # what it can and cannot show
    found = await two_cases(tmp_path)
    assert all(trial.cached for trial in found.trials)
    assert [trial.events for trial in found.trials] == [trial.events for trial in made.trials]
