"""Hosts that share a MongoDB and a Redis: each hears the others or does not start, and what
happens on one is seen on all."""

import asyncio
import hashlib
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from burung import Client, Server, mongo, redis
from burung.api import Api, http_request
from burung.ctl import Ctl
from burung.load import within
from burung.prometheus import parse
from burung.redis import Line, Redis
from burung.scene import direct, group, members, say
from burung.server import PASSWORD, free_port, send_signal, wait_for

JUDGED_S = 4  # in which a host must show no sign of life in the store to be dead
GRACE_S = 3  # for somebody whose connection is gone to come back

pytestmark = [
    pytest.mark.skipif(mongo.find() is None, reason="there is no MongoDB"),
    pytest.mark.skipif(redis.missing(), reason="redis-server is not installed"),
]


@pytest.fixture(scope="module")
def bus():
    with Redis() as one:
        yield one


def store_of(what: str) -> str:
    """A database for this purpose, in this run of the tests."""
    tag = hashlib.sha256(f"{what} {time.time()}".encode()).hexdigest()[:16]
    return mongo.shared().uri(f"h_{tag}")


@pytest.fixture
def make_host(make_server, request):
    """Makes servers on one store."""
    store = store_of(request.node.nodeid)
    return lambda **conf: make_server(**{"store": store, **conf})


def user_on(server: Server, account):
    """The same account, asked for at another host."""
    return Api(server.port, account.token)


@asynccontextmanager
async def at(server: Server, account):
    """A device at that host; it noticed no broken promise."""
    client = Client(server.port, account)
    try:
        yield await client.open()
        assert not client.device.oddities, client.device.oddities
    finally:
        await client.close()


async def meanwhile(blocking, *arguments):
    """Devices go on while something blocks."""
    return await asyncio.to_thread(blocking, *arguments)


async def until_ended(device: Client) -> None:
    code, _ = await device.closed()
    assert code == 4401


def readiness(server: Server) -> tuple[int, str]:
    answer = http_request(server.port, "GET", "/readyz", timeout=5)
    return answer.status, answer.body.decode()


def refuses(server: Server, why: str) -> bool:
    """In one answer: each worker knows by itself, and the next to be asked may not know yet."""
    status, text = readiness(server)
    return status == 503 and why in text


def stopped_children(server: Server) -> list[int]:
    master = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    children = [int(pid) for pid in master.read_text().split()]
    return [pid for pid in children if Path(f"/proc/{pid}/stat").read_text().split()[2] == "T"]


def hosts_of(server: Server) -> list[dict]:
    return Ctl(server).ask("status")["hosts"]


# Starting


def test_hosts_on_a_store_without_accounts_print_one_setup_code_and_each_takes_it(make_host, bus):
    one = make_host(bus=bus.url)
    two = make_host(bus=bus.url)
    assert one.setup_code() == two.setup_code()
    account = Api(two.port).call(
        "register", name="ani", password=PASSWORD, token=True, setup=one.setup_code()
    )
    assert account["user"]["admin"] is True
    third = make_host(bus=bus.url)
    assert "setup code" not in third.log()


class Refusal:
    """What became of a second host on the store of a first one."""

    def __init__(self, first_bus: str, second_bus: str):
        store = store_of(f"{first_bus} {second_bus}")
        first = Server(store=store, bus=first_bus)
        second = Server(store=store, bus=second_bus)
        try:
            with first:
                second.start(ready=False)
                self.code = second.wait_exit(30)
                self.said = second.log().splitlines()[-1]
                self.first_ready = readiness(first)
                self.first_log = first.log()
            second.assert_clean()
        finally:
            second.destroy()


@pytest.fixture(scope="module")
def refusals(bus):
    """Three of them at once, since each takes its time."""
    with Redis() as other, ThreadPoolExecutor(3) as pool:
        both = f"127.0.0.1:{bus.port},127.0.0.1:{other.port}"
        turned = f"127.0.0.1:{other.port},127.0.0.1:{bus.port}"
        pairs = {
            "local": ("local", "local"),
            "another": (bus.url, other.url),
            "order": (f"redis://{both}", f"redis://{turned}"),
        }
        begun = {name: pool.submit(Refusal, *pair) for name, pair in pairs.items()}
        return {name: one.result() for name, one in begun.items()}


def test_second_host_with_the_local_bus_is_refused_by_name_and_reason(refusals):
    assert refusals["local"].code == 1
    assert "local reaches this host only" in refusals["local"].said
    assert f"{socket.gethostname()} (local)" in refusals["local"].said


def test_host_on_another_redis_is_refused_and_the_first_goes_on(refusals, bus):
    refused = refusals["another"]
    assert refused.code == 1
    assert "not heard" in refused.said
    assert f"redis 127.0.0.1:{bus.port}" in refused.said
    assert refused.first_ready == (200, "ok\n")
    assert "not heard" not in refused.first_log


