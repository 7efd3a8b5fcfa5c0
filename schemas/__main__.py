"""Writes the JSON Schema of everything that crosses a boundary: `python -m schemas > schemas/schema.json`."""

import json

from schemas.document import schema_document

if __name__ == "__main__":
    print(json.dumps(schema_document(), ensure_ascii=False, indent=2))
