"""What works in this Python environment, what does not, and the commands that mend it."""
