"""What thinks: prompts, models, and chains whose answers stream as typed events. It needs no server.

A chain of one's own is a `StructuredChain`; the two that are served are `chains.chatbot` and `chains.meeting_info`.
"""

from chains.ask import Ask
from chains.checks import Check
from chains.drive import project
from chains.folds import value_of
from chains.limits import Limits
from chains.models.model import Model
from chains.moderation import WordList
from chains.partial_json import PartialJSONParser
from chains.pins import Pins
from chains.prompts import Prompt, load_prompts
from chains.structured import StructuredChain
from chains.takeover import Resumption

__all__ = [
    "Ask",
    "Check",
    "Limits",
    "Model",
    "PartialJSONParser",
    "Pins",
    "Prompt",
    "Resumption",
    "StructuredChain",
    "WordList",
    "load_prompts",
    "project",
    "value_of",
]
