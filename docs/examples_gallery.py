"""How the scripts in ``examples`` become pages of the gallery."""

import re
import shutil
from pathlib import Path
from typing import Any

from sphinx_gallery.scrapers import figure_rst

# The first are where a reader should begin; scripts that are not named follow in the order of their names.
ORDER = (
    "my_own_pde",
    "hjb_slices",
    "hard_and_soft",
    "estimators",
    "third_order",
    "variable_coefficient",
    "unknown_conductivity",
    "predator_prey",
    "torch_module",
)
FIGURE = re.compile(r"""["']([^"'\s/]+\.png)["']""")


def order(filename: Any) -> tuple[int, str]:
    """The place of a script in the gallery."""
    name = Path(filename).stem
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def figures_written(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any], **_: Any) -> str:
    """Move the figures whose names a block of code contains, and which it has written, to the page of its script."""
    folder = Path(block_vars["src_file"]).parent
    pictures = ""
    for name in FIGURE.findall(block[1]):
        if (folder / name).is_file():
            image = block_vars["image_path_iterator"].next()
            shutil.move(folder / name, image)
            # One by one each has the whole width; together they would be small and side by side.
            pictures += figure_rst([image], gallery_conf["src_dir"])
    return pictures


def sharp_figures(gallery_conf: dict[str, Any], fname: str) -> None:
    """Before each script: figures for screens with many points to the inch."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams.update(mpl.rcParamsDefault)
    mpl.rcParams["savefig.dpi"] = 160
