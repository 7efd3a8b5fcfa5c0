"""A scripted model that calls tools."""

from collections.abc import Iterator

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from chains.models.scripted import Reply, ScriptedChatModel


class Call(Reply):
    """Not an answer but the call of a tool, whose arguments are the text."""

    tool: str


class CallingChatModel(ScriptedChatModel):
    """Says its replies, and calls what they call: as servers do, with the tool's name in the first chunk only."""

    def _chunks(self, reply: Reply) -> Iterator[ChatGenerationChunk]:
        if not isinstance(reply, Call):
            yield from super()._chunks(reply)
            return
        call_id = f"call-{len(self.calls)}"
        first = tool_call_chunk(name=reply.tool, args="", id=call_id, index=0)
        rest = [tool_call_chunk(args=piece, index=0) for piece in reply.pieces(self.chunk_size)]
        for call in (first, *rest):
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))
        yield ChatGenerationChunk(message=AIMessageChunk(content=""), generation_info={"finish_reason": "tool_calls"})
