"""Files that providers fetch: a job's recipients as CSV, under a signed name that expires."""

from fastapi import APIRouter
from starlette.responses import Response

from dispatcher.ingress.door import Inside
from dispatcher.ingress.refusals import not_found, problem, speaking
from dispatcher.providers.leads_link import PATH

router = APIRouter(route_class=speaking(problem), tags=["assets"])


@router.get(PATH + "{name}", include_in_schema=False)
def leads(name: str, house: Inside) -> Response:
    """A row for each recipient; 404 for a name that we did not sign or that is over."""
    file = house.desk.house.leads_file(name)
    if file is None:
        raise not_found("file")
    return Response(file, media_type="text/csv; charset=utf-8", headers={"Cache-Control": "no-store"})
