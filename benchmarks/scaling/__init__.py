"""What one worker holds, and from it what a million readers need: `python -m benchmarks.scaling`, docs/scaling.md."""
