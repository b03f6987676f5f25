"""The echo server of the conformance tests: t/helpers/ws_echo, which is our server, our frames
and nothing else."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator

from burung.server import TOP

BUILD = os.path.dirname(os.environ.get("BURUNGD", TOP / "build/test/burungd"))
ECHO = os.path.join(BUILD, "t/helpers/ws_echo")


@contextlib.contextmanager
def running() -> Iterator[int]:
    """Its port. Its log must stay clean and its end be orderly."""
    subprocess.run(["make", "-s", "-C", BUILD, "t/helpers/ws_echo"], check=True)
    process = subprocess.Popen(
        [ECHO, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        ready = re.fullmatch(r"listening (\d+)\n", process.stdout.readline())
        assert ready, process.stderr.read()
        yield int(ready[1])
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
        assert process.returncode == 0, log
        assert "Sanitizer" not in log and "runtime error" not in log, log
    finally:
        process.kill()
        process.communicate()
