"""What is written down during a test: what clients sent, what they were told, what is stored."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """One event of a room's log, the same whether told live, by a page or read from the store."""

    room: str
    seq: int
    no: int
    kind: str
    sender: str
    cid: str
    body: object
    at: int
    reply: int | None = None

    @classmethod
    def of(cls, frame: dict) -> "Event":
        return cls(
            frame["room"],
            frame["seq"],
            frame["no"],
            frame["ev"],
            frame["from"],
            frame["cid"],
            frame.get("body"),
            frame["at"],
            frame.get("reply"),
        )


@dataclass
class Post:
    """A message somebody sent. `turn` counts the sender's messages to the room: their order."""

    room: str
    sender: str
    cid: str
    body: str
    turn: int
    acks: list[tuple[int, int, float]] = field(default_factory=list)  # seq, no, when
    refusal: str | None = None  # an error that will not pass

    @property
    def acked(self) -> bool:
        return bool(self.acks)


@dataclass
class Stream:
    """What one connection was told of one room: every event after `base`, in the order heard."""

    room: str
    base: int
    events: list[Event] = field(default_factory=list)

    @property
    def last(self) -> int:
        return self.events[-1].seq if self.events else self.base


@dataclass
class Device:
    """All that one client saw: one stream for each room and connection. `log` is what its
    screen would show in the end: streams and pages of history put together."""

    name: str
    user: str
    streams: list[Stream] = field(default_factory=list)
    log: dict[str, dict[int, Event]] = field(default_factory=dict)
    oddities: list[str] = field(default_factory=list)  # broken promises it noticed itself
    member_of: set[str] = field(default_factory=set)  # in the end
    filled: set[str] = field(default_factory=set)  # rooms whose log was read to the beginning


@dataclass
class Outage:
    """Something was killed, stopped or cut."""

    what: str
    at: float
    # for each client that lost its connection: seconds to its first ack, first delivery
    to_ack: list[float] = field(default_factory=list)
    to_delivery: list[float] = field(default_factory=list)
