"""Settings of the documentation site."""

import dataclasses
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

import pinnzo

sys.path.insert(0, str(Path(__file__).parent))  # examples_gallery

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
    "sphinx_gallery.gen_gallery",
]
# The table of problems is part of the page that includes it; the gallery's page of computation times is none of ours.
exclude_patterns = ["_build", "benchmark.md", "sg_execution_times.rst", "gallery/sg_execution_times.rst"]

# What is callable is named by strings, which Sphinx can keep from one build to the next.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "examples_gallery.order",
    "image_scrapers": ("examples_gallery.figures_written",),
    "reset_modules": ("examples_gallery.sharp_figures",),
    "capture_repr": (),
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "thumbnail_size": (480, 320),
}

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

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 66
napoleon_numpy_docstring = False
# As entries of their own, attributes would appear twice: dataclass fields are members as well.
napoleon_use_ivar = True
add_module_names = False
toc_object_entries_show_parents = "hide"


SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Yields|Examples?|References?|Notes?):")


def as_read(app: Sphinx, what: str, name: str, target: object, options: object, lines: list[str]) -> None:
    """Docstrings are written to be read as they stand; this makes reStructuredText of what it would take otherwise.

    Bars, as in |α|, are no substitutions. Each line of an indented formula stays a line, and so do parts of it that
    stand well apart. The attributes of a dataclass are its parameters.
    """
    in_example, in_text = False, True
    if dataclasses.is_dataclass(target) and "Attributes:" in lines and "Args:" not in lines:
        lines[lines.index("Attributes:")] = "Args:"
    original, lines[:] = lines[:], []
    for line in original:
        in_text = in_text and not SECTION.match(line)
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if in_example:
            lines.append(line)
            continue
        # Every second part stands between double backquotes.
        parts = re.split("(``.*?``)", line)
        parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
        escaped = "".join(parts)
        if in_text and line.startswith("    "):
            lines += [f"    | {part}" for part in re.split(" {3,}", escaped.strip())]
        else:
            lines.append(escaped)


def setup(app: Sphinx) -> None:
    """Before napoleon, which has the usual priority of 500."""
    app.connect("autodoc-process-docstring", as_read, priority=400)
