"""The rows of the bench: who competes in each, and what has to be reached."""
