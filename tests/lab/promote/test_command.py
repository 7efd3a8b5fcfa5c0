"""The command lists what there is and writes what is asked for: whole, in place, or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chains.prompts import Prompt, prompts_of
from lab.promote import __main__ as command
from tests.server.process import ROOT

SHIPPED = (ROOT / "langserve.yaml").read_bytes()
ENGLISH = prompts_of("meeting_info")["en"]
OLD = b"en@000000000000"
SAID = "There is no prompt 'en_cold'; there are en, ko."


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped settings, of a time when the English prompt was another."""
    file = tmp_path / "langserve.yaml"
    file.write_bytes(SHIPPED.replace(ENGLISH.reference.encode(), OLD))
    return file


@pytest.fixture
def drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the chain's prompts: those that are shipped, and what a test adds."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    for prompt in prompts_of("meeting_info").values():
        (folder / f"{prompt.name}.md").write_text(prompt.text, encoding="utf-8")
    monkeypatch.setattr(command, "folder_of", lambda chain: folder)
    monkeypatch.setattr("lab.command.folder_of", lambda chain: folder)
    return folder


def run(config: Path, *arguments: str) -> int:
    return command.main([*arguments, "--config", str(config)])


# -- writing -----------------------------------------------------------------------------------------------------------


def test_it_writes_the_line_and_shows_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.chmod(0o640)
    assert run(config, "meeting-info", "en") == 0
    assert config.read_bytes() == SHIPPED
    assert config.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in config.parent.iterdir()] == ["langserve.yaml"]
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith(("-  ", "+  "))] == [
        "-      en: en@000000000000",
        f"+      en: {ENGLISH.reference}",
    ]


