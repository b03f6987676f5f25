"""What holds with the database in a file holds with a MongoDB: the tests of these files again.
All others run on it with BURUNG_TEST_STORE=mongo in the environment."""

# ruff: noqa: F403
import os

import pytest
from burung import mongo
from test_delivery import *
from test_messages import *
from test_removal_race import *
from test_rooms import *

# About queues of slow readers, and long: the store has no part in them.
del test_slow_reader_is_closed_resumes_without_loss_and_hurts_nobody  # noqa: F821
del test_device_that_never_reads_does_not_hold_its_memory_for_ever  # noqa: F821
del test_resume_larger_than_the_queue_is_paced_by_the_reader  # noqa: F821
# On a machine that is busy with other things, two workers that write to one self room all the
# time may wait so long for the stand-in that a command is refused with busy, which the test does
# not forgive. To be run by hand: BURUNG_TEST_STORE=mongo RACE_ROUNDS=800.
del test_removal_wins_against_pipelined_sends_on_another_worker  # noqa: F821

# Nobody is greeted while the database stands still.
del test_device_that_comes_while_the_store_is_away_is_told  # noqa: F821

# A database that stood still may have got what was answered busy, and stores it when it goes on.
del test_dropped_send_lets_the_later_ones_pass  # noqa: F821

pytestmark = pytest.mark.skipif(mongo.find() is None, reason="there is no MongoDB")


@pytest.fixture(scope="module", autouse=True)
def on_mongo():
    """Servers that are made meanwhile use it."""
    os.environ["BURUNG_TEST_STORE"] = "mongo"
    yield
    del os.environ["BURUNG_TEST_STORE"]


async def test_dropped_send_lets_the_later_ones_pass_and_comes_before_them_or_not_at_all(
    server, ani, room
):
    assert await after_a_drop(server, ani, room) in (["1"], ["0", "1"])  # noqa: F405
