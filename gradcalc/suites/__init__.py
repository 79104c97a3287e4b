"""Suites: claims kept in files, or coming in as rows, and what came of checking them.

    outcome    what came of one case, row or gate

The reports of `check` are written from outcomes alone.
"""
