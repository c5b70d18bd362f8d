"""briefing turns tables described in YAML into sourced, reproducible PDF and HTML reports."""

__version__ = "0.1.0"
