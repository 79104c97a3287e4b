"""Suites: claims kept in files, or coming in as rows, and what came of checking them.

    outcome    what came of one case, row or gate
    gates      gates on trial: each rule against its definition

The reports of `check` are written from outcomes alone.
"""
