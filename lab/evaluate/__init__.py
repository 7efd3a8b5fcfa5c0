"""Whether answers are good: checks that any machine repeats, intervals around their figures, and a gate in front."""
