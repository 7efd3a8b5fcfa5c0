"""How long the model's texts are, beside how long they may be. The limits are read from the result's own types."""

from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lab.bench.trial import Trial


def text_limits(result: type[BaseModel]) -> dict[str, int]:
    """The places of a result whose texts have a limit, in its order: `/summary`, `/tags/-`, `/plan/-/title`.

    From the types and not from the JSON Schema, which says what models are held to: of a tag a pattern.
    """
    return dict(_of_model(result, ""))


def _of_model(model: type[BaseModel], at: str) -> Iterator[tuple[str, int]]:
    for name, info in model.model_fields.items():
        yield from _of_type(info.annotation, info.metadata, f"{at}/{info.alias or name}")


def _of_type(kind: Any, notes: Iterable[Any], at: str) -> Iterator[tuple[str, int]]:
    origin = get_origin(kind)
    if origin is Annotated:
        bare, *own = get_args(kind)
        yield from _of_type(bare, [*notes, *own], at)
    elif origin in (Union, UnionType):
        for choice in get_args(kind):
            yield from _of_type(choice, notes, at)
    elif origin is list:
        yield from _of_type(get_args(kind)[0], (), f"{at}/-")
    elif kind is str:
        yield from ((at, note.max_length) for note in _flat(notes) if isinstance(note, MaxLen))
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _of_model(kind, at)


def _flat(notes: Iterable[Any]) -> Iterator[Any]:
    for note in notes:
        if isinstance(note, FieldInfo):
            yield from note.metadata
        else:
            yield note


def lengths(trial: Trial) -> Iterator[tuple[str, int]]:
    """The places and lengths of all texts that the model wrote, in any attempt.

    A text that goes beyond its limit is stopped there, so that it may have become longer still.
    """
    for draft in trial.drafts:
        yield from _texts(draft, "")


def _texts(value: Any, at: str) -> Iterator[tuple[str, int]]:
    match value:
        case str():
            yield at, len(value)
        case list():
            for item in value:
                yield from _texts(item, f"{at}/-")
        case Mapping():
            for name, item in value.items():
                yield from _texts(item, f"{at}/{name}")
