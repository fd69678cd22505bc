"""The well-known bad answers by name: `{"kind": "preset", "name": "uazapi_463", "until": "…"}`.

Bodies as seen on live builds (PROVIDERS.md 1.5, 1.6, 2.2, 3, 4.2). A preset becomes a `status` rule;
whatever the rule says itself (status, body, headers, `retry_after_s`) wins. `{number}` and `{jid}` stand for
the call's first recipient.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher.simulator.wire import Answer

HTML = (("content-type", "text/html"),)
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


def _timelock(rule: dict[str, Any]) -> Answer:
    """WhatsApp refuses new conversations until a moment [1.6]."""
    until = rule.get("until") or (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    return Answer(
        500,
        {
            "error": "error sending message: server returned error 463",
            "provider_code": 463,
            "error_key": "WHATSAPP_REACHOUT_TIMELOCK",
            "error_source": "whatsapp_server",
            "message_ptbr": "O WhatsApp restringiu temporariamente novas conversas neste número.",
            "details": {"reachout_timelock": {"active": True, "until": until}},
            "diagnostics_endpoint": "/instance/wa_messages_limits",
        },
    )


def _locked(rule: dict[str, Any]) -> Answer:
    """All of a CPC call's recipients are locked; HTTP says 201 nevertheless [4.2]."""
    hours = float(rule.get("hours", 23.5))
    return cpc_error(cpc_locked_reason(hours))


def cpc_locked_reason(hours: float) -> str:
    return f"Cliente já recebeu mensagem há menos de 24h. Próximo envio permitido em {hours:.1f} horas"


def cpc_error(reason: str) -> Answer:
    errors = [{"phone": "{number}", "reason": reason}]
    return Answer(201, {"status": "error", "message": "Falha ao processar requisição", "errors": errors})


DISCONNECTED = Answer(503, {"error": True, "message": "WhatsApp disconnected: session is not reconnectable"})
UNAUTHORIZED = {
    "uazapi": Answer(401, {"error": "Token inválido ou ausente"}),
    "kinbox": Answer(401, {"statusCode": 401, "message": "Unauthorized"}),
    "builder": Answer(401, {"detail": "Could not validate credentials"}, (("www-authenticate", "Bearer"),)),
    "cpc": Answer(401, {"message": "Token de autenticação inválido", "error": "Unauthorized", "statusCode": 401}),
}
_PLAIN: dict[str, Answer] = {
    "uazapi_500": Answer(500, {"error": "Failed to send message"}),
    "uazapi_disconnected": DISCONNECTED,
    "uazapi_not_on_whatsapp": Answer(500, {"error": "the number {jid} is not on WhatsApp"}),
    "uazapi_group_gone": Answer(
        500, {"error": "error sending message after 2 attempts: failed to get group members: item-not-found"}
    ),
    "uazapi_400": Answer(400, {"error": "Formato de número inválido"}),
    "uazapi_401": UNAUTHORIZED["uazapi"],
    "uazapi_429": Answer(429, {"error": "Rate limit exceeded"}),
    "kinbox_400": Answer(400, {"statusCode": 400, "message": ["name should not be empty"], "error": "Bad Request"}),
    "kinbox_401": UNAUTHORIZED["kinbox"],
    "kinbox_429": Answer(429, {"statusCode": 429, "message": "ThrottlerException: Too Many Requests"}),
    "kinbox_500": Answer(500, {"statusCode": 500, "message": "Internal server error"}),
    "builder_401": UNAUTHORIZED["builder"],
    "builder_422": Answer(
        422, {"detail": [{"loc": ["body", "json"], "msg": "field required", "type": "value_error.missing"}]}
    ),
    "builder_500": Answer(500, "Internal Server Error", (("content-type", "text/plain"),)),
    "cpc_401": UNAUTHORIZED["cpc"],
    "cpc_404": Answer(404, {"message": "Tag 'emp1' não encontrada", "error": "Not Found", "statusCode": 404}),
    "cpc_429": Answer(429, {"statusCode": 429, "message": "ThrottlerException: Too Many Requests"}),
    "cpc_500": Answer(500, {"statusCode": 500, "message": "Internal server error"}),
    "cpc_invalid": cpc_error("Número inválido"),
    "cpc_blocked": cpc_error("Bloqueado por regra CPC"),
    "cpc_block_list": cpc_error("Número está na lista de bloqueio"),
    "cpc_no_line": cpc_error("Nenhuma linha disponível para o operador"),
    "cpc_line_down": cpc_error("Linha não disponível"),
    "proxy_502": Answer(502, BAD_GATEWAY, HTML),
    "proxy_503": Answer(503, BAD_GATEWAY.replace("502 Bad Gateway", "503 Service Unavailable"), HTML),
    "proxy_504": Answer(504, BAD_GATEWAY.replace("502 Bad Gateway", "504 Gateway Time-out"), HTML),
}
_MADE = {"uazapi_463": _timelock, "cpc_locked": _locked}
NAMES = sorted([*_PLAIN, *_MADE])


def preset(rule: dict[str, Any]) -> Answer:
    """The answer that a preset rule stands for; ValueError for an unknown name."""
    name = rule.get("name")
    if name in _MADE:
        return _MADE[name](rule)
    if name not in _PLAIN:
        raise ValueError(f"name: no such preset; there are {', '.join(NAMES)}")
    return _PLAIN[name]
