"""A form as an HTML table. All that a model or a user wrote is escaped; colours are the theme's own, light or dark."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from lab.form.rows import Row
from lab.form.text import shown

# Every cell says so itself: Jupyter's own style sheet puts numbers' alignment and small type into all tables. Columns
# have their widths from the beginning, so that nothing moves sideways while text grows.
_CELL = "text-align:left;vertical-align:top;padding:.25em .75em;white-space:normal;overflow-wrap:anywhere"
_TEXT = "white-space:pre-wrap"
_FADED = "opacity:.6;text-decoration:line-through"
_TABLE = "table-layout:fixed;border-collapse:collapse;font-size:inherit;margin:0;width:100%;max-width:64em"


def table(
    caption: str, columns: Iterable[tuple[str, str]], body: Iterable[Sequence[str]], foot: Iterable[str] = ()
) -> str:
    """A table whose columns have headings and widths (CSS); the first cell of a row names it. Only `body` is HTML."""
    head = "".join(f'<th scope="col" style="{_CELL};width:{width}">{escape(name)}</th>' for name, width in columns)
    rows = "".join(f'<tr><th scope="row" style="{_CELL}">{name}</th>{"".join(cells)}</tr>' for name, *cells in body)
    below = "".join(f'<div style="padding:.25em .75em">{escape(line)}</div>' for line in foot)
    return (
        f'<table style="{_TABLE}"><caption style="caption-side:top;text-align:left;padding:.25em .75em">'
        f"{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{below}"
    )


def escaped(name: str) -> str:
    """A name as HTML."""
    return escape(name)


def value(row: Row) -> str:
    """A cell with what is seen of the field."""
    style = f"{_CELL};{_FADED if row.state == 'void' else ''}"
    caret = '<span aria-hidden="true">▍</span>' if row.state == "writing" else ""
    return f'<td style="{style}">{_value(row.value) if row.shows else ""}{caret}</td>'


def state(row: Row) -> str:
    """A cell with its state: mark, words, and a stripe of its colour."""
    return (
        f'<td style="{_CELL};border-left:4px solid {row.look.colour}">'
        f'<span aria-hidden="true">{row.look.mark}</span> {escape(row.said)}</td>'
    )


def both(row: Row) -> str:
    """One cell with both, for tables with many of them."""
    style = f"{_CELL};border-left:4px solid {row.look.colour}"
    faded = f' style="{_FADED}"' if row.state == "void" else ""
    seen = f"<div{faded}>{_value(row.value)}</div>" if row.shows else ""
    return f'<td style="{style}">{seen}<small>{row.look.mark} {escape(row.said)}</small></td>'


def _value(value: Any) -> str:
    """A JSON value: texts with their own line ends, lists as lists, an object's keys in bold."""
    match value:
        case str():
            return f'<span dir="auto" style="{_TEXT}">{escape(value)}</span>'
        case list() if value:
            items = "".join(f"<li>{_value(item)}</li>" for item in value)
            return f'<ul style="margin:0;padding-left:1.2em">{items}</ul>'
        case dict() if value:
            return "".join(f"<div><b>{escape(key)}</b>: {_value(item)}</div>" for key, item in value.items())
        case _:
            return escape(shown(value))
