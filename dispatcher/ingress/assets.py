"""Files that providers fetch: a job's recipients as CSV, under a signed name that expires."""

import csv
import io
from collections.abc import Iterator, Sequence

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from dispatcher.ingress.desk import LeadRow
from dispatcher.ingress.door import Inside
from dispatcher.ingress.refusals import not_found, problem, speaking
from dispatcher.providers.leads_link import PATH, read_leads_name

_PHONE = "phone"
_ROWS_A_PIECE = 500

router = APIRouter(route_class=speaking(problem), tags=["assets"])


@router.get(PATH + "{name}", include_in_schema=False)
def leads(name: str, house: Inside) -> Response:
    """`phone,name,…columns`; 404 for a name that we did not sign or that is over."""
    link = read_leads_name(house.secrecy, name, house.desk.now_ms())
    rows = house.desk.house.leads(link.campaign, link.seq, link.size) if link else None
    if not rows:
        raise not_found("file")
    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _csv(rows: Sequence[LeadRow]) -> Iterator[str]:
    """`phone` is the number to dial, whatever a column of that name held before."""
    columns = {column: None for row in rows for column in row.fields if column.casefold() != _PHONE}
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_PHONE, *columns])
    for index, row in enumerate(rows, 1):
        writer.writerow([row.phone, *(row.fields.get(column, "") for column in columns)])
        if index % _ROWS_A_PIECE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
