"""Every example runs as its first lines say, from beginning to end."""

import pkgutil
import runpy
import sys

import pytest

import examples

NAMES = [module.name for module in pkgutil.iter_modules(examples.__path__, "examples.")]


def test_the_examples_are_there() -> None:
    assert len(NAMES) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)  # `python -m` finds it unread, too
    runpy.run_module(name, run_name="__main__")
    assert capsys.readouterr().out
