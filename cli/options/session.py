"""Session of a command that evaluates nothing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ops.session import Session


def plain_session() -> Session:
    """Return a session whose notices go to standard error."""
    from ...ops.session import Session
    from ..progress.late import LateReporter

    return Session(reporter=LateReporter())
