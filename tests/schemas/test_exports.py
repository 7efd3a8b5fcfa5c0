"""The names that the other rooms, and other people, may build on."""

import schemas


def test_every_public_name_is_there_and_once() -> None:
    assert all(hasattr(schemas, name) for name in schemas.__all__)
    assert len(set(schemas.__all__)) == len(schemas.__all__)
