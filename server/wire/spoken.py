"""Which field of a chain's answer is said in a conversation."""

from chains.structured import StructuredChain
from schemas import settle_tree
from server.wire.inputs import holds_conversation


def spoken(chain: StructuredChain) -> str:
    """The first field of its result, if the chain holds a conversation and that is a text which grows. Else empty."""
    first = next(iter(settle_tree(chain.result.model_json_schema()).properties.items()), None)
    says = first and holds_conversation(chain.request) and first[1].settle in ("char", "word")
    return first[0] if first and says else ""
