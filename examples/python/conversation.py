"""Two users, three devices, a friendship, a group: from sign-up to logout, against a real server.

    python conversation.py 127.0.0.1:7700

Exits with 0 when every device has what it should, and with an error that says what is missing
otherwise.
"""

import asyncio
import sys
import uuid

from chat_client import Client, Refused, request, sign_up


async def converse(server):
    suffix = uuid.uuid4().hex[:8]
    names = [f"ann-{suffix}", f"ben-{suffix}"]
    ann_user, ben_user = (sign_up(server, name, "correct horse") for name in names)

    # Ann has a phone and a tablet, Ben a phone.
    phone, tablet = (Client(server, names[0], "correct horse") for _ in range(2))
    ben = Client(server, names[1], "correct horse")
    devices = [phone, tablet, ben]

    assert phone.call("PUT", f"/v1/friends/{ben_user}") == {"state": "asked"}
    assert ben.call("PUT", f"/v1/friends/{ann_user}") == {"state": "friends"}
    assert phone.call("GET", "/v1/friends")["friends"] == [ben_user]

    direct = f"direct-{min(ann_user, ben_user)}-{max(ann_user, ben_user)}"
    await phone.send(direct, "Are you there?")
    await ben.send(direct, "I am")
    group = f"group-{ann_user}-1"
    await phone.change(group, {"create": [ben_user]})
    await ben.until(lambda: ben.storage.channel(group).membership is not None)
    await tablet.until(lambda: tablet.storage.channel(group).membership is not None)
    for number in range(5):
        await phone.send(group, f"from the phone {number}")
        await tablet.send(group, f"from the tablet {number}")
        await ben.send(group, f"from Ben {number}")

    for device in devices:
        await device.until(lambda: len(device.texts(group)) == 15)
        await device.until(lambda: len(device.texts(direct)) == 2)
    assert phone.texts(group) == tablet.texts(group) == ben.texts(group)

    # A device that comes later starts with the newest history.
    late = Client(server, names[1], "correct horse")
    await late.until(lambda: late.texts(group) == ben.texts(group))

    for device in [*devices, late]:
        device.call("POST", "/v1/logout")
        try:
            device.call("GET", "/v1/friends")
        except Refused as refused:
            assert refused.status == 401, refused
        else:
            raise AssertionError("a token that was logged out still works")
        await device.close()
    print(f"17 messages on 4 devices, in the same order: {phone.texts(group)[-1]!r} came last")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    request(sys.argv[1], "GET", "/v1/health")
    asyncio.run(converse(sys.argv[1]))
