"""The others at work, one script for each; they run in a venv of the bench's own."""
