"""How LangServe's own endpoints write JSON here."""

import json
from typing import Any

from langserve.serialization import WellKnownLCSerializer

from schemas.text import escape_line_ends


class WireSerializer(WellKnownLCSerializer):
    """LangServe's serializer, safe for what models write.

    Stock LangServe's stream dies of half a surrogate pair in a chunk, and its client breaks lines at U+0085, U+2028
    and U+2029 inside the JSON.
    """

    def dumps(self, obj: Any) -> bytes:
        try:
            text = super().dumps(obj).decode()
        except TypeError:
            text = super().dumps(_whole_characters(obj)).decode()
        return escape_line_ends(text).encode()


def _whole_characters(obj: Any) -> Any:
    """The same as plain JSON, a lone surrogate becoming U+FFFD."""
    text = json.dumps(obj, ensure_ascii=False, default=lambda value: value.model_dump(mode="python"))
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
