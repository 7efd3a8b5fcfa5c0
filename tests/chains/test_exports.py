"""The names that whoever builds a chain of their own may lean on."""

import chains


def test_every_public_name_is_there_and_once() -> None:
    assert all(hasattr(chains, name) for name in chains.__all__)
    assert len(set(chains.__all__)) == len(chains.__all__)
