"""One session of treatment as tables, a chart, words and CSV."""
