"""Reads the runs of a moim-stream server: typed events as they come, over as many connections as that takes.

    with stream_run("https://host/meeting-info", {"goal": "slow walks on Sundays"}) as run:
        for event in run:
            print(event.type, run.value)

The events themselves, and the errors that servers tell, are those of `schemas`.
"""

from moim_client.asynchronous import AsyncRun, aresume_run, astream_run
from moim_client.errors import ClientError, ConnectionLost, RunCancelled, UnexpectedAnswer
from moim_client.synchronous import Run, resume_run, stream_run

__all__ = [
    "AsyncRun",
    "ClientError",
    "ConnectionLost",
    "Run",
    "RunCancelled",
    "UnexpectedAnswer",
    "aresume_run",
    "astream_run",
    "resume_run",
    "stream_run",
]
