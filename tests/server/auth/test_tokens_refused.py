"""Each token that is not sound is refused by the same words, whatever is wrong with it."""

import pytest

from server.auth.tokens import Tokens
from tests.server.auth.forged import ALGORITHM, KEYS, SIGNATURE, SPELLING
from tests.server.auth.letting import refuse
from tests.server.auth.malformed import CLAIMS, HEADER, Make

TABLES = {
    "algorithm": ALGORITHM,
    "key": KEYS,
    "signature": SIGNATURE,
    "spelling": SPELLING,
    "header": HEADER,
    "claims": CLAIMS,
}
ALL = {ascii(f"{kind}: {what}"): make for kind, table in TABLES.items() for what, make in table.items()}


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
async def test_it_lets_nobody_in(tokens: Tokens, make: Make) -> None:
    await refuse(tokens, make())
