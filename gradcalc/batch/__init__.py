"""Many points at once: tables that are read and written in blocks of rows, and computed as arrays.

    table      a block of rows, and the readers of CSV, TSV, JSON lines and npz

No file is ever held in memory whole.
"""
