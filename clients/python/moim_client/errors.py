"""What can go wrong on this side, beside what the server says is wrong.

schemas.StreamError       the server's own words, with a code: a refusal, or a run that failed
ClientError
├── ConnectionLost        nobody answered, or the run's connection could not be made again in time
├── UnexpectedAnswer      somebody answered who does not speak the protocol: a proxy, another server
└── RunCancelled          there is no result: somebody stopped the run
"""


class ClientError(Exception):
    """A failure that no server has told."""


class ConnectionLost(ClientError):
    """Nobody answers. The run may go on: where its id is known, it can be resumed."""


class UnexpectedAnswer(ClientError):
    """An answer that is not of this protocol, and its HTTP `status`."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class RunCancelled(ClientError):
    """The run was stopped. `partial` is what had come."""

    def __init__(self, reason: str, partial: dict[str, object]) -> None:
        super().__init__(reason)
        self.partial = partial
