"""The virtual environments of the peers: made once, from pinned requirements, and made anew where these change.

python -m benchmarks.peers.environments [PEER ...]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "environments"
PEERS = tuple(sorted(path.stem for path in REQUIREMENTS.glob("*.txt")))


def environment(peer: str) -> Path:
    """The Python of a peer's environment, which is made or made anew where it has to be.

    Args:
        peer: one of ``PEERS``.

    Raises:
        ValueError: there is no such peer.
        RuntimeError: its requirements could not be installed; pip's output is given.
    """
    if peer not in PEERS:
        raise ValueError(f"There are no requirements for the peer {peer!r}: take one of {', '.join(PEERS)}.")
    wanted = (REQUIREMENTS / f"{peer}.txt").read_text(encoding="utf-8")
    folder = FOLDER / peer
    python = folder / "bin" / "python"
    installed = folder / "requirements.txt"  # written last: an environment without it is unfinished
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        _make(peer, folder, python)
        installed.write_text(wanted, encoding="utf-8")
    return python


def _make(peer: str, folder: Path, python: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    command = [python, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS / f"{peer}.txt"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"The environment of {peer} could not be made in {folder}: look at what pip says, and at "
            f"benchmarks/peers/requirements/{peer}.txt.\n{done.stdout}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the environments of the peers.")
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"one of {', '.join(PEERS)}; all of them without it")
    for peer in parser.parse_args().peers or PEERS:
        try:
            print(f"{peer}: {environment(peer)}", flush=True)
        except (ValueError, RuntimeError) as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