def test_host_with_the_redis_servers_in_another_order_is_refused(refusals):
    assert refusals["order"].code == 1
    assert "not heard" in refusals["order"].said


def start_together(*servers: Server) -> list[bool]:
    """Which of them serve."""

    def start(one: Server) -> bool:
        one.start(ready=False)
        wait_for("ready or refused", lambda: one.process.poll() is not None or one.is_ready(), 40)
        return one.process.poll() is None

    with ThreadPoolExecutor(len(servers)) as pool:
        return list(pool.map(start, servers))


def test_of_two_that_start_at_the_same_moment_and_do_not_hear_each_other_one_is_refused(
    make_host, bus
):
    with Redis() as other:
        pair = make_host(start=False, bus=bus.url), make_host(start=False, bus=other.url)
        serves = start_together(*pair)
        losers = [one for one, well in zip(pair, serves, strict=True) if not well]
        assert losers, "both serve"
        for loser in losers:
            assert loser.process.returncode == 1
            assert "not heard" in loser.log().splitlines()[-1]


def test_three_that_start_at_the_same_moment_all_serve(make_host, bus):
    hosts = [make_host(start=False, bus=bus.url) for _ in range(3)]
    assert start_together(*hosts) == [True] * 3
    wait_for("all know all", lambda: all(len(hosts_of(one)) == 3 for one in hosts))


def test_host_alone_starts_while_redis_is_away_and_says_so(make_host):
    away = Redis()
    host = make_host(start=False, bus=away.url)
    host.start(ready=False)
    wait_for("it serves", host.accepts)
    wait_for("it says so", lambda: refuses(host, "The bus is away: Redis 127.0.0.1"))
    with away:
        wait_for("ready", host.is_ready)


def test_host_that_was_stopped_leaves_and_one_that_was_killed_is_soon_forgotten(make_host, bus):
    first = make_host(bus=bus.url)
    began = time.monotonic()
    gone, killed = make_host(bus=bus.url), make_host(bus=bus.url)
    usual = (time.monotonic() - began) / 2
    assert gone.stop() == 0
    killed.kill()
    with within(
        JUDGED_S + usual + 2, waits=JUDGED_S
    ):  # a dead host holds up others until it is known to be dead
        make_host(bus=bus.url)
    wait_for("it is forgotten", lambda: len(hosts_of(first)) == 2)
    assert readiness(first) == (200, "ok\n")
    with within(usual + 2):
        killed.start()


def test_host_starts_though_the_store_goes_away_before_it_could_forget_a_dead_one(make_host, bus):
    dead, host = make_host(bus=bus.url), make_host(start=False, bus=bus.url)
    dead.kill()
    host.arm("join.asked", "stop")
    host.start(ready=False)
    (asking,) = wait_for("it has asked once", lambda: stopped_children(host))
    away = host.arm("mongo.nodes", "fail")
    send_signal(asking, signal.SIGCONT)
    host.wait_log("worker accepts", 20)
    away.unlink()
    host.wait_ready()
    wait_for("it knows of itself", lambda: hosts_of(host))


# Running


def test_host_that_is_cut_off_from_the_bus_raises_an_alarm_on_all_and_is_heard_again(
    make_host, bus
):
    first = make_host(bus=bus.url)
    with Line(bus.port) as line:
        second = make_host(bus=line.url, workers=1)
        with within(6, waits=3):  # without a heartbeat
            line.cut.set()
            wait_for("it knows", lambda: refuses(second, "The bus is away"))
        second.wait_log(r"bus server away .*no heartbeat came back for 3 seconds")
        wait_for("the other knows", lambda: refuses(first, "not heard"), 20)
        first.wait_log(r"error .*hosts are alive but not heard on the bus")
        assert "NOT HEARD" in Ctl(first).run("status").out
        ani = first.user("ani")
        budi = first.user("budi")
        room = direct(ani, budi)
        seq = say(ani, room)["seq"]
        page = user_on(second, budi).call("history", room=room, after=0)
        assert page["events"][-1]["seq"] == seq, "a store is enough for what was asked"
        line.mend()
        wait_for("both are ready", lambda: first.is_ready() and second.is_ready(), 20)
        first.wait_log(r"all hosts are heard on the bus again")


async def test_message_stored_while_the_bus_is_away_arrives_within_seconds(make_host):
    with Redis() as own:
        one, two = make_host(bus=own.url), make_host(bus=own.url)
        ani, budi = one.users("ani", "budi")
        room = direct(ani, budi)
        async with at(two, budi) as there:
            own.kill()
            for host in (one, two):
                away = lambda host=host: refuses(host, "away")  # noqa: E731
                await meanwhile(wait_for, "both know", away)
            with within(7, waits=5):  # until the store is asked
                seq = say(ani, room, "while nobody carries it")["seq"]
                await there.tells(room=room, seq=seq)
            own.start()
            await meanwhile(one.wait_ready)
            await meanwhile(two.wait_ready)
            with within(2):
                seq = say(ani, room, "carried again")["seq"]
                await there.tells(room=room, seq=seq)


