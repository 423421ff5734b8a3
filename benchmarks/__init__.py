"""What pinnzo is measured by: ``python -m benchmarks`` runs suites, ``python -m benchmarks.tables`` writes their pages.

A suite is a list of cases. A case runs in a process of its own and its result is one line of JSON in ``results``. The
tables and figures of the documentation are made from these files alone.
"""
