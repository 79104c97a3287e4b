"""Suites: claims kept in files, or coming in as rows, and what came of checking them.

    files      suite files -> cases; a case is a program at a point, with what is claimed there
    schema     which keys a suite has
    written    a case as it is written -> cases at one point each
    lines      where the keys of a TOML file stand
    running    case -> outcome, in several `processes` where that is asked for
    rows       a table of claims, checked row by row: doubles decide most of it
    columns    what the columns of a table mean
    precise    rows judged one at a time; `sample` has those that prove doubles
    gates      gates on trial: each rule against its definition
    outcome    what came of one case, row or gate

The reports of `check` are written from outcomes alone.
"""
