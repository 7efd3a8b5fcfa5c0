"""YAML as people mean it: no key twice, and nothing is raised but `yaml.YAMLError`."""

from collections.abc import Hashable
from typing import Any

import yaml


def load_yaml(text: str) -> Any:
    """What a text says. `yaml.YAMLError` if it is no YAML, or says something twice.

    PyYAML takes the last of two equal keys, and its constructors raise whatever they meet (`2024-13-45`, `!!int ""`).
    """
    loader = None
    try:
        loader = _OnceOnly(text)
        return loader.get_single_data()
    except yaml.YAMLError:
        raise
    except Exception as error:
        raise yaml.YAMLError(str(error)) from error
    finally:
        if loader:
            loader.dispose()


class _OnceOnly(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value!r} stands there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)
