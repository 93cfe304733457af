"""A reporter that is loaded at the first event: most commands report nothing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .plain import PlainReporter

    class LateReporter(PlainReporter):
        """Stands in for a reporter."""

        def __init__(self, make: Callable[[], PlainReporter] | None = None) -> None: ...

else:

    class LateReporter:
        """Stands in for the reporter that `make` returns; a `PlainReporter` without."""

        def __init__(self, make=None):
            self._make = make
            self._reporter = None

        def __getattr__(self, name):
            if self._reporter is None:
                self._reporter = self._make() if self._make else _plain()
            return getattr(self._reporter, name)


def _plain() -> PlainReporter:
    from .plain import PlainReporter

    return PlainReporter()


__all__ = ["LateReporter"]
