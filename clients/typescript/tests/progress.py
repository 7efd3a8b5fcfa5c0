"""How the server itself accounts for the stream vectors, after each of their events, as one JSON document.

python clients/typescript/tests/progress.py
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

from schemas import Fold, copy_json, from_json  # noqa: E402
from schemas.progress import Progress  # noqa: E402


def accounts(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """After each event: the object, and of each field whether it has settled, is in doubt, is the user's."""
    fold, progress, told = Fold(), Progress(), []
    for event in (from_json(json.dumps(event)) for event in events):
        fold.apply(event)
        progress.apply(event)
        told.append(
            {
                "value": copy_json(fold.value),
                "settled": sorted(progress.settled),
                "doubted": sorted(progress.doubted),
                "pinned": sorted(progress.pinned),
                "errors": [breach.model_dump() for breach in progress.errors],
            }
        )
    return told


if __name__ == "__main__":
    files = sorted((ROOT / "tests/vectors/streams").glob("*.json"))
    sys.stdout.write(
        json.dumps({file.stem: accounts(json.loads(file.read_text(encoding="utf-8"))["events"]) for file in files})
    )
