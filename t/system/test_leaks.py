"""A worker needs no more memory after some thousand people came and went; t/leaks does it for as
long as one likes."""

import shutil

import pytest
from burung.leaks import BENCH, RELEASE, SHIM, Watched

pytestmark = pytest.mark.skipif(
    not (shutil.which("valgrind") and RELEASE.exists() and SHIM.exists()),
    reason="valgrind, a release build (build/release) or fail_alloc.so is missing",
)


def test_memory_in_use_does_not_grow_with_connections():
    with Watched(memcheck=False) as server:
        people, rooms = server.people()
        server.run(1000, people, rooms)  # caches fill
        before = server.in_use()
        server.run(2000, people, rooms)
        after = server.in_use()
        # A page of SQLite's cache for each few hundred, up to a bound that is reached later;
        # a block lost for each connection would be 2,000.
        print(before, after, sep="\n")
        assert (before.held, after.held) == (0, 0), f"\n{before}\n{after}"
        assert after.blocks - before.blocks < 200, f"\n{before}\n{after}"


@pytest.mark.skipif(not (BENCH / "chatload").exists(), reason="bench/chatload is not built")
def test_idle_connection_takes_no_more_than_it_did():
    """As scenario C of bench/run measures it, but what is in use and not the pages that it lies
    on, which say little of so few. Of devices, people and rooms hub.c asserts the size."""
    slabs = 152 + 104 + 96 / 10
    server = Watched(memcheck=False)
    server.seed(3000)
    with server:
        server.bytes_with(1000)  # caches fill
        fewer, more = server.bytes_with(1000), server.bytes_with(3000)
    each = (more - fewer) / 2000 + slabs
    print(f"{each:.0f} bytes each")
    assert slabs < each < 330, f"{each} bytes; it was 294"


def test_memcheck_finds_nothing_lost_and_no_error():
    with Watched(memcheck=True) as server:
        people, rooms = server.people()
        server.run(200, people, rooms)
        use = server.in_use()
        print(use)
        assert use.blocks > 1000, "memcheck's summary was not read"
        assert (use.lost, use.errors) == (0, 0), server.memcheck_log.read_text()
        assert use.held == 0, use
