"""Where a recipient's clock may stand, by the number: `recipient_night` asks for it.

A Brazilian area code (DDD) lies in one zone, except 97 (the west of Amazonas lives an hour earlier than its
east). Fernando de Noronha shares 81 with Recife and counts as Recife. For other countries the tables of
`phonenumbers` answer, with several zones where the number does not say more.
"""

from functools import lru_cache

from phonenumbers import NumberParseException, parse
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

_ELSEWHERE = {
    "America/Araguaina": "63",
    "America/Bahia": "71 73 74 75 77",
    "America/Belem": "91 93 94 96",
    "America/Boa_Vista": "95",
    "America/Campo_Grande": "67",
    "America/Cuiaba": "65 66",
    "America/Fortaleza": "83 84 85 86 88 89 98 99",
    "America/Maceio": "79 82",
    "America/Manaus": "92",
    "America/Porto_Velho": "69",
    "America/Recife": "81 87",
    "America/Rio_Branco": "68",
}
_BY_AREA = {
    "97": ("America/Manaus", "America/Eirunepe"),
    **{area: (zone,) for zone, areas in _ELSEWHERE.items() for area in areas.split()},
}


@lru_cache(maxsize=65_536)
def zones_of(key: str, otherwise: str = "America/Sao_Paulo") -> tuple[str, ...]:
    """Zones of a canonical number (digits); `otherwise` for a group, and where nothing is known."""
    if key.startswith("55"):
        return _BY_AREA.get(key[2:4], ("America/Sao_Paulo",))
    try:
        found = time_zones_for_number(parse(f"+{key}"))
    except NumberParseException:
        return (otherwise,)
    return (otherwise,) if UNKNOWN_TIMEZONE in found else tuple(found)
