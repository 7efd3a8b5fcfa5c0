"""The embedded model's own process: llama.cpp's OpenAI-compatible server on a loopback port.

It is run by file path, so that it imports xllamacpp and nothing of ours and is up within a second. One line
of JSON on stdin brings the settings, the API key among them, out of sight of the process list. One line of
JSON on stdout answers with the address, once the weights are loaded. stdin then stays open, and its end is
the order to leave: it comes when the parent closes it, and just as surely when the parent is killed.
"""

import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

_ERRORS_ONLY = 1


def main() -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which may have streams to finish
    answer_fd = os.dup(1)
    os.dup2(2, 1)  # whatever the engine prints is log, and the answer stays the only thing on stdout
    settings = json.loads(sys.stdin.buffer.readline())
    engine = importlib.import_module("xllamacpp")  # only now: it may print as it is imported
    server = engine.Server(_with(engine.CommonParams(), settings))  # returns with the weights loaded, or raises
    with suppress(BrokenPipeError):  # the parent has gone meanwhile, and stdin has ended too
        os.write(answer_fd, json.dumps({"address": server.listening_address}).encode() + b"\n")
    while os.read(0, 4096):
        pass
    os._exit(0)  # at once: the engine's destructor can wait forever, and there is nothing to save


def _with(params: Any, settings: dict[str, Any]) -> Any:
    params.model.path = settings["weights"]
    params.model_alias = {settings["model"]}
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["slots"] * settings["context_tokens"]  # the engine divides it between the slots
    # A second thread gains little on an idle machine and loses most of the speed on a busy one.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"]
    params.api_keys = [settings["api_key"]]
    params.cors_origins = ""  # no page may read from it, whatever key it has found
    params.cors_credentials = False
    params.ui = False
    params.cont_batching = True
    params.cache_prompt = True  # a slot keeps its prompt: a repeated prefix is not read again
    params.cache_ram_mib = 64  # what other prompts left in it is kept aside, within bounds: the default is 8 GiB
    params.fit_params = False  # there is no GPU to fit anything to, and measuring takes a third of the start
    params.verbosity = _ERRORS_ONLY
    return params


if __name__ == "__main__":
    main()
