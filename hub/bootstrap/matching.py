"""Matching on this hub: training, and the models in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.services.match_explain import MatchExplain
from hub.services.match_models import MatchModels
from hub.services.match_report import MatchReporting
from hub.services.renewal import Renewal
from hub.services.resolving.rules import compile_rules
from hub.services.training import Training

if TYPE_CHECKING:
    from golden_records.domain.catalogue import Catalogue
    from hub.bootstrap.opening import Hub


def models(hub: Hub) -> MatchModels:
    """Return the service that brings models into force."""
    return MatchModels(hub.work, hub.catalogue)


def training(hub: Hub) -> Training:
    """Return the service that learns models."""
    return Training(hub.work, hub.catalogue, compile_rules(hub.catalogue), models(hub))


def explaining(hub: Hub) -> MatchExplain:
    """Return the service that explains pairs and golden records."""
    return MatchExplain(hub.work, hub.catalogue)


def renewal(hub: Hub) -> Renewal:
    """Return the service that renews term frequencies."""
    return Renewal(hub.work, hub.catalogue, models(hub))


def reporting(hub: Hub, catalogue: Catalogue) -> MatchReporting:
    """Return the service that reports on matching under this policy."""
    return MatchReporting(hub.work, catalogue, hub.clock)
