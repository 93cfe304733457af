"""What can go wrong with the name of a profile; what is wrong inside one is an error of evaluation."""

from __future__ import annotations

from .suggestion import PROFILES, suggestion


class UnknownProfile(Exception):
    """There is no profile of this name in `folder`; `candidates` are the names that there are."""

    code = "A001"
    labels = ()
    frames = ()
    details = ()

    def __init__(self, name: str, candidates: list[str], folder: str = PROFILES) -> None:
        self.name = name
        self.candidates = candidates
        self.message = f"there is no architecture '{name}'"
        self.hint = suggestion(name, folder)
        super().__init__(self.message)
