"""The regions that the tenancy is subscribed to, and the one operation of Identity that lists them.

https://docs.oracle.com/iaas/Content/Identity/regions/managingregions.htm
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from infra.emulator.control_plane import answer, refuse_the_rest, region_of
from infra.emulator.identity import Identity
from infra.emulator.wire import not_found

VERSION = "20160918"

_KEYS = {
    "af-casablanca-1": "LEJ",
    "af-johannesburg-1": "JNB",
    "ap-batam-1": "HSG",
    "ap-chuncheon-1": "YNY",
    "ap-delhi-1": "ONM",
    "ap-hyderabad-1": "HYD",
    "ap-kulai-2": "JBP",
    "ap-melbourne-1": "MEL",
    "ap-mumbai-1": "BOM",
    "ap-osaka-1": "KIX",
    "ap-seoul-1": "ICN",
    "ap-singapore-1": "SIN",
    "ap-singapore-2": "XSP",
    "ap-sydney-1": "SYD",
    "ap-tokyo-1": "NRT",
    "ca-montreal-1": "YUL",
    "ca-toronto-1": "YYZ",
    "eu-amsterdam-1": "AMS",
    "eu-frankfurt-1": "FRA",
    "eu-madrid-1": "MAD",
    "eu-madrid-3": "ORF",
    "eu-marseille-1": "MRS",
    "eu-milan-1": "LIN",
    "eu-paris-1": "CDG",
    "eu-stockholm-1": "ARN",
    "eu-turin-1": "NRQ",
    "eu-zurich-1": "ZRH",
    "il-jerusalem-1": "MTZ",
    "me-abudhabi-1": "AUH",
    "me-dubai-1": "DXB",
    "me-jeddah-1": "JED",
    "me-riyadh-1": "RUH",
    "mx-monterrey-1": "MTY",
    "mx-queretaro-1": "QRO",
    "sa-bogota-1": "BOG",
    "sa-santiago-1": "SCL",
    "sa-saopaulo-1": "GRU",
    "sa-valparaiso-1": "VAP",
    "sa-vinhedo-1": "VCP",
    "uk-cardiff-1": "CWL",
    "uk-london-1": "LHR",
    "us-ashburn-1": "IAD",
    "us-chicago-1": "ORD",
    "us-phoenix-1": "PHX",
    "us-saltlake-2": "AGA",
    "us-sanjose-1": "SJC",
}
"""Of the commercial realm, as OCI's SDKs know them; a region that OCI does not have has its name as its key."""


class RegionSubscriptions:
    """Which of the cloud's regions the tenancy may use: all, until told. The first is its home region, for good."""

    def __init__(self, regions: Sequence[str], identity: Identity) -> None:
        self.regions = tuple(regions)
        self._identity = identity
        self._left_out: set[str] = set()

    def __contains__(self, region: str) -> bool:
        return region in self.regions and region not in self._left_out

    def leaves_out(self, region: str) -> bool:
        """Whether the cloud has this region and the tenancy is not subscribed to it."""
        return region in self._left_out

    def subscribe(self, region: str) -> None:
        """Let the tenancy use a region of the cloud."""
        self._require(region)
        self._left_out.discard(region)

    def unsubscribe(self, region: str) -> None:
        """Let it be as if the tenancy had never subscribed to a region: OCI knows no way back from a subscription."""
        self._require(region)
        if region == self.regions[0]:
            raise ValueError(f"{region} is the home region of the tenancy.")
        self._left_out.add(region)

    def routes(self) -> list[BaseRoute]:
        """The routes of Identity, to be mounted where the host gives `region`."""
        path = f"/{VERSION}/tenancies/{{id}}/regionSubscriptions"
        return [Route(path, self._list, methods=["GET"]), refuse_the_rest(VERSION)]

    async def _list(self, request: Request) -> Response:
        region_of(request, self.regions)
        tenancy_id = str(request.path_params["id"])
        known = tenancy_id == self._identity.tenancy_id
        if not known or not self._identity.may(request.state.principal, "ListRegionSubscriptions", tenancy_id):
            raise not_found("Tenancy", tenancy_id)
        return answer(request, [self._show(region) for region in self.regions if region in self])

    def _show(self, region: str) -> dict[str, object]:
        return {
            "isHomeRegion": region == self.regions[0],
            "regionKey": _KEYS.get(region, region.upper()),
            "regionName": region,
            "status": "READY",
        }

    def _require(self, region: str) -> None:
        if region not in self.regions:
            raise ValueError(f"This cloud has no region {region}.")
