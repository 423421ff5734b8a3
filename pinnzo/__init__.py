"""pinnzo: solve partial differential equations with neural networks, using forward passes only.

The public names are listed in ``__init__.pyi``. Each is imported when it is first asked for, so that ``import pinnzo``
takes no time and whoever only declares a problem does not wait for the comparisons.
"""

import logging as _logging
from importlib.metadata import version as _version

import lazy_loader as _lazy_loader

__getattr__, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)
__version__ = _version("pinnzo")

# A library says nothing by itself: whoever wants its records adds a handler.
_logging.getLogger("pinnzo").addHandler(_logging.NullHandler())
