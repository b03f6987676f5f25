"""burungctl, run against a Server's data folder."""

import json
import subprocess
from dataclasses import dataclass

from burung.server import Server, binary


@dataclass
class Done:
    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


def ctl_binary() -> str:
    return str(binary().with_name("burungctl"))


def run_ctl(*arguments: str, text: str = "", timeout: float = 60, **popen) -> Done:
    done = subprocess.run(
        [ctl_binary(), *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=timeout,
        **popen,
    )
    assert "Sanitizer" not in done.stderr, done.stderr
    assert "runtime error" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


class Ctl:
    """Asks about one server, running or not."""

    def __init__(self, server: Server):
        self.server = server

    def run(self, *arguments: str, text: str = "") -> Done:
        return run_ctl("-c", str(self.server.conf_path), *arguments, text=text)

    def ask(self, *arguments: str, text: str = "") -> dict:
        """The answer in JSON of a command that must succeed."""
        done = self.run("--json", *arguments, text=text)
        assert done.code == 0, f"{arguments}: {done.err}"
        return done.json()

    def fails(self, *arguments: str, text: str = "", code: int = 1) -> str:
        """What is said by a command that must fail."""
        done = self.run(*arguments, text=text)
        assert done.code == code, f"{arguments}: exit code {done.code}: {done.out}{done.err}"
        assert done.err.startswith("burungctl: "), done.err
        return done.err
