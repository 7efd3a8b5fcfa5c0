"""The command: what it says, where, and with which exit status. Its models are scripted, everything else is real."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from chains import Model, Prompt
from chains.models.scripted import Reply, ScriptedChatModel
from chains.models.spec import ModelUnavailable
from lab.command import WRONG
from lab.evaluate import __main__ as command
from lab.evaluate.__main__ import CANNOT_TELL, FINE, WORSE, main
from tests.lab.evaluate.trials import GOOD, WRONG_CATEGORY, B, case

VERDICT = json.dumps({"reason": "Clear.", "useful": 4, "faithful": 4, "natural": 4})


class Listening(ScriptedChatModel):
    """Answers well, unless the prompt shouts; and judges if it is asked to."""

    def _next(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> Reply:
        self.calls.append((messages, kwargs))
        read = " ".join(str(message.content) for message in messages)
        if "You judge" in read:
            return Reply(text=VERDICT)
        return Reply(text=json.dumps(WRONG_CATEGORY if "SHOUT" in read else GOOD, ensure_ascii=False))


class Setting:
    """A folder with two prompts and cases, and the models that the command is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loaded: list[str] = []
        self.closed: list[str] = []
        self.chat = Listening(replies=[Reply()], chunk_size=400)
        self.write("loud.md", B.text.replace("{goal}", "SHOUT {goal}"))
        self.write("calm.md", B.text.replace("{goal}", "{goal}, calmly"))
        self.cases(8)

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)

    def cases(self, count: int) -> None:
        self.write("cases.jsonl", "\n".join(case(number).model_dump_json() for number in range(1, count + 1)))

    def load(self, name: str, config: Path) -> Model:
        if name == "nobody":
            raise ModelUnavailable("Set a key first.")
        self.loaded.append(name)
        return Model(self.chat, name, languages=("en",), close=lambda: self.closed.append(name))

    def run(self, b: str, *more: str, a: str = "calm.md", chain: str = "meeting-info") -> int:
        files = [f"--a={self.folder / a}", f"--b={self.folder / b}", f"--data={self.folder / 'cases.jsonl'}"]
        return main([chain, *files, "--model=one", f"--out={self.folder / 'out' / 'page.html'}", *more])

    @property
    def page(self) -> str:
        return (self.folder / "out" / "page.html").read_text(encoding="utf-8")


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    setting = Setting(tmp_path)
    monkeypatch.setattr("lab.command.load_model", setting.load)
    monkeypatch.setattr(command, "CACHE", tmp_path / "cache")
    return setting


Captured = pytest.CaptureFixture[str]


def test_a_worse_prompt_fails_and_is_told_and_reported(setting: Setting, capsys: Captured) -> None:
    assert setting.run("loud.md", "--no-cache") == WORSE
    out, err = capsys.readouterr()
    assert "B is WORSE than A in 1 of 2 scores: category-fits." in out
    assert "16/16" in err  # progress, and only there
    assert "16/16" not in out
    assert "page.html" in err
    assert "category-fits" in setting.page


def test_one_that_is_as_good_passes(setting: Setting, capsys: Captured) -> None:
    setting.write("other.md", B.text)
    assert setting.run("other.md", "--no-cache", "--margin=0.4", chain="meeting_info") == FINE
    assert "not worse than A by more than 40 points" in capsys.readouterr().out


@pytest.mark.parametrize(("more", "status"), [([], FINE), (["--strict"], CANNOT_TELL)])
def test_what_cannot_be_told_fails_only_if_that_is_wanted(
    setting: Setting, capsys: Captured, more: list[str], status: int
) -> None:
    setting.write("other.md", B.text)
    assert setting.run("other.md", "--no-cache", *more) == status
    assert "IT CANNOT BE TOLD" in capsys.readouterr().out


def test_a_second_time_it_comes_from_the_cache_and_says_so(setting: Setting, capsys: Captured) -> None:
    first = setting.run("loud.md")
    calls = len(setting.chat.calls)
    assert setting.run("loud.md") == first
    assert len(setting.chat.calls) == calls == 16
    assert "16 of them from the cache" in " ".join(capsys.readouterr().out.split())


def test_without_a_cache_every_run_is_made_and_none_is_kept(setting: Setting) -> None:
    setting.run("loud.md", "--no-cache")
    setting.run("loud.md", "--no-cache")
    assert len(setting.chat.calls) == 32
    assert not (setting.folder / "cache").exists()


def test_a_draft_may_be_called_what_the_other_one_is(setting: Setting, capsys: Captured) -> None:
    (setting.folder / "drafts").mkdir()
    setting.write("drafts/calm.md", Prompt.parse(B.text).text)
    assert setting.run("drafts/calm.md", "--no-cache") == FINE
    out = capsys.readouterr().out
    assert "calm-a@" in out
    assert "calm-b@" in out


def test_repeats_and_cases_are_as_many_as_asked_for(setting: Setting) -> None:
    setting.run("loud.md", "--no-cache", "--cases=3", "--repeats=2")
    assert len(setting.chat.calls) == 3 * 2 * 2


def test_nobody_judges_unless_asked_to(setting: Setting, capsys: Captured) -> None:
    setting.run("loud.md", "--no-cache")
    assert setting.loaded == setting.closed == ["one"]
    assert "opinion" not in capsys.readouterr().out
    assert setting.run("loud.md", "--no-cache", "--judge=two") == WORSE
    assert setting.loaded == setting.closed == ["one", "one", "two"]
    out, err = capsys.readouterr()
    assert "The opinion of one model, two" in out
    assert "two judges 16 answers" in err


def test_a_model_is_closed_also_when_the_bench_cannot_be_run(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    async def bench(*arguments: Any, **more: Any) -> Any:
        raise ValueError("There is nothing to run.")

    monkeypatch.setattr(command, "bench", bench)
    assert setting.run("loud.md", "--no-cache") == WRONG
    assert setting.closed == ["one"]


def refused(setting: Setting, capsys: Captured, *arguments: str) -> str:
    """What is said to wrong usage; one line of words, and no report."""
    assert main([*arguments, "--no-cache", f"--out={setting.folder / 'no.html'}"]) == WRONG
    out, err = capsys.readouterr()
    assert not out
    assert not (setting.folder / "no.html").exists()
    assert "Traceback" not in err
    return err.strip()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chat-bot-2", "--a=en", "--b=en"], "no chain 'chat-bot-2'"),
        (["meeting-info", "--a=en", "--b=nope"], "no prompt 'nope'; there are en"),
        (["meeting-info", "--a=en", "--b=missing.md"], "missing.md cannot be read"),
        (["meeting-info", "--a=en", "--b=ko", "--model=one"], "language"),
        (["meeting-info", "--a=en", "--b=en", "--model=nobody"], "Set a key first."),
        (["meeting-info", "--a=en", "--b=en", "--data=none.jsonl"], "none.jsonl"),
    ],
)
def test_wrong_usage_is_said_in_words(setting: Setting, capsys: Captured, arguments: list[str], words: str) -> None:
    assert words in refused(setting, capsys, *arguments)


@pytest.mark.parametrize("wrong", ["--cases=0", "--cases=some", "--margin=5", "--margin=x", "--margin=0"])
def test_numbers_that_mean_nothing_are_refused_before_anything_runs(
    setting: Setting, capsys: Captured, wrong: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        setting.run("loud.md", wrong)
    assert wrong.partition("=")[2] in capsys.readouterr().err
    assert not setting.loaded
