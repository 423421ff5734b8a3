"""Not there yet."""


def tables(records):
    return {}


def figures(records):
    return {}
