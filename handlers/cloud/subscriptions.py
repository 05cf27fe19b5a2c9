"""Which regions the tenancy is subscribed to.

https://docs.oracle.com/iaas/api/#/en/identity/20160918/RegionSubscription/ListRegionSubscriptions
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from handlers.cloud.request import Request

if TYPE_CHECKING:
    from handlers.cloud.api import Api

PATH = "/tenancies/{id}/regionSubscriptions"


class TenancySubscriptions:
    """The port `Subscriptions`. `api` is asked for once there is something to ask."""

    def __init__(self, api: Callable[[], Api], tenancy_id: Callable[[], str]) -> None:
        self._api, self._tenancy_id = api, tenancy_id

    def __call__(self) -> frozenset[str]:
        """Without those that are still being set up, which nothing can be copied to."""
        request = Request("ListRegionSubscriptions", "GET", PATH, self._tenancy_id())
        return self._api().call(request, _ready)


def _ready(found: object, _: object) -> frozenset[str]:
    if not isinstance(found, list):
        raise TypeError("not a JSON array")
    return frozenset(str(each["regionName"]) for each in found if each["status"] == "READY")
