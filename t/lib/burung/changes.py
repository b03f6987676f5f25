"""For the kill harness: people who rename rooms, add and remove each other, hand rooms over, mute
and archive, while everybody talks. A change whose answer was lost is asked again with its cid, as
of the event that was known at first: so a refusal holds for all its tries, and is checked so."""

import asyncio
import random
import time
from collections import Counter

from burung.api import Refused, new_cid
from burung.checker import Report, Store
from burung.client import PASSING, Client, Disconnected

REFUSED_STORED = "refused change is stored"

# Somebody else was quicker.
MAY_BE = ("conflict", "forbidden", "not_found", "not_member")
PATIENCE_S = 120  # longer than a store may be away


class Changes:
    """In each room the first two members own it in turns and so may always do everything but
    hand over; the next two are admins now and then; the others are removed and added."""

    def __init__(self, rooms: dict[str, list[Client]], rate: float, rng: random.Random):
        self.rooms = rooms
        self.rate = rate  # changes a second in each room
        self.random = rng
        self.done: Counter[str] = Counter()
        self.refused: list[tuple[str, str]] = []  # op and cid
        self.stopping = False

    def prepare(self) -> None:
        for room, members in self.rooms.items():
            deputy = members[1].account.id
            members[0].account.api.call("role", room=room, user=deputy, role="admin")

    def start(self) -> list[asyncio.Task]:
        return [asyncio.create_task(self.stir(*each)) for each in self.rooms.items()]

    async def stir(self, room: str, members: list[Client]) -> None:
        while not self.stopping:
            await asyncio.sleep(self.random.expovariate(self.rate))
            who, op, fields = self.choose(members)
            await self.change(who, op, room=room, **fields)

    def choose(self, members: list[Client]) -> tuple[Client, str, dict]:
        chance = self.random
        leader, other = chance.sample(members[:2], 2)
        anybody = chance.choice(members)
        guest = chance.choice(members[4:] or members[2:])
        number = chance.randrange(1 << 16)
        return chance.choice(
            [
                (leader, "rename", {"label": f"name {number}"}),
                (anybody, "rename", {"label": f"other {number}"}),
                (leader, "topic", {"topic": chance.choice(["", f"about {number}"])}),
                (leader, "visibility", {"kind": chance.choice(["public", "private"])}),
                (leader, "role", {"user": other.account.id, "role": "owner"}),
                (
                    leader,
                    "role",
                    {
                        "user": chance.choice(members[2:4]).account.id,
                        "role": chance.choice(["admin", "member"]),
                    },
                ),
                (leader, "remove", {"user": guest.account.id}),
                (leader, "add", {"user": guest.account.id}),
                (other, "add", {"user": guest.account.id}),
                (anybody, "mute", {"until": chance.choice([0, self.soon()])}),
                (anybody, "archive", {"on": chance.choice([True, False])}),
            ]
        )

    def soon(self) -> int:
        """Mutes that run out during the round, and others."""
        return int(time.time() * 1000) + self.random.choice((300, 3000, 3_600_000))

    async def change(self, who: Client, op: str, *, room: str, **fields) -> bool:
        """Until the answer is known: was it done?"""
        cid = new_cid()
        # Of a room that one was removed from, only that it was made.
        known, _ = who.position.get(room, (1, None))
        fields |= {"room": room, "known": known}
        while True:
            try:
                await who.until(lambda: who.up, "connected", PATIENCE_S)
                await who.ask(op, **fields, cid=cid)
            except Disconnected:
                continue
            except Refused as refused:
                if refused.code in PASSING:
                    await asyncio.sleep(min((refused.retry_ms or 100) / 1000, 1))
                    continue
                assert refused.code in MAY_BE, refused
                self.refused.append((op, cid))
                return False
            self.done[op] += 1
            return True

    async def finish(self, tasks: list[asyncio.Task]) -> None:
        """Ends the changes and brings everybody back in."""
        self.stopping = True
        async with asyncio.timeout(120):
            await asyncio.gather(*tasks)
        for room, members in self.rooms.items():
            for guest in members[2:]:
                await self.bring_back(members[0], room, guest.account.id)

    async def bring_back(self, who: Client, room: str, user: str) -> None:
        """Asked anew when somebody's change came between."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self.change(who, "add", room=room, user=user):
                await asyncio.sleep(0.1)

    def check(self, report: Report, store: Store) -> None:
        stored = {event.cid for events in store.values() for event in events}
        for op, cid in self.refused:
            if cid in stored:
                report.add(REFUSED_STORED, f"{op} {cid}")
        report.counts["changes done"] = sum(self.done.values())
        report.counts["changes refused"] = len(self.refused)