def test_copy_of_a_data_folder_is_noticed(make_host, bus):
    first, second = make_host(bus=bus.url), make_host(start=False, bus=bus.url)
    (second.data / "host.id").write_text((first.data / "host.id").read_text())
    second.start(ready=False)
    first.wait_log(r"another burungd has this host's id", 20)
    wait_for("and told", lambda: refuses(first, "host's id"))


# Acting across


async def test_message_typing_and_membership_reach_another_host_within_a_second(make_host, bus):
    one, two = make_host(bus=bus.url), make_host(bus=bus.url)
    ani, budi, cici = one.users("ani", "budi", "cici")
    room = group(ani, budi)
    async with at(one, ani) as here, at(two, budi) as there, at(two, cici) as third:
        assert members(ani, room).keys() == {ani.id, budi.id}
        for n in range(20):
            with within(1):
                seq = say(ani, room, f"halo {n}")["seq"]
                await there.tells(room=room, seq=seq)
        with within(1):
            await here.call("typing", room=room)
            await there.tells(sig="typing", user=ani.id)
        with within(1):
            ani.api.call("add", room=room, user=cici.id)
            seq = say(ani, room, "welcome")["seq"]
            await third.tells(room=room, seq=seq)
        user_on(two, ani).call("remove", room=room, user=cici.id)
        assert cici.api.refusal("send", room=room, cid="0" * 32, body="?").code == "not_found"


async def test_session_revoked_on_one_host_ends_on_another_within_a_second(make_host, bus):
    one, two = make_host(bus=bus.url), make_host(bus=bus.url)
    ani = one.user("ani")
    other = one.api().call("login", name="ani", password=PASSWORD, token=True)
    async with at(two, ani) as device:
        (mine,) = [s for s in ani.api.call("sessions")["sessions"] if s.get("this")]
        with within(1):
            Api(one.port, other["token"]).call("session_revoke", session=mine["id"])
            await until_ended(device)
    assert user_on(two, ani).refusal("me").code == "unauthorized"


async def test_account_disabled_on_one_host_is_out_on_another_within_a_second(make_host, bus):
    one, two = make_host(bus=bus.url), make_host(bus=bus.url)
    one.user("root")
    ani = one.user("ani")
    async with at(two, ani) as device:
        with within(1):
            Ctl(one).ask("user", "disable", "ani")
            await until_ended(device)
    assert user_on(two, ani).refusal("me").code == "unauthorized"


async def test_coming_is_told_on_another_host_within_a_second_and_going_soon_after_the_grace(
    make_host, bus
):
    one, two = make_host(bus=bus.url), make_host(bus=bus.url)
    ani, budi = one.users("ani", "budi")
    direct(ani, budi)
    async with at(one, ani) as watcher:
        there = Client(two.port, budi)
        with within(1):
            await there.open()
            await watcher.tells(sig="presence", user=budi.id, online=True)
        began = time.monotonic()
        with within(GRACE_S + 2, waits=GRACE_S + 1.5):  # looked at once a second, told twice
            there.cut()
            await watcher.tells(sig="presence", user=budi.id, online=False)
        assert time.monotonic() - began > GRACE_S - 0.1, "it was not waited for a return"


async def test_users_of_a_dead_host_go_offline_and_are_told_within_30_seconds(make_host, bus):
    one, two = make_host(bus=bus.url), make_host(bus=bus.url)
    ani, budi = one.users("ani", "budi")
    direct(ani, budi)
    async with at(one, ani) as watcher, at(two, budi):
        await watcher.tells(sig="presence", user=budi.id, online=True)
        await meanwhile(two.kill)
        await watcher.tells(30, sig="presence", user=budi.id, online=False)
        (state,) = (await watcher.call("presence", users=[budi.id]))["users"]
        assert state["online"] is False


def test_metrics_and_status_show_bus_and_hosts(make_host, bus):
    metrics = free_port()
    one = make_host(bus=bus.url, metrics_listen=f"127.0.0.1:{metrics}")
    two = make_host(bus=bus.url)

    def shown(name: str) -> list[float]:
        text = http_request(metrics, "GET", "/metrics").body.decode()
        return parse(text)[name].values()

    wait_for("two hosts", lambda: shown("burung_hosts") == [2])
    wait_for("Redis", lambda: shown("burung_bus_servers_up") == [1, 1])
    assert shown("burung_bus_servers") == [1, 1]
    assert shown("burung_hosts_unheard") == [0, 0]
    mine, other = sorted(hosts_of(one), key=lambda host: not host["this"])
    assert mine["this"] and other["heard"] and other["live"] and other["serving"]
    assert mine["bus"] == other["bus"] == f"redis 127.0.0.1:{bus.port}"
    assert two.conf["bus"] not in one.log(), "passwords may be in there"
