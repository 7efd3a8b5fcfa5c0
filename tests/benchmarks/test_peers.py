"""The peers' settings: this project is measured as `langserve.yaml` serves it by default."""

from benchmarks.contenders import PEERS
from server.settings import Settings, load_settings


def test_this_project_is_measured_with_its_defaults() -> None:
    settings = load_settings(PEERS / "ours.yaml")
    assert settings.stream == Settings.model_fields["stream"].default
    (chain,) = settings.chains.values()
    assert chain.events == ["token", "partial", "field", "invalid", "complete"]
    changed = settings.limits.model_dump(exclude_defaults=True)
    assert changed == {"repairs": 0, "requests": 5000}
