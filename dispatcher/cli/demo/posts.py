"""What the demo sends: the seeds' payloads, each through its own dialect, with what has to arrive for it."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, NamedTuple

import httpx

from dispatcher.cli.demo.accounts import BOT, ORGANIZATION, Access

Json = dict[str, Any]


class Arrival(NamedTuple):
    """A message at its recipient: digits of the number, and the parts of its content that were asked for."""

    phone: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Post:
    """A campaign that was taken in: `answer` is the dialect's own, `expected` in the order of the payload."""

    title: str
    provider: str
    campaign: str
    answer: str
    expected: tuple[Arrival, ...] = field(repr=False)


class Refused(Exception):
    """A dialect did not answer as its document says."""


class Upstream:
    """An app that speaks all four dialects. `leads_url`: where Kinbox's file of leads is."""

    def __init__(self, web: str, access: Access, leads_url: str) -> None:
        self._http = httpx.Client(base_url=web, timeout=30, trust_env=False)
        self._access = access
        self._leads_url = leads_url

    def send_all(self) -> list[Post]:
        """Raises Refused, naming call and status."""
        with self._http:
            return [self._uazapi(), self._cpc(), self._kinbox(), *self._builder()]

    def _uazapi(self) -> Post:
        """The first seed to the letter: five types, 3 to 6 s apart, in one minute."""
        body = payload("uazapi.json")
        answer = self._post("/sender/advanced", body, 200, token=self._access.tokens["uazapi"])
        expected = [Arrival(one["number"], without(one, "number")) for one in body["messages"]]
        return _taken("uazapi /sender/advanced", "uazapi", answer, expected)

    def _cpc(self) -> Post:
        """The fourth seed to the letter."""
        body = payload("cpc.json")
        answer = self._post("/api/messages/massivocpc", body, 200, bearer=self._access.tokens["cpc"])
        expected = [Arrival(one["phone"], without(one, "phone", "idMessage")) for one in body["messages"]]
        return _taken("CPC massivocpc", "cpc", answer, expected)

    def _kinbox(self) -> Post:
        """The second seed with its placeholders filled: chunks of two, three seconds apart."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        dates = dict.fromkeys(("scheduledTo", "originalScheduledTo", "finishedAtPrediction"), now)
        body = payload("kinbox.json") | dates | {"leadsAssetUrl": self._leads_url}
        answer = self._post("/v3/campaigns", body, 201, bearer=self._access.tokens["kinbox"])
        return _taken("Kinbox /v3/campaigns", "kinbox", answer, kinbox_arrivals(body["message"]))

    def _builder(self) -> list[Post]:
        """The third seed: log in, then a campaign action and an acionamento."""
        login = {"user": self._access.account("builder"), "password": self._access.tokens["builder"]}
        token = self._post("/login", login, 200).json()["token"]
        action = payload("builder_campaign.json")
        answer = self._post(f"/{ORGANIZATION}/{BOT}/campaign", action, 201, bearer=token)
        rows = list(csv.DictReader(action["sheet_values"]))
        people = [Arrival(row["phone"], {"message": row["message"]}) for row in rows]
        one = payload("builder_acionamento.json")
        trigger = self._post("/acionamento", one, 200, bearer=token)
        called = [Arrival(one["json"]["phone"], {"message": one["json"]["message"]})]
        return [
            _taken("Builder campaign", "builder", answer, people),
            _taken("Builder acionamento", "builder", trigger, called),
        ]

    def _post(self, path: str, body: Json, expected: int, token: str = "", bearer: str = "") -> httpx.Response:
        headers = {"token": token} if token else {"Authorization": f"Bearer {bearer}"} if bearer else {}
        try:
            answer = self._http.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise Refused(f"POST {path}: {type(error).__name__}") from None
        if answer.status_code != expected:
            raise Refused(f"POST {path}: {answer.status_code} instead of {expected}: {answer.text[:300]}")
        return answer


def payload(name: str) -> Json:
    """A payload of the demo."""
    read: Json = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return read


def leads_file() -> bytes:
    return files(__package__).joinpath("leads.csv").read_bytes()


def leads() -> list[dict[str, str]]:
    return list(csv.DictReader(leads_file().decode().splitlines(), delimiter=";"))


def kinbox_arrivals(text: str) -> list[Arrival]:
    """The text filled for each lead by hand, as a second opinion on templates."""
    return [
        Arrival(
            lead["phone"],
            {
                "message": text.replace("{{name|cliente}}", lead["name"] or "cliente").replace(
                    "{{pedido}}", lead["pedido"]
                )
            },
        )
        for lead in leads()
    ]


def without(fields: Mapping[str, Any], *names: str) -> Json:
    return {name: value for name, value in fields.items() if name not in names}


def _taken(title: str, provider: str, answer: httpx.Response, expected: list[Arrival]) -> Post:
    campaign = answer.headers.get("X-Campaign-Id", "")
    if not campaign:
        raise Refused(f"{title}: no X-Campaign-Id in the answer")
    return Post(title, provider, campaign, f"{answer.status_code} {answer.text[:80]}", tuple(expected))
