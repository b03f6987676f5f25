"""For the kill harness: people who log in on a second device, change their shown name there and
end that device's session from the first, while everything is killed. What was answered must
hold: a session that was ended opens nothing any more and its device is told so."""

import asyncio
import http.client
import random
from collections import Counter
from dataclasses import replace

from burung.api import Api, Refused
from burung.checker import Report
from burung.client import PASSING, Client, Disconnected
from burung.server import PASSWORD, Server

NOT_TOLD = "device was not told that its session is over"
STILL_OPEN = "session that was ended still opens the door"
NAME_LOST = "shown name that was acked is not the stored one"

AWAY = (OSError, http.client.HTTPException, ValueError)  # the server, for the moment
SESSION_OVER = 4401
PATIENCE_S = 120  # longer than a store may be away


class Logins:
    def __init__(self, server: Server, clients: list[Client], rate: float, rng: random.Random):
        self.server = server
        self.clients = clients
        self.rate = rate  # second devices a second
        self.random = rng
        self.done: Counter[str] = Counter()
        self.breaches: list[tuple[str, str]] = []
        self.shown: dict[str, str] = {}  # the last acked name of each user
        self.stopping = False

    def start(self) -> asyncio.Task:
        return asyncio.create_task(self.stir())

    async def stir(self) -> None:
        while not self.stopping:
            await asyncio.sleep(self.random.expovariate(self.rate))
            await self.come_and_go(self.random.choice(self.clients))

    async def come_and_go(self, first: Client) -> None:
        login = {"name": first.account.name, "password": PASSWORD, "token": True}
        token = (await self.http(None, "login", **login))["token"]
        sessions = (await self.http(token, "sessions"))["sessions"]
        session = next(one["id"] for one in sessions if one.get("this"))
        account = replace(first.account, token=token, api=Api(self.server.port, token))
        second = Client(self.server.port, account, patience=first.patience, remember=False)
        second.keep()
        try:
            await second.until(lambda: second.up, "second device connected", PATIENCE_S)
            name = f"{first.account.name} {self.done['profile']}"
            await self.ask(second, "profile", display=name)
            self.shown[first.account.id] = name
            await self.ask(first, "session_revoke", session=session)
            await self.is_over(second, token, session)
        finally:
            await second.close()

    async def is_over(self, second: Client, token: str, session: str) -> None:
        refused = await self.http(token, "me")
        if refused.get("code") != "unauthorized":
            self.breaches.append((STILL_OPEN, session))
        told = lambda: any(code == SESSION_OVER for code, _ in second.closes)  # noqa: E731
        for _ in range(600):
            if told():
                return
            await asyncio.sleep(0.05)
        self.breaches.append((NOT_TOLD, f"{session}: {second.closes}"))

    async def http(self, token: str | None, op: str, /, **fields) -> dict:
        """The answer, or the error, however often it takes."""
        api = Api(self.server.port, token)
        while True:
            try:
                return await asyncio.to_thread(api.call, op, **fields)
            except Refused as refused:
                if refused.code not in PASSING:
                    return {"code": refused.code}
            except AWAY:
                await asyncio.sleep(0.1)

    async def ask(self, who: Client, op: str, **fields) -> None:
        """Until the answer is known. These commands may be repeated as they are."""
        while True:
            try:
                await who.until(lambda: who.up, "connected", PATIENCE_S)
                await who.ask(op, **fields)
            except Disconnected:
                continue
            except Refused as refused:
                if refused.code not in PASSING:
                    raise
                await asyncio.sleep(min((refused.retry_ms or 100) / 1000, 1))
                continue
            self.done[op] += 1
            return

    async def finish(self, task: asyncio.Task) -> None:
        self.stopping = True
        async with asyncio.timeout(180):
            await task
        for client in self.clients:
            shown = self.shown.get(client.account.id)
            if shown is None:
                continue
            me = await self.http(client.account.token, "me")
            if me["user"]["display"] != shown:
                self.breaches.append((NAME_LOST, f"{shown}: {me['user']}"))

    def check(self, report: Report) -> None:
        for breach, example in self.breaches:
            report.add(breach, example)
        report.counts["sessions ended"] = self.done["session_revoke"]
