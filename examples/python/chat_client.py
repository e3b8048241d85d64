"""A small chat client, written from docs/protocol.md and nothing else.

A `Client` is one device of a user: it logs in, keeps one WebSocket open, numbers and repeats its
sends, applies entries in order without holes, and reports how far it has come. What a real client
would keep on disk it keeps in `Storage`, which survives a reconnect.
"""

import asyncio
import contextlib
import json
import random
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

PROTOCOL_VERSION = 1
HEARTBEAT_S = 5
SILENCE_S = 15
INFLIGHT_MAX = 16


class Refused(Exception):
    """The server said no: its status and its own error code."""

    def __init__(self, status, code, detail):
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail


def request(server, method, path, token=None, body=None):
    """One HTTP request with a JSON body; the answer as JSON, `None` when it is empty."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(
        f"http://{server}{path}", data=data, headers=headers, method=method
    )
    try:
        with urllib.request.urlopen(call, timeout=30) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        answer = json.loads(error.read() or "{}")
        raise Refused(error.code, answer.get("error"), answer.get("detail")) from None
    return json.loads(text) if text else None


def sign_up(server, name, password):
    """Opens an account and gives its user id."""
    return request(server, "POST", "/v1/users", body={"name": name, "password": password})["user"]


@dataclass
class Channel:
    """What a device keeps of one channel."""

    cursor: int | None = None
    membership: int | None = None
    entries: list = field(default_factory=list)
    numbered_under: int | None = None
    last_client_id: int = 0
    # client_id -> body, for the membership they were sent under
    pending: dict = field(default_factory=dict)


@dataclass
class Storage:
    """What survives a lost connection; a real client writes it to disk before it sends."""

    channels: dict = field(default_factory=dict)

    def channel(self, name):
        return self.channels.setdefault(name, Channel())

    def cursors(self):
        known = self.channels.items()
        return {name: channel.cursor for name, channel in known if channel.cursor is not None}


class Client:
    """One device of one user."""

    def __init__(self, server, name, password):
        login = request(
            server, "POST", "/v1/login", body={"name": name, "password": password}
        )
        self.api, self.servers = server, login["servers"]
        self.user, self.device, self.token = login["user"], login["device"], login["token"]
        self.storage = Storage()
        self.ended = None
        self._socket = None
        self._unconfirmed = {}
        self._operations = {}
        self._changed = {}
        self._moved = asyncio.Condition()
        self._task = asyncio.create_task(self._run())

    def call(self, method, path, body=None):
        """An HTTP request as this device."""
        return request(self.api, method, path, self.token, body)

    async def send(self, channel, body):
        """Numbers a message, keeps it, and sends it; returns when it is accepted."""
        row = self.storage.channel(channel)
        membership = 0 if channel.startswith("direct-") else row.membership
        if membership is None:
            raise ValueError(f"not a member of {channel}")
        if row.numbered_under != membership:
            row.numbered_under, row.last_client_id = membership, 0
        while len(row.pending) >= INFLIGHT_MAX:
            await self._wait()
        row.last_client_id += 1
        number = row.last_client_id
        row.pending[number] = body
        await self._send_pending(channel, [number])
        while number in row.pending:
            await self._wait()

    async def change(self, channel, change):
        """Changes a group's membership; gives the place of the entry."""
        operation = self._operations.get(channel, 0) + 1
        self._operations[channel] = operation
        frame = {"type": "change", "channel": channel, "operation": operation, "change": change}
        while (channel, operation) not in self._changed:
            await self._write(frame)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wait(), 5)
        outcome = self._changed.pop((channel, operation))
        if "accepted" not in outcome:
            raise Refused(409, "refused", outcome["refused"])
        return outcome["accepted"]

    def texts(self, channel):
        """The messages of a channel that this device has, in order."""
        entries = self.storage.channel(channel).entries
        texts = (entry["content"] for entry in entries)
        return [text["text"] for text in texts if isinstance(text, dict) and "text" in text]

    async def until(self, condition, seconds=30):
        """Waits until `condition()` is true."""

        async def wait():
            while not condition():
                await self._wait()

        await asyncio.wait_for(wait(), seconds)

    async def close(self):
        """Ends the connection; the login stays."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self):
        attempt = 0
        while self.ended is None:
            server = self.servers[attempt % len(self.servers)]
            headers = {"authorization": f"Bearer {self.token}"}
            with contextlib.suppress(OSError, ConnectionClosed, InvalidStatus, TimeoutError):
                uri = f"ws://{server}/v1/session"
                async with connect(
                    uri, additional_headers=headers, compression=None, max_size=64 << 20
                ) as socket:
                    attempt = 0
                    await self._converse(socket)
            self._socket = None
            # Full jitter, so that many clients that lost one server do not come back together.
            await asyncio.sleep(random.uniform(0, min(30, 0.5 * 2**attempt)))
            attempt += 1

    async def _converse(self, socket):
        hello = {"type": "hello", "version": PROTOCOL_VERSION, "cursors": self.storage.cursors()}
        await socket.send(json.dumps(hello))
        self._socket = socket
        for name, row in self.storage.channels.items():
            await self._send_pending(name, sorted(row.pending))
        beating = asyncio.create_task(self._beat())
        try:
            while True:
                text = await asyncio.wait_for(socket.recv(), SILENCE_S)
                await self._take(json.loads(text))
        finally:
            beating.cancel()

    async def _beat(self):
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await self._write({"type": "heartbeat", "cursors": self._unconfirmed})
            for name, row in self.storage.channels.items():
                await self._send_pending(name, sorted(row.pending))

    async def _take(self, frame):
        match frame["type"]:
            case "entry":
                await self._take_entry(frame["entry"])
            case "page":
                await self._take_page(frame["ranges"])
            case "accepted":
                await self._take_accepted(frame)
            case "refused":
                self._take_refused(frame)
            case "changed":
                self._changed[frame["channel"], frame["operation"]] = frame["outcome"]
            case "alive":
                for name, place in frame["cursors"].items():
                    if self._unconfirmed.get(name, 0) <= place:
                        self._unconfirmed.pop(name, None)
            case "bye" if frame["reason"] == "unknown_device":
                self.ended = frame["reason"]
        async with self._moved:
            self._moved.notify_all()

    async def _take_entry(self, entry):
        cursor = self.storage.channel(entry["channel"]).cursor or 0
        if entry["message_id"] == cursor + 1:
            await self._apply(entry["channel"], [entry], entry["message_id"])
        elif entry["message_id"] > cursor + 1:
            await self._write({"type": "sync", "cursors": self.storage.cursors()})

    async def _take_page(self, ranges):
        for part in ranges:
            row = self.storage.channel(part["channel"])
            cursor = part["from"] if row.cursor is None else row.cursor
            if part["from"] > cursor:
                await self._write({"type": "sync", "cursors": self.storage.cursors()})
                return
            fresh = [entry for entry in part["entries"] if entry["message_id"] > cursor]
            await self._apply(part["channel"], fresh, max(cursor, part["to"]))
            row.membership = part["membership"]

    async def _take_accepted(self, frame):
        row, number = self.storage.channel(frame["channel"]), frame["client_id"]
        body = row.pending.pop(number, None)
        if body is not None and frame["message_id"] == (row.cursor or 0) + 1:
            entry = {
                "channel": frame["channel"],
                "message_id": frame["message_id"],
                "user": self.user,
                "device": self.device,
                "number": number,
                "accepted_at_ms": frame["accepted_at_ms"],
                "content": {"text": body},
            }
            await self._apply(frame["channel"], [entry], frame["message_id"])

    def _take_refused(self, frame):
        # Busy, unavailable and gap pass: the next heartbeat sends again, in order.
        reason = frame["reason"]
        waits = reason in ("busy", "unavailable") or (isinstance(reason, dict) and "gap" in reason)
        if not waits:
            self.storage.channel(frame["channel"]).pending.pop(frame["client_id"], None)

    async def _apply(self, name, entries, cursor):
        row = self.storage.channel(name)
        for entry in entries:
            row.entries.append(entry)
            if entry["device"] == self.device and entry["content"].__class__ is dict:
                row.pending.pop(entry["number"] if "text" in entry["content"] else None, None)
            row.membership = self._membership_after(row.membership, entry)
        row.cursor = cursor
        self._unconfirmed[name] = cursor
        await self._write({"type": "cursor", "cursors": {name: cursor}})

    def _membership_after(self, membership, entry):
        match entry["content"]:
            case {"created": users} | {"invited": users} if self.user in users:
                return entry["message_id"]
            case "joined" if entry["user"] == self.user:
                return entry["message_id"]
            case "left" if entry["user"] == self.user:
                return None
            case {"removed": user} if user == self.user:
                return None
        return membership

    async def _send_pending(self, name, numbers):
        row = self.storage.channel(name)
        for number in numbers:
            if number in row.pending:
                frame = {
                    "type": "send",
                    "channel": name,
                    "membership": row.numbered_under,
                    "client_id": number,
                    "oldest_pending": min(row.pending),
                    "body": row.pending[number],
                }
                await self._write(frame)

    async def _write(self, frame):
        # Without a connection the frame is not needed: `hello` and the pending sends say it all.
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(json.dumps(frame))

    async def _wait(self):
        async with self._moved:
            await self._moved.wait()
