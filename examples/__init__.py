"""Whole small programs to copy from: `python -m examples.langgraph_node`. They need no key; the tests run them."""
