"""The benchmark: this project beside named peers doing the same work; ``make bench``.

docs/performance.md says what is measured and how.
"""