def test_what_is_served_already_is_not_written_again(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_bytes(SHIPPED)
    before = config.stat()
    assert run(config, "meeting_info", "en") == 0
    assert "served already" in capsys.readouterr().out
    assert config.stat() == before


def test_line_ends_of_another_system_stay(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_bytes(config.read_bytes().replace(b"\n", b"\r\n"))
    assert run(config, "meeting-info", "en") == 0
    assert config.read_bytes() == SHIPPED.replace(b"\n", b"\r\n")
    assert "\r" not in capsys.readouterr().out


def test_a_link_stays_and_what_it_leads_to_is_written(config: Path) -> None:
    link = config.parent / "elsewhere" / "served.yaml"
    link.parent.mkdir()
    link.symlink_to(config)
    assert run(link, "meeting-info", "en") == 0
    assert link.is_symlink()
    assert config.read_bytes() == SHIPPED


def test_a_chain_with_another_key_is_found(config: Path) -> None:
    config.write_bytes(config.read_bytes().replace(b"  meeting-info:\n", b"  form:\n"))
    assert run(config, "meeting-info", "en") == 0
    assert config.read_bytes() == SHIPPED.replace(b"  meeting-info:\n", b"  form:\n")


def test_a_prompt_is_promoted_whatever_the_other_files_are(config: Path, drafts: Path) -> None:
    (drafts / "en_idea.md").write_text("half-written", encoding="utf-8")
    (drafts / "ko.md").write_text("broken", encoding="utf-8")
    (drafts / ".#en.md").symlink_to("somebody@somewhere.1234")
    assert run(config, "meeting-info", "en") == 0
    assert config.read_bytes() == SHIPPED


# -- listing -----------------------------------------------------------------------------------------------------------


def listed(config: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert run(config, "meeting-info") == 0
    return capsys.readouterr().out.splitlines()


def test_the_list_shows_what_is_served_what_is_not_and_what_has_changed(
    config: Path, drafts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warm = Prompt.parse(ENGLISH.text.replace("warmly", "very warmly"), "en_warm")
    (drafts / "en_warm.md").write_text(warm.text, encoding="utf-8")
    changed, named, draft, korean = listed(config, capsys)
    assert changed.startswith(f"! {ENGLISH.reference} ")
    assert "en@000000000000" in named
    assert draft.startswith(f"  {warm.reference} ")
    assert korean.startswith("* ko@")

    config.write_bytes(SHIPPED)
    served, _, _ = listed(config, capsys)
    assert served.startswith(f"* {ENGLISH.reference} ")
    assert ENGLISH.about.description in served


@pytest.mark.parametrize("named", ["prompts: {en: en}", "prompts: {}", "path: /m"])
def test_a_prompt_without_its_hash_is_served_as_it_is(
    tmp_path: Path, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "langserve.yaml"
    file.write_text(f"chains: {{meeting-info: {{{named}}}}}", encoding="utf-8")
    assert [line[:5] for line in listed(file, capsys)] == ["* en@", "* ko@"]


def test_the_list_says_why_a_file_cannot_be_used(
    config: Path, drafts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_bytes(SHIPPED)
    (drafts / "en_idea.md").write_text("half-written", encoding="utf-8")
    (drafts / "en.warm.md").write_text(ENGLISH.text, encoding="utf-8")
    (drafts / ".#en.md").symlink_to("somebody@somewhere.1234")
    lines = listed(config, capsys)
    assert sorted(line[:2] for line in lines) == ["! ", "! ", "* ", "* "]
    assert any(line.startswith("! en_idea.md: ") and "front matter" in line for line in lines)
    assert any(line.startswith("! en.warm.md: ") and "name" in line for line in lines)
    assert not any("#" in line for line in lines)


def test_the_list_says_what_is_named_and_not_there(
    config: Path, drafts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_bytes(SHIPPED.replace(ENGLISH.reference.encode(), b"en_gone@000000000000"))
    english, korean, gone = listed(config, capsys)
    assert (english[:5], korean[:5]) == ("  en@", "* ko@")
    assert gone.startswith("! en_gone@000000000000 ")
    assert "there is no such file" in gone


# -- what cannot be done -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("meeting", "en"), "There is no chain 'meeting'; the settings have chatbot, meeting-info."),
        (("meeting-info", "en_cold"), SAID),
        (("meeting-info", "../chatbot/en"), "There is no prompt '../chatbot/en'; there are en, ko."),
    ],
)
def test_what_cannot_be_done_is_said_in_words(
    config: Path, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = config.read_bytes()
    assert run(config, *arguments) == 2
    assert capsys.readouterr().err.strip() == said
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("en_broken", ENGLISH.text.replace("{facts}", "{fact}"), "en_broken.md uses {fact}"),
        ("en_idea", "half-written", "en_idea.md: a prompt begins with front matter"),
        ("en.warm", ENGLISH.text, "en.warm.md: a prompt's name has letters"),
        ("en_far", ENGLISH.text.replace("\nversion:", "\nmodel: nosuch\nversion:"), "the model 'nosuch'"),
        (
            "en_wide",
            ENGLISH.text.replace("\nversion:", "\nparameters: {max_tokens: 500000}\nversion:"),
            "wants answers of 500000 tokens; embedded has 2048",
        ),
    ],
)
def test_what_could_not_be_served_is_not_promoted(
    config: Path, drafts: Path, name: str, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (drafts / f"{name}.md").write_text(text, encoding="utf-8")
    before = config.read_bytes()
    assert run(config, "meeting-info", name) == 2
    assert said in capsys.readouterr().err
    assert config.read_bytes() == before


@pytest.mark.parametrize("prompt", [(), ("en",)], ids=["listing", "promoting"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be used: No such file or directory."),
        (b"\xff", "is not UTF-8 text."),
        (b"[]", "The file should hold keys and values."),
        (b"chains: {meeting-info: {prompts: [en]}}", "`chains.meeting-info.prompts` should hold keys and values."),
    ],
)
def test_settings_that_cannot_be_read_are_a_sentence(
    tmp_path: Path, content: bytes | None, said: str, prompt: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "odd.yaml"
    if content is not None:
        file.write_bytes(content)
    assert run(file, "meeting-info", *prompt) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(said)


def test_settings_that_cannot_be_written_stay_as_they_were(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    before = config.read_bytes()
    assert run(config, "meeting-info", "en") == 2
    assert capsys.readouterr().err.strip() == f"{config} cannot be used: No space left on device."
    assert config.read_bytes() == before
    assert [path.name for path in config.parent.iterdir()] == ["langserve.yaml"]


def test_it_is_a_command(config: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab.promote", "meeting-info", "en_cold"],
        cwd=ROOT,
        env=os.environ | {"CONFIG": str(config)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (2, "", SAID)
