"""The templates in `pages`. Whatever is put into one is escaped, quotes too: models and users wrote it."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_PAGES = Environment(
    loader=PackageLoader("lab.bench", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def rendered(page: str, **values: Any) -> str:
    """A template, filled."""
    return _PAGES.get_template(page).render(**values)
