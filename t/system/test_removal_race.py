"""A removal on one worker against pipelined sends on another: nothing of theirs is stored after
the leave, and nothing heard after it."""

import asyncio
import os
import random

from burung import Client, Refused, new_cid
from burung.scene import group, history, open_elsewhere

ROOMS = 8
ROUNDS = int(os.environ.get("RACE_ROUNDS", "6000")) // ROOMS
SENDS = 6


async def one_room(server, owner, target, room, member):
    """Rounds of removal and return in one room; owner and target are connected elsewhere."""
    stored: list[int] = []
    for turn in range(ROUNDS):
        asks = [
            target.ask("send", room=room, cid=new_cid(), body=f"{turn}.{n}") for n in range(SENDS)
        ]
        # At any point of the burst, from before its start to after its end.
        await asyncio.sleep(random.choice((0, 0, 0, 0.001, 0.003, 0.01)))
        await owner.call("remove", room=room, user=member.id)
        answers = await asyncio.gather(*asks, return_exceptions=True)
        refusals = [answer for answer in answers if isinstance(answer, Exception)]
        for refused in refusals:
            assert isinstance(refused, Refused), refused
            assert refused.code in ("not_found", "not_member"), refused
        taken = [answer["seq"] for answer in answers if isinstance(answer, dict)]
        assert taken == sorted(taken), "one sender's messages out of order"
        stored += taken
        behind = await owner.call("send", room=room, cid=new_cid(), body="behind their back")
        await owner.call("add", room=room, user=member.id)
        position = behind["seq"] + 1
        await target.until(
            lambda room=room, position=position: target.position.get(room, (0,))[0] >= position,
            f"heard the join {position} of {room}",
        )
    return stored


def check_room(room, events, member, acked, device):
    """Nothing between a leave and the next join is theirs, and none of it was heard."""
    inside, away, mine = False, set(), []
    for event in events:
        if event["ev"] == "join" and event["body"]["user"] == member.id:
            inside = True
        elif not inside:
            away.add(event["seq"])
        if event["from"] == member.id and event["ev"] == "message":
            assert inside, f"stored after the removal: {event}"
            mine.append(event["seq"])
        if event["ev"] == "leave" and event["body"]["user"] == member.id:
            inside = False
    assert mine == acked, "acked and stored differ"
    heard = {
        event.seq for stream in device.streams if stream.room == room for event in stream.events
    }
    assert not heard & away, "heard what was said behind their back"
    return len(away)


async def test_removal_wins_against_pipelined_sends_on_another_worker(make_server):
    server = make_server(workers=2, log_level="warn")
    people = server.users("owner", "target")
    rooms = [group(*people, label=f"room {n}") for n in range(ROOMS)]
    owner, target = (Client(server.port, person) for person in people)
    await owner.open()
    await open_elsewhere(server, target, than=server.worker_of(owner.local_port))
    acked = await asyncio.gather(
        *(one_room(server, owner, target, room, people[1]) for room in rooms)
    )
    assert not target.device.oddities, target.device.oddities[:5]
    assert not owner.device.oddities, owner.device.oddities[:5]
    refused = sum(ROUNDS * SENDS - len(seqs) for seqs in acked)
    for room, seqs in zip(rooms, acked, strict=True):
        away = check_room(room, history(people[0], room), people[1], seqs, target.device)
        assert away >= ROUNDS, "no messages were sent behind their back"
    total = ROUNDS * ROOMS
    print(f"{total} removals, {sum(map(len, acked))} sends stored, {refused} refused")
    assert refused > total / 10, "the removals never met a burst"
    assert any(acked), "no send ever won"
    await owner.close()
    await target.close()


async def test_member_who_leaves_stores_nothing_after_it(make_server):
    """The same with one's own leave, pipelined in the middle of one's sends."""
    server = make_server(workers=2, log_level="warn")
    owner, member = server.users("owner", "member")
    room = group(owner, kind="public")
    device = Client(server.port, member)
    await device.open()
    for _ in range(100):
        await device.call("join", room=room)
        before = [device.ask("send", room=room, cid=new_cid(), body="a") for _ in range(3)]
        leave = device.ask("leave", room=room)
        after = [device.ask("send", room=room, cid=new_cid(), body="b") for _ in range(3)]
        await asyncio.gather(*before, leave, *after, return_exceptions=True)
    inside = False
    for event in history(owner, room):
        if event["ev"] in ("join", "leave") and event["body"]["user"] == member.id:
            inside = event["ev"] == "join"
        if event["ev"] == "message":
            assert inside, event
    await device.close()
