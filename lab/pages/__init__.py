"""What is shown as HTML: a notebook's cell, or a page that stands alone.

A page has no script, loads nothing, and says so to the browser (Content-Security-Policy): users and models wrote much
of what it quotes. Templates escape whatever is put into them, quotes too.
"""

from base64 import b64encode
from io import BytesIO
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

_PAGES = Environment(
    loader=PackageLoader("lab", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def rendered(page: str, **values: Any) -> str:
    """A template of this folder, filled."""
    return _PAGES.get_template(page).render(**values)


def picture(figure: Figure) -> str:
    """A plot as the address of an image: a browser runs nothing that is in one."""
    file = BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{b64encode(file.getvalue()).decode()}"
