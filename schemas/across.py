"""Rules that cross fields, so that they can be checked as soon as their fields are known, not only at the end.

    class Trip(BaseModel):
        first: date
        last: date

        @model_validator(mode="after")
        @across("first", "last")
        def _in_order(self) -> Self:
            if self.last < self.first:
                raise ValueError("the last day comes before the first")
            return self

To pydantic it is a validator of the whole model as always. The stream runs it on these fields alone once they have all
settled; the other attributes are not there then. A validator without `across` runs when the object is whole.
"""

from collections.abc import Callable
from inspect import isfunction
from typing import Any, TypeVar

from pydantic import BaseModel

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__across__"


def across(*fields: str) -> Callable[[F], F]:
    """Marks a model validator (mode "after") with the attributes that it reads. It stands below `model_validator`."""
    if len(set(fields)) < max(2, len(fields)):
        raise ValueError("a rule across fields names at least two of them, each once")

    def mark(function: F) -> F:
        if not isfunction(function):  # pydantic has wrapped it already, and would never look at the mark
            raise TypeError("across stands directly above the function, below model_validator")
        setattr(function, _MARK, fields)
        return function

    return mark


def rules_across(model: type[BaseModel]) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """A model's marked validators: name → the function and the attributes it reads."""
    found = {}
    for name, decorator in model.__pydantic_decorators__.model_validators.items():
        if fields := getattr(decorator.func, _MARK, None):
            if unknown := set(fields) - set(model.model_fields):
                raise ValueError(f"{model.__name__}.{name}: {sorted(unknown)} are no fields")
            if decorator.info.mode != "after":
                raise ValueError(f"{model.__name__}.{name}: a rule across fields is a validator of mode 'after'")
            found[name] = (decorator.func, fields)
    return found
