"""Texts that would be more than text if the page let them, and a way to see whether anything came of them."""

from typing import Any

from playwright.sync_api import Page

MARK = "window.injected=1"
"""What each of them would do."""

TEXTS: dict[str, str] = {
    "a script": f"<script>{MARK}</script>",
    "an end of a script": f"</script><script>{MARK}</script>",
    "an end of a field": f"</textarea></title><img src=x onerror={MARK}>",
    "an image": f"<img src=x onerror={MARK}>",
    "an image from elsewhere": '<img src="https://elsewhere.example/a.png">',
    "an SVG": f"<svg onload={MARK}><animate onbegin={MARK}>",
    "a frame": '<iframe srcdoc="<script>parent.injected=1</script>">',
    "a link": f'<a href="javascript:{MARK}">a</a>',
    "an attribute": f'" onfocus={MARK} autofocus x="',
    "another attribute": f"' onmouseover='{MARK}",
    "an address": f"javascript:{MARK}",
    "a web address": "https://elsewhere.example/?a=1#b www.elsewhere.example mailto:a@b.example",
    "a Markdown link": f"[a](javascript:{MARK}) <https://elsewhere.example>",
    "a Markdown image": "![a](https://elsewhere.example/a.png)",
    "a template": "${" + MARK + "} {{constructor.constructor('" + MARK + "')()}} #{x} <%= x %>",
    "a style": "<style>*{display:none}</style>",
    "a rule of style": "}*{background:url(https://elsewhere.example)}",
    "a base": '<base href="https://elsewhere.example/"><meta http-equiv=refresh content=0>',
    "a form": "<form action=https://elsewhere.example><input name=attributes>",
    "a namesake": "<i id=messages name=body></i>",
    "a comment": "<!--><![CDATA[--!>",
    "entities": "&lt;b&gt; &#60;i&#62; &amp; &nbsp;",
    "a name of the page": "{n} {id} __proto__ constructor",
    "an override": "abc\u202edcba\u202c \u2066x\u2069 \u200f\u200e",
    "what is not seen": "a\u200b\u200c\u200d\u2060\ufeffb\u00ad\U000e0041",
    "a terminal's": "\x1b[31mred\x1b[0m\x07\x1b]8;;https://elsewhere.example\x1b\\",
    "right to left": "مرحبا שלום (a) [b]",
    "a tower": "Z" + "\u0300\u0301\u0302\u0303\u0489" * 8,
    "one long word": "W" * 400,
    "not to be shown": "\x01\x02\ufffe\uffff\U0010ffff",
}

_STRANGE = "a:not([href^='#']), iframe, object, embed, base, svg, body style, body script, body img:not(.logo)"
_WATCH = """(strange) => {
    const shown = (node) => [node.tagName, node.id, node.className?.baseVal ?? node.className,
        ...[...node.attributes].map(({ name }) => name).sort()].join(' ');
    return {
        injected: window.injected ?? null,
        elements: [...document.querySelectorAll('body *')].filter((node) => !node.closest('#log')).map(shown),
        strange: document.querySelectorAll(strange).length,
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    };
}"""


def seen(page: Page) -> dict[str, Any]:
    """What ran, which elements there are (with the names of their attributes), and how much it is too wide."""
    told: dict[str, Any] = page.evaluate(_WATCH, _STRANGE)
    return told


def fitted(text: str, most: int) -> str:
    """As much of a text as a field of one line takes."""
    return " ".join(text.split())[:most].strip() or "x"
