"""This project, as its README says to build a chain of one's own. `ours.yaml` serves it."""

from langchain_core.prompts import ChatPromptTemplate

from benchmarks.peers.item import SYSTEM, Item, Question
from chains import Limits, Model, StructuredChain


def build(model: Model, limits: Limits) -> StructuredChain:
    prompt = ChatPromptTemplate([("system", SYSTEM), ("user", "{subject}")])
    return StructuredChain(name="item", request=Question, result=Item, prompt=prompt, model=model, limits=limits)
