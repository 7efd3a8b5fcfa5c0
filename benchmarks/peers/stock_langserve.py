"""Stock LangServe: `add_routes` of a chain that parses its model's JSON, asked by its `/stream`."""

from fastapi import FastAPI
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from langserve import add_routes

from benchmarks.peers.item import MODEL, SYSTEM

prompt = ChatPromptTemplate([("system", SYSTEM), ("user", "{subject}")])
chat = ChatOpenAI(
    model=MODEL,
    stream_usage=True,
    # In the body: given as `response_format`, LangChain takes a way that costs twice as much.
    extra_body={"response_format": {"type": "json_object"}},
)

app = FastAPI()
add_routes(app, prompt | chat | JsonOutputParser(), path="/item", enabled_endpoints=["stream"])
