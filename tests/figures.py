"""Figures that tests have measured, told at the end of a run. They are for people: nothing is asserted of them."""

measured: list[str] = []
