"""What chx does, for Python: values in, values out.

Nothing in this room reads a command line, prints, or ends the process. Names are loaded when they are first asked for.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .request import Request

_HOMES = {
    "Request": "request",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(__import__(f"{__name__}.{home}", fromlist=(name,)), name)
    globals()[name] = value
    return value


__all__ = ["Request"]
