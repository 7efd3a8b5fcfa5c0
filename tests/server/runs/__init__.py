import pytest

pytest.register_assert_rewrite("tests.server.runs.contract", "tests.server.runs.contract_owners")
