"""Out of memory ends the process that has none, and nothing else: an allocation of a conversation,
of a start or of burungctl fails, be it ours or a library's. Each place in the code that allocates
gets its turn with BURUNG_THOROUGH=1 (an hour and more), else some of them."""

import os
import random
import uuid

import pytest
from burung import mongo
from burung.starve import CTL, RELEASE, SHIM, Start, Sweep, ask_ctl

pytestmark = pytest.mark.skipif(
    not (RELEASE.exists() and CTL.exists() and SHIM.exists()),
    reason="a release build (build/release) or fail_alloc.so is missing",
)
MODULE = RELEASE.parent / "src/store/mongo/store_mongo.so"
THOROUGH = bool(os.environ.get("BURUNG_THOROUGH"))


def some(all_of_them: list[int], count: int) -> list[int]:
    """In their order, others each time."""
    if THOROUGH:
        return all_of_them
    chosen = set(random.sample(all_of_them, min(count, len(all_of_them))))
    return [each for each in all_of_them if each in chosen]


@pytest.mark.parametrize(("on", "count"), [(False, 40), (True, 16)], ids=["one", "and_all_behind"])
def test_an_allocation_of_a_worker_fails_in_a_conversation(on, count):
    with Sweep() as sweep:
        places = sweep.places()
        assert len(places) > 1000, "the shim sees next to nothing"
        for place in some(places, count):
            sweep.round(place, on=on)
        sweep.judge()
        assert sweep.failed > count / 2, "nearly no allocation failed"


@pytest.mark.skipif(mongo.find() is None, reason="there is no MongoDB")
@pytest.mark.skipif(not MODULE.exists(), reason="a release build of the MongoDB store is missing")
def test_an_allocation_of_a_worker_on_a_mongodb_fails():
    uri = mongo.shared().uri(f"starved_{uuid.uuid4().hex[:12]}")
    with Sweep(store=uri) as sweep:
        places = sweep.places()
        assert len(places) > 500, "the shim sees next to nothing"
        for place in some(places, 24):
            sweep.round(place)
        sweep.judge()
        assert sweep.failed > 12, "nearly no allocation failed"


def test_an_allocation_fails_while_the_server_starts():
    with Start() as start:
        places = start.places()
        assert len(places) > 100
        for place in some(places, 60):
            start.round(place)
        start.judge()


def test_an_allocation_of_burungctl_fails():
    with Start() as start:
        for arguments in (["user", "list"], ["check"]):
            places = ask_ctl(start.server, arguments).places
            assert len(places) > 50
            for place in some(places, 24):
                done = ask_ctl(start.server, arguments, place)
                assert done.code in (0, 1) or done.says_why, f"{place:#x}: {done}"
