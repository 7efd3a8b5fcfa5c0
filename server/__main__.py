"""Serves: `python -m server`. HOST, PORT and CONFIG (the settings file) come from the environment."""

import gc
import sys

gc.disable()  # until all is imported (`server.worker.serve`): a tenth of the start goes into looking for garbage

from server.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
