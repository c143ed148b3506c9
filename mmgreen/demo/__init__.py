"""All that makes the demo, its data and its comparison of starts."""
