"""Fixtures of the system tests, and coroutines as test functions."""

import asyncio
import inspect
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from burung import Server

MADE = pytest.StashKey[list[Server]]()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Runs an `async def test_…` on a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows with a failure the end of the log of each server that took part."""
    outcome = yield
    report = outcome.get_result()
    if call.when == "call" and report.failed:
        shared = getattr(item, "funcargs", {}).get("server")
        for one in [*([shared] if isinstance(shared, Server) else []), *item.stash.get(MADE, [])]:
            report.sections.append((f"log of {one.folder}", one.log_tail()))


@pytest.fixture(scope="module")
def server():
    """Two workers, shared by the tests of a file; the tests take names of their own."""
    with Server(workers=2) as shared:
        yield shared


@pytest.fixture
def make_server(request):
    """Makes servers that are ended with the test; each must leave a clean log."""
    made: list[Server] = []
    request.node.stash[MADE] = made

    def make(*, start: bool = True, **conf) -> Server:
        one = Server(**conf)
        made.append(one)
        if start:
            one.start()
        return one

    yield make
    try:
        for one in made:
            one.stop()
            one.assert_clean()
    finally:
        for one in made:
            one.destroy()


@pytest.fixture
def name(request):
    """Makes names of people that no other test uses."""
    import hashlib

    tag = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]
    return lambda short: f"{short}.{tag}"
