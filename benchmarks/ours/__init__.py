"""This project at work, one script for each thing that is timed."""
