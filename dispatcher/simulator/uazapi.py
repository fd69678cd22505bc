"""uazapi as PROVIDERS.md 1 and the first seed describe it: mass sends, folders, look-ups, checks.

Direct sends are in `uazapi_direct`. One token is one instance; any token is known unless
`uazapi_tokens` names them. A message without `type` is accepted as zero, without an error, as on the
live server [1.2].
"""

import secrets
import time
from collections import OrderedDict
from typing import Any

from dispatcher.simulator import views
from dispatcher.simulator.folders import Folder, Message, Sending
from dispatcher.simulator.numbers import is_destination
from dispatcher.simulator.presets import DISCONNECTED, UNAUTHORIZED
from dispatcher.simulator.record import Job
from dispatcher.simulator.uazapi_requests import bad, body_of, check_message, delays, numbers_of, schedule, sender_of
from dispatcher.simulator.wire import Answer, Call, Refused, Route
from dispatcher.simulator.world import World

STATES = {"disconnected", "connecting", "connected", "hibernated"}


class Uazapi:
    def __init__(self, world: World) -> None:
        self.world = world
        self.sending = Sending(world)
        self.folders: OrderedDict[str, Folder] = OrderedDict()
        self.states: dict[str, str] = {}
        world.on_forget.append(self.forget)

    def forget(self) -> None:
        """All folders, and with them what still waits to be sent; all lines are up again."""
        for folder in self.folders.values():
            folder.waiting.clear()
        self.folders.clear()
        self.states.clear()

    def routes(self) -> dict[tuple[str, str], Route]:
        route, send = self.route, self.send_route
        return {
            ("POST", "/sender/advanced"): send(self.advanced),
            ("POST", "/sender/simple"): send(self.simple),
            ("POST", "/sender/edit"): route(self.edit),
            ("POST", "/sender/cleardone"): route(self.clear_done),
            ("DELETE", "/sender/clearall"): route(self.clear_all),
            ("GET", "/sender/listfolders"): route(self.list_folders),
            ("POST", "/sender/listmessages"): route(self.list_messages),
            ("POST", "/chat/check"): route(self.chat_check),
            ("GET", "/instance/status"): route(self.instance_status),
            ("GET", "/instance/wa_messages_limits"): route(self.limits),
        }

    def route(self, handler: Any, sends: bool = False) -> Route:
        return Route("uazapi", handler, sender_of, numbers_of, sends)

    def send_route(self, handler: Any) -> Route:
        return self.route(handler, sends=True)

    def receipt(self, delivery: int, state: str) -> None:
        """Counts a receipt on the delivery's folder."""
        folder = self.folders.get(self.world.record.job(delivery).folder)
        if folder is not None:
            folder.delivered += state == "Delivered"
            folder.read += state == "Read"

    # ------------------------------------------------------------------ who calls

    def token(self, call: Call) -> str:
        """The instance; the raw header only [1.1]."""
        known = self.world.settings.uazapi_tokens
        if not call.sender or (known and call.sender not in known):
            raise Refused(UNAUTHORIZED["uazapi"])
        return call.sender

    def connected(self, call: Call) -> str:
        """The instance, when its line is up [1.6]."""
        token = self.token(call)
        if self.state(call) != "connected":
            raise Refused(DISCONNECTED)
        return token

    def state(self, call: Call) -> str:
        if self.world.faults.is_disconnected(call):
            return "disconnected"
        return self.states.get(call.sender, "connected")

    # ------------------------------------------------------------------ mass sends [1.2]

    def advanced(self, call: Call) -> Answer:
        self.connected(call)
        body = body_of(call)
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise bad("messages is required")
        for message in messages:
            check_message(message)
        return self._accept(call, body, messages, str(body.get("info", "")))

    def simple(self, call: Call) -> Answer:
        self.connected(call)
        body = body_of(call)
        for name in ("numbers", "type", "delayMin", "delayMax", "scheduled_for"):
            if name not in body:
                raise bad(f"{name} is required")
        numbers = body["numbers"]
        if not isinstance(numbers, list) or not numbers:
            raise bad("numbers is required")
        if body["delayMin"] == 0 or body["delayMax"] == 0:
            raise bad("delayMin and delayMax must be at least 1")
        about = {"numbers", "delayMin", "delayMax", "scheduled_for", "folder", "info", "delay", "mentions"}
        content = {k: v for k, v in body.items() if k not in about}
        messages = [{"number": number, **content} for number in numbers]
        for message in messages:
            check_message(message)
        return self._accept(call, body, messages, str(body.get("info") or body.get("folder", "")))

    def _accept(self, call: Call, body: Message, messages: list[Message], marker: str) -> Answer:
        least, most = delays(body)
        scheduled_ms = schedule(body.get("scheduled_for"))
        taken = [m for m in messages if m.get("type")]
        if call.refuses is not None:
            taken = [m for i, m in enumerate(taken) if call.refuses(i, m["number"]) is None]
        job = Job(marker, folder=f"r{secrets.token_hex(7)}")
        folder = Folder(call, job, least, most, int(time.time() * 1000), scheduled_ms, total=len(taken))
        folder.waiting.extend(reversed(taken))
        self.folders[job.folder] = folder
        if len(self.folders) > self.world.settings.uazapi_keep_folders:
            self.folders.popitem(last=False)
        self.sending.start(folder)
        status = "scheduled" if folder.status == "scheduled" else "queued"
        return Answer(200, {"folder_id": job.folder, "count": len(taken), "status": status})

    # ------------------------------------------------------------------ folders [1.2, 1.4]

    def _folder(self, call: Call, body: Message) -> Folder:
        name = body.get("folder_id")
        if not isinstance(name, str) or not name:
            raise bad("folder_id is required")
        folder = self.folders.get(name)
        if folder is None or folder.call.sender != call.sender:
            raise bad("Folder not found", 404)
        return folder

    def edit(self, call: Call) -> Answer:
        self.token(call)
        body = body_of(call)
        folder = self._folder(call, body)
        action = body.get("action")
        if action == "stop":
            if folder.waiting:
                folder.status = "paused"
            return Answer(200, {"status": "paused"})
        if action == "continue":
            self.sending.resume(folder)
            return Answer(200, {"status": "scheduled", "message": "Folder resumed successfully"})
        if action == "delete":
            folder.waiting.clear()
            self.folders.pop(folder.job.folder, None)
            return Answer(200, {"status": "deleting", "message": "Folder deletion has been initiated"})
        raise bad("action must be stop, continue or delete")

    def _mine(self, token: str) -> list[Folder]:
        return [folder for folder in self.folders.values() if folder.call.sender == token]

    def list_folders(self, call: Call) -> Answer:
        return Answer(200, [folder.as_dict() for folder in self._mine(self.token(call))])

    def list_messages(self, call: Call) -> Answer:
        self.token(call)
        body = body_of(call)
        folder = self._folder(call, body)
        page, size = body.get("page", 1), body.get("pageSize", 1000)
        if type(page) is not int or type(size) is not int or page < 1 or not 1 <= size <= 1000:
            raise bad("page and pageSize (1 to 1000) must be integers")
        found = self._messages_of(folder)
        wanted = body.get("messageStatus")
        if wanted:
            found = [m for m in found if m["status"] == wanted]
        part = found[(page - 1) * size : page * size]
        pages = {"total": len(found), "page": page, "pageSize": size, "lastPage": -(-len(found) // size) or 1}
        return Answer(200, {"messages": part, "pagination": pages})

    def _messages_of(self, folder: Folder) -> list[Message]:
        record, jid = self.world.record, self.world.jid
        sent = [self.message(i) for i in folder.sent if record.holds(i)]
        failed = [{"chatid": jid(m["number"]), "status": "Failed", "error": error} for m, error in folder.failed]
        waiting = [{"chatid": jid(m["number"]), "status": "Scheduled"} for m in reversed(folder.waiting)]
        return [*sent, *failed, *waiting]

    def message(self, delivery: int) -> Message:
        """A message object [1.4]."""
        one = views.delivery(self.world.record, delivery)
        content, job = one["content"], self.world.record.job(delivery)
        return {
            "id": f"{one['sender']}:{one['message_id']}",
            "messageid": one["message_id"],
            "chatid": self.world.jid(one["number"]),
            "fromMe": True,
            "isGroup": one["number"].endswith("@g.us"),
            "messageType": content.get("type", "text"),
            "messageTimestamp": int(one["delivered"]),
            "status": "Sent",
            "text": content.get("text", ""),
            "content": content,
            "wasSentByApi": True,
            "owner": one["sender"],
            "send_folder_id": job.folder,
            "track_source": job.source,
            "track_id": "" if job.folder else job.marker,
        }

    def clear_done(self, call: Call) -> Answer:
        """Works without a body, as real clients call it [7]."""
        for folder in self._mine(self.token(call)):
            if folder.status == "done":
                del self.folders[folder.job.folder]
        return Answer(200, {"status": "cleanup started"})

    def clear_all(self, call: Call) -> Answer:
        mine = self._mine(self.token(call))
        for folder in mine:
            folder.waiting.clear()
            del self.folders[folder.job.folder]
        messages = sum(folder.total for folder in mine)
        done = {"status": "processed", "messages_deleted": messages, "folders_deleted": len(mine)}
        return Answer(200, done)

    # ------------------------------------------------------------------ checks [1.5]

    def chat_check(self, call: Call) -> Answer:
        self.token(call)
        if self.state(call) != "connected":
            raise bad("WhatsApp client is not connected", 500)
        numbers = body_of(call).get("numbers")
        if not isinstance(numbers, list) or not numbers:
            raise bad("Missing numbers in payload")
        return Answer(200, [self._checked(str(number)) for number in numbers])

    def _checked(self, number: str) -> Message:
        found = is_destination(number) and not self.world.absent(number)
        address = self.world.jid(number) if found else ""
        return {
            "query": number,
            "jid": address,
            "lid": "",
            "isInWhatsapp": found,
            "verifiedName": "",
            "error": "",
        }

    def instance_status(self, call: Call) -> Answer:
        token, state = self.token(call), self.state(call)
        is_up = state == "connected"
        status = {"connected": is_up, "loggedIn": is_up, "jid": f"{token}@s.whatsapp.net" if is_up else None}
        return Answer(200, {"instance": {"status": state, "name": token}, "status": status})

    def limits(self, call: Call) -> Answer:
        self.token(call)
        return Answer(200, {"can_send_new_messages": True, "error_key": "", "reachout_timelock": {"active": False}})
