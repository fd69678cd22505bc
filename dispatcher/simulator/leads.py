"""Kinbox' file of leads: fetched from the caller's URL, read as CSV, put into the text (PROVIDERS.md 2.2, 10)."""

import csv
import io
import re

import httpx

MOST_BYTES = 256 * 1024 * 1024
TIMEOUT_S = 30.0
_FIELD = re.compile(r"\{\{\s*([^{}|]+?)\s*\}\}")


class BadLeads(Exception):
    """The file cannot be had or read; the text says why."""


async def fetch(url: str) -> bytes:
    """The file behind a URL; redirects are not followed."""
    parts, size = [], 0
    try:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http,
            http.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                raise BadLeads(f"HTTP {response.status_code}")
            async for part in response.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    raise BadLeads("too large")
    except httpx.HTTPError as error:
        raise BadLeads(type(error).__name__) from error
    return b"".join(parts)


def read(data: bytes) -> list[dict[str, str]]:
    """UTF-8, commas, and a header with `phone` in it; a byte order mark is forgiven."""
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        if "phone" not in header:
            raise BadLeads("no column named phone")
        return [dict(zip(header, row, strict=True)) for row in reader if row]
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise BadLeads(str(error)) from error


def fill(text: str, lead: dict[str, str]) -> str:
    """`{{column}}` by the lead's own; what it lacks stays as it is, for the summary's `unfilled` to show."""
    return _FIELD.sub(lambda found: lead.get(found[1], found[0]), text)
