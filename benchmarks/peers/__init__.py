"""Servers to compare with, each doing the same: a question in, one structured answer out while it is being written.

Each finds the simulator's address in `OPENAI_BASE_URL`.
"""
