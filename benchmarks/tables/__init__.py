"""The tables and figures of the documentation, made from kept results: ``python -m benchmarks.tables [--check]``.

Each suite has a module with ``tables(records)``, Markdown by name, and ``figures(records)``, drawings by the name of
the table below which they stand. ``marks`` says where in a page a table stands.
"""
