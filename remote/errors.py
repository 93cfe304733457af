"""Errors of builds on other machines. Each names the endpoint.

| code | class | | code | class |
|---|---|---|---|---|
| R001 | `EndpointRefused` | | R002 | `EndpointUnreachable` |
| R003 | `NotAuthenticated` | | R004 | `EndpointUnsuitable` |
| R005 | `FalseBlob` | | R006 | `RemoteFailure` |
| R007 | `NothingExecutes` | | R008 | `NamespacesForbidden` |
| R009 | `RemoteMissing` | | | |
"""

from __future__ import annotations

from dataclasses import dataclass

from ..builder.elsewhere import BuildError, EngineUnavailable, shown


@dataclass(eq=False, repr=False)
class EndpointRefused(BuildError):
    """The settings of an endpoint are not usable, or not safe."""

    code = "R001"
    endpoint: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"the remote endpoint '{shown(self.endpoint)}' is not used: {self.reason}"

    @property
    def hint(self) -> str | None:
        return self.advice


@dataclass(eq=False, repr=False)
class EndpointUnreachable(EngineUnavailable):
    """An endpoint does not answer, however often it is asked."""

    code = "R002"
    endpoint: str
    reason: str
    is_secure: bool = False

    @property
    def message(self) -> str:
        return f"{self.endpoint} cannot be reached: {shown(self.reason)}"

    @property
    def hint(self) -> str | None:
        if self.is_secure:
            return (
                "a server without TLS, another certificate authority (`ca`) and a missing client certificate (`cert`, "
                "`key`) look like this"
            )
        return "is the server running, and does it want TLS (grpcs://)?"


@dataclass(eq=False, repr=False)
class NotAuthenticated(BuildError):
    """An endpoint does not accept the credentials, or wants some."""

    code = "R003"
    endpoint: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.endpoint} does not let this user in: {shown(self.reason)}"

    @property
    def hint(self) -> str | None:
        return "a token may be missing or expired: `token-file` or `credential-helper` in [remote] of chx.toml"


@dataclass(eq=False, repr=False)
class EndpointUnsuitable(BuildError):
    """An endpoint lacks something that builds need."""

    code = "R004"
    endpoint: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.endpoint} cannot build for chx: {self.reason}"


@dataclass(eq=False, repr=False)
class FalseBlob(BuildError):
    """An endpoint sent bytes that are not what their digest says, or a message that is not of its form.

    It is not asked again: what else it sends cannot be relied on either.
    """

    code = "R005"
    endpoint: str
    what: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.endpoint} sent {shown(self.what)}, and {shown(self.reason)}"

    @property
    def hint(self) -> str | None:
        return "its storage is damaged, or it lies; nothing of this build was taken"


@dataclass(eq=False, repr=False)
class RemoteFailure(BuildError):
    """An endpoint could not carry out an action: the failure is not the builder's."""

    code = "R006"
    endpoint: str
    status: str
    reason: str

    @property
    def message(self) -> str:
        told = f": {shown(self.reason)}" if self.reason else ""
        return f"{self.endpoint} could not run {self._subject()} ({self.status}){told}"


@dataclass(eq=False, repr=False)
class NothingExecutes(EngineUnavailable):
    """No worker took an action in time."""

    code = "R007"
    endpoint: str
    seconds: float

    @property
    def message(self) -> str:
        return f"{self.endpoint} has not begun {self._subject()} in {self.seconds:g} seconds"

    @property
    def hint(self) -> str | None:
        return "has it workers with the platform properties of [remote.systems]? `queue-timeout` in [remote] says how long to wait"


@dataclass(eq=False, repr=False)
class NamespacesForbidden(BuildError):
    """A worker does not let bubblewrap make a sandbox; `said` is what that prints."""

    code = "R008"
    endpoint: str
    said: str

    @property
    def message(self) -> str:
        return f"the workers of {self.endpoint} allow no sandbox: {shown(self.said.strip())}"

    @property
    def hint(self) -> str | None:
        return (
            "the operator has to allow user namespaces to actions: a worker that runs them as an ordinary user "
            "(buildbox: the platform property unixUID), sysctl user.max_user_namespaces above 0, and a seccomp profile "
            "that lets `unshare` and `mount` pass"
        )


@dataclass(eq=False, repr=False)
class RemoteMissing(BuildError):
    """What the extra `remote` brings is not installed."""

    code = "R009"
    reason: str

    @property
    def message(self) -> str:
        return f"builds on other machines need gRPC for Python: {self.reason}"

    @property
    def hint(self) -> str | None:
        return "pip install 'chx[remote]'"
