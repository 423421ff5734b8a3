"""Settings of the documentation site."""

import re

from sphinx.application import Sphinx

import pinnzo

project = "pinnzo"
author = "The pinnzo authors"
project_copyright = author
release = version = pinnzo.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinxcontrib.katex",
]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "pinnzo"
html_static_path = ["_static"]
html_css_files = ["pinnzo.css"]
html_show_sphinx = False
# Style sheet and fonts lie in _static and the script comes with the extension: formulas need no network.
katex_css_path = "katex/katex.min.css"

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_update_mathjax = False

autodoc_default_options = {"members": True, "show-inheritance": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 90
napoleon_numpy_docstring = False
# As entries of their own, attributes would appear twice: dataclass fields are members as well.
napoleon_use_ivar = True
add_module_names = False
toc_object_entries_show_parents = "hide"


def escape_bars(app: Sphinx, what: str, name: str, target: object, options: object, lines: list[str]) -> None:
    """Docstrings write |α| as it is read; reStructuredText would take it for a substitution."""
    in_example = False
    for i, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            # Every second part stands between double backquotes.
            parts = re.split("(``.*?``)", line)
            parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
            lines[i] = "".join(parts)


def setup(app: Sphinx) -> None:
    """Before napoleon, which has the usual priority of 500."""
    app.connect("autodoc-process-docstring", escape_bars, priority=400)
