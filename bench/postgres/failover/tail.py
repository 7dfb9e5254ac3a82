"""Reading on in a file that grows."""

from __future__ import annotations

from pathlib import Path


class Tail:
    """The whole lines of a file that others write."""

    def __init__(self, path: Path):
        self.path = path
        self.offset = 0

    def new_lines(self) -> list[str]:
        """Those that were written since the last time."""
        if not self.path.exists():
            return []
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        if newline:
            self.offset += len(whole) + 1
        return whole.decode().splitlines()
